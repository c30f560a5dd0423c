// Package abstract is the protocol itself, without messages, times and bytes: a
// small transition system of masters that are elected for terms, one store that
// is fenced by the term, workers under leases, and jobs. Everything that may
// happen next is one of the [Rules]; what must never be is what [System.Check]
// looks for. Failover.tla beside it says the same to TLC, and the two count the
// same states.
//
// What is left out, and why that loses nothing: a write is one step, as between
// its sending and its commit nobody but its fence decides; messages to masters
// are read off the sender, as they may come at any time; a lease is a bit, which
// a guard reads where the real code waits it out.
package abstract

import "fmt"

// Sizes that a [State] has room for.
const (
	MaxMasters, MaxWorkers, MaxJobs, MaxAttempts = 3, 2, 2, 3
)

// A Mode is what a master is.
type Mode uint8

// The modes. Recovering leads, knows the store, and may not act yet; Suspended
// leads as far as it knows, and does not act.
const (
	Down Mode = iota
	Standby
	Recovering
	Alive
	Suspended
)

// A Phase is the state of a job's record in the store.
type Phase uint8

// The phases. The last four are final; Lost is Spark's ERROR.
const (
	Unknown Phase = iota
	Submitted
	Running
	Relaunching
	Finished
	Failed
	Killed
	Lost
)

// Final reports whether nothing follows p.
func (p Phase) Final() bool { return p >= Finished }

// String returns the phase as masters tell it.
func (p Phase) String() string {
	return [...]string{"unknown", "SUBMITTED", "RUNNING", "RELAUNCHING", "FINISHED", "FAILED", "KILLED", "ERROR"}[p]
}

// A Record is what the store holds of a job. The zero Record is none.
type Record struct {
	Phase   Phase
	Attempt uint8 // the last that was placed, from 1
	Worker  uint8 // that it was placed on, from 1
	Kill    bool  // it is to end
}

// A Decision is what one write makes of a record.
type Decision uint8

// The decisions. Lose: its worker was given up, or its lease was over before it
// ended. Adopt: the attempt that was taken for lost runs after all. Finish, Fail
// and Stop are ends that its worker reported.
const (
	Create Decision = iota + 1
	Place
	Kill
	Lose
	Adopt
	Finish
	Fail
	Stop
)

// String names the decision.
func (d Decision) String() string {
	return [...]string{"?", "create", "place", "kill", "lose", "adopt", "finish", "fail", "stop"}[d]
}

// Decisions lists them all.
func Decisions() []Decision { return []Decision{Create, Place, Kill, Lose, Adopt, Finish, Fail, Stop} }

// After is r after a decision; worker is where Place puts it, supervised whether
// the job runs again elsewhere. It reports false if r does not allow it.
func (r Record) After(d Decision, worker uint8, supervised bool) (Record, bool) {
	ran := r.Phase == Running || r.Phase == Relaunching
	waits := r.Phase == Submitted || r.Phase == Relaunching
	switch {
	case d == Create && r.Phase == Unknown:
		r.Phase = Submitted
	case d == Place && waits:
		r.Phase, r.Worker = Running, worker
		r.Attempt++
	case d == Kill && r.Phase == Running && !r.Kill:
		r.Kill = true
	case d == Kill && waits:
		r.Phase, r.Kill = Killed, true
	case d == Lose && r.Phase == Running && r.Kill:
		r.Phase = Killed
	case d == Lose && r.Phase == Running && supervised:
		r.Phase = Relaunching
	case d == Lose && r.Phase == Running:
		r.Phase = Lost
	case d == Adopt && r.Phase == Relaunching:
		r.Phase = Running
	case d == Finish && ran:
		r.Phase = Finished
	case d == Fail && ran && !supervised:
		r.Phase = Failed
	case d == Stop && ran && r.Kill:
		r.Phase = Killed
	default:
		return r, false
	}
	return r, true
}

// A Progress is how far one attempt got on its worker.
type Progress uint8

// Expired: it was ended because the worker's lease was over. Gone: it ended with
// its worker, and nobody reports it.
const (
	NotStarted Progress = iota
	Runs
	HasFinished
	HasFailed
	WasKilled
	Expired
	Gone
)

// A Run is one attempt.
type Run struct {
	Progress Progress
	Worker   uint8 // that it is for, 0 before it is placed
	Sent     uint8 // terms whose launch may still arrive, a bit each
}

// A Job is one job. What the store holds is its Record.
type Job struct {
	Record
	By         uint8 // term of the last write
	Ended      Phase // the first final phase
	Supervised bool
	Acked      bool // its submission was acknowledged
	Wished     bool // a client wants it killed
	KillAcked  bool
	Runs       [MaxAttempts]Run
}

// A Master is one of those that may lead.
type Master struct {
	Mode  Mode
	Reign uint8 // its term, 0 without
}

// A Worker runs jobs.
type Worker struct {
	Up    bool
	Cut   bool  // nothing gets through between it and the masters
	Lease bool  // a master answered it lately
	Entry bool  // the store knows it
	Fresh uint8 // the term in which it was entered, until it heard of that
	Seen  uint8 // the highest term that it heard of
}

// A State is everything at one moment. Masters, workers and jobs count from 0
// here, and from 1 where 0 is nobody.
type State struct {
	Term    uint8 // of the term znode
	Owner   uint8 // whose latch znode is the first
	Late    bool  // a write of an older term was accepted
	Stale   bool  // a worker obeyed an older term than it had seen
	Left    Budget
	Masters [MaxMasters]Master
	Workers [MaxWorkers]Worker
	Jobs    [MaxJobs]Job
}

// A Budget is how often something may go wrong.
type Budget struct {
	Crashes  uint8 // of masters and workers
	Expiries uint8 // of sessions of masters that run
	Cuts     uint8 // of a worker from all masters
}

// A System is the protocol at one size.
type System struct {
	Masters, Workers, Jobs, Attempts int
	Budget                           Budget
	Broken                           Mistake // for tests: a safeguard left out
}

// Initial is every state in which it may begin: each job may be supervised or not.
func (y *System) Initial() []State {
	var out []State
	for kinds := range 1 << y.Jobs {
		s := State{Left: y.Budget}
		for m := range y.Masters {
			s.Masters[m].Mode = Standby
		}
		for w := range y.Workers {
			s.Workers[w].Up = true
		}
		for j := range y.Jobs {
			s.Jobs[j].Supervised = kinds>>j&1 == 1
		}
		out = append(out, s)
	}
	return out
}

// Check names the first invariant that s violates, and how; empty if none.
func (y *System) Check(s State) (property, detail string) {
	alive, reigns := 0, uint64(0)
	for m := range y.Masters {
		if s.Masters[m].Mode == Alive {
			alive++
		}
		if r := s.Masters[m].Reign; r > 0 {
			twice := reigns>>(r%64)&1 == 1
			reigns |= 1 << (r % 64)
			if r > s.Term || twice {
				return "terms-are-unique", fmt.Sprintf("m%d reigns in term %d, the last is %d", m+1, r, s.Term)
			}
		}
	}
	switch {
	case alive > 1:
		return "one-acting-master", fmt.Sprintf("%d masters act", alive)
	case s.Late:
		return "no-late-write", "a write of an older term was accepted"
	case s.Stale:
		return "no-stale-command", "a worker obeyed an older term than it had seen"
	}
	for j := range y.Jobs {
		if property, detail = s.Jobs[j].check(); property != "" {
			return property, fmt.Sprintf("job %d: %s", j+1, detail)
		}
	}
	return "", ""
}

func (j *Job) check() (property, detail string) {
	running := 0
	for a, r := range j.Runs {
		if r.Progress == Runs {
			running++
		}
		if r.Progress != NotStarted && a >= int(j.Attempt) {
			return "decided-before-done", fmt.Sprintf("attempt %d was started, and was never decided", a+1)
		}
	}
	switch {
	case j.Acked && j.Phase == Unknown:
		return "acknowledged-is-kept", "its submission was acknowledged, and the store has no record"
	case j.KillAcked && !j.Kill && !j.Phase.Final():
		return "acknowledged-is-kept", "its kill was acknowledged, and the store does not know"
	case j.Ended != Unknown && j.Phase != j.Ended:
		return "final-is-final", fmt.Sprintf("it was %v and is %v", j.Ended, j.Phase)
	case running > 1 && j.Supervised:
		return "one-incarnation", fmt.Sprintf("%d attempts run at once", running)
	}
	return "", ""
}
