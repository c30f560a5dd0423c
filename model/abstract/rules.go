package abstract

import "fmt"

// A Mistake is a safeguard left out, to see what it is for.
type Mistake uint8

// The mistakes; Sound is none. Each is what [Mistake.Breaks] says.
const (
	Sound         Mistake = iota
	NoFence               // the store accepts writes of older terms
	NoWait                // a new master acts before its predecessor's lease is over
	SameTerm              // a new reign takes the term that it found
	AckFirst              // a submission is acknowledged before it is stored
	ForgetKill            // a kill is acknowledged and not stored
	LaunchFirst           // a launch is sent before it is stored
	NoHold                // another attempt is placed while the last may run
	NoWorkerLease         // a worker whose lease is over runs on
	KeepLaunches          // a worker that registers anew still obeys launches from before
	ObeyAnyTerm           // workers obey older terms
	DropQueued            // a new master drops what was never placed
	ReviveEnded           // a recovery takes up what had ended with its worker
)

// Mistakes lists them, without Sound.
func Mistakes() []Mistake {
	var out []Mistake
	for m := NoFence; m <= ReviveEnded; m++ {
		out = append(out, m)
	}
	return out
}

// String names the mistake.
func (m Mistake) String() string {
	return [...]string{"Sound", "NoFence", "NoWait", "SameTerm", "AckFirst", "ForgetKill", "LaunchFirst", "NoHold",
		"NoWorkerLease", "KeepLaunches", "ObeyAnyTerm", "DropQueued", "ReviveEnded"}[m]
}

// Breaks is the invariant that does not hold with the mistake, empty for Sound.
func (m Mistake) Breaks() string {
	return [...]string{"", "no-late-write", "one-acting-master", "terms-are-unique", "acknowledged-is-kept",
		"acknowledged-is-kept", "decided-before-done", "one-incarnation", "one-incarnation", "one-incarnation",
		"no-stale-command", "acknowledged-is-kept", "final-is-final"}[m]
}

// An Action is one rule with its arguments: equal for the same step in two states.
type Action uint64

// args are a rule's arguments, those that it has.
type args struct{ m, w, j, x int }

// A rule is one kind of step. Do reports whether it may happen in s, and makes
// it happen; it leaves s alone if it may not.
type rule struct {
	name string
	over string // what it has arguments over: m, w, j, and a (attempts) or t (terms) as x
	do   func(y *System, s *State, x args) bool
}

// rules is the protocol.
var rules = [...]rule{
	{"acquire", "m", acquire}, {"elect", "m", elect}, {"act", "m", act}, {"suspend", "m", suspend},
	{"resume", "m", resume}, {"resign", "m", resign}, {"crash", "m", crash}, {"restart", "m", restart}, {"expire", "m", expire},
	{"register", "mw", register}, {"follow", "mw", follow}, {"give up", "mw", giveUp}, {"grant", "mw", grant}, {"lapse", "w", lapse},
	{"cut", "w", cut}, {"heal", "w", heal}, {"worker crash", "w", workerCrash}, {"worker restart", "w", workerRestart},
	{"create", "mj", create}, {"ack submission", "mj", ackSubmission}, {"place", "mwj", place}, {"launch", "mj", launch},
	{"start", "jat", start}, {"end well", "ja", endWell}, {"end badly", "ja", endBadly}, {"take end", "mj", takeEnd},
	{"lose", "mj", lose}, {"adopt", "mj", adopt}, {"wish kill", "j", wishKill}, {"kill", "mj", kill}, {"ack kill", "mj", ackKill},
	{"stop", "mja", stop}, {"drop", "mj", drop}, {"revive", "mj", revive},
}

// Election. A latch is first come; the term counts up with the check of one's
// own latch znode in one transaction.

func acquire(_ *System, s *State, x args) bool {
	if s.Owner != 0 || s.Masters[x.m].Mode != Standby {
		return false
	}
	s.Owner = uint8(x.m + 1)
	return true
}

func elect(y *System, s *State, x args) bool {
	if int(s.Owner) != x.m+1 || s.Masters[x.m].Mode != Standby {
		return false
	}
	if y.Broken != SameTerm || s.Term == 0 {
		s.Term++
	}
	s.Masters[x.m] = Master{Recovering, s.Term}
	return true
}

// act ends a recovery: whoever was on record was heard of or given up, what they
// ran is accounted for, and no other master may act any more.
func act(y *System, s *State, x args) bool {
	me := s.Masters[x.m]
	if me.Mode != Recovering || s.Term != me.Reign {
		return false
	}
	for w := range y.Workers {
		if w := s.Workers[w]; w.Entry && !w.follows(me.Reign) && w.Fresh != me.Reign {
			return false
		}
	}
	for j := range y.Jobs {
		if s.orphan(&s.Jobs[j]) {
			return false
		}
	}
	for m := range y.Masters {
		if s.Masters[m].Mode == Alive && y.Broken != NoWait {
			return false
		}
	}
	s.Masters[x.m].Mode = Alive
	return true
}

func suspend(_ *System, s *State, x args) bool { return s.change(x.m, Alive, Suspended) }

func resume(y *System, s *State, x args) bool {
	for m := range y.Masters {
		if s.Masters[m].Mode == Alive { // its lease ran out before another's began to count
			return false
		}
	}
	return s.Term == s.Masters[x.m].Reign && s.change(x.m, Suspended, Alive)
}

func resign(_ *System, s *State, x args) bool {
	if s.Masters[x.m].Mode < Recovering || int(s.Owner) == x.m+1 {
		return false
	}
	s.Masters[x.m] = Master{Standby, 0}
	return true
}

func crash(_ *System, s *State, x args) bool {
	if s.Left.Crashes == 0 || s.Masters[x.m].Mode == Down {
		return false
	}
	s.Left.Crashes--
	s.Masters[x.m] = Master{}
	return true
}

func restart(_ *System, s *State, x args) bool {
	return int(s.Owner) != x.m+1 && s.change(x.m, Down, Standby)
}

// expire ends the owner's session; one that runs will hear of it later.
func expire(_ *System, s *State, x args) bool {
	if int(s.Owner) != x.m+1 {
		return false
	}
	if s.Masters[x.m].Mode != Down {
		if s.Left.Expiries == 0 {
			return false
		}
		s.Left.Expiries--
	}
	s.Owner = 0
	return true
}

// Workers.

// register writes a worker into the store that is not there. It has not heard of
// that yet.
func register(y *System, s *State, x args) bool {
	me, w := s.Masters[x.m], &s.Workers[x.w]
	if !s.reaches(x.w) || me.Mode < Recovering || w.Entry || me.Reign < w.Seen || !y.fence(s, x.m) {
		return false
	}
	w.Entry, w.Fresh = true, me.Reign
	return true
}

// follow makes a worker hear of a master's term and say what it runs; one that
// hears that it was entered forgets launches from before.
func follow(y *System, s *State, x args) bool {
	me, w := s.Masters[x.m], &s.Workers[x.w]
	if !s.reaches(x.w) || me.Mode != Recovering && me.Mode != Alive || me.Reign < w.Seen || !w.Entry || w.follows(me.Reign) {
		return false
	}
	for j := range y.Jobs {
		for a := range y.Attempts {
			if r := &s.Jobs[j].Runs[a]; w.Fresh > 0 && int(r.Worker) == x.w+1 && y.Broken != KeepLaunches {
				r.Sent = 0
			}
		}
	}
	w.Fresh, w.Seen = 0, me.Reign
	return true
}

// follows reports whether a worker has heard of a term, and that it is on record.
func (w Worker) follows(reign uint8) bool { return w.Entry && w.Seen == reign && w.Fresh == 0 }

// giveUp takes a worker that is silent from the store.
func giveUp(y *System, s *State, x args) bool {
	me, w := s.Masters[x.m], &s.Workers[x.w]
	if me.Mode != Recovering && me.Mode != Alive || !w.Entry || s.reaches(x.w) || !y.fence(s, x.m) {
		return false
	}
	w.Entry, w.Fresh = false, 0
	return true
}

func grant(_ *System, s *State, x args) bool {
	me, w := s.Masters[x.m], &s.Workers[x.w]
	if me.Mode != Alive || !s.reaches(x.w) || !w.follows(me.Reign) || w.Lease {
		return false
	}
	w.Lease = true
	return true
}

// lapse is the end of a lease; supervised jobs end with it.
func lapse(y *System, s *State, x args) bool {
	w := &s.Workers[x.w]
	if !w.Lease || !w.Cut && s.acting(y) {
		return false
	}
	w.Lease = false
	if y.Broken != NoWorkerLease {
		s.end(y, x.w, Expired, true)
	}
	return true
}

func cut(_ *System, s *State, x args) bool {
	if s.Left.Cuts == 0 || s.Workers[x.w].Cut {
		return false
	}
	s.Left.Cuts--
	s.Workers[x.w].Cut = true
	return true
}

func heal(_ *System, s *State, x args) bool {
	was := s.Workers[x.w].Cut
	s.Workers[x.w].Cut = false
	return was
}

func workerCrash(y *System, s *State, x args) bool {
	w := &s.Workers[x.w]
	if s.Left.Crashes == 0 || !w.Up {
		return false
	}
	s.Left.Crashes--
	w.Up, w.Lease, w.Seen = false, false, 0
	s.end(y, x.w, Gone, false)
	return true
}

// workerRestart waits until the old incarnation was given up: the new one would
// make a master do so.
func workerRestart(_ *System, s *State, x args) bool {
	w := &s.Workers[x.w]
	if w.Up || w.Entry {
		return false
	}
	w.Up = true
	return true
}

// What rules are made of.

// fence is the check of the term in every write; it reports whether the store
// takes a write of m.
func (y *System) fence(s *State, m int) bool {
	late := s.Term != s.Masters[m].Reign
	if late && y.Broken != NoFence {
		return false
	}
	s.Late = s.Late || late
	return true
}

// decide writes what a decision makes of a record.
func (y *System) decide(s *State, x args, d Decision, worker uint8) bool {
	j := &s.Jobs[x.j]
	next, ok := j.After(d, worker, j.Supervised)
	if !ok || !y.fence(s, x.m) {
		return false
	}
	j.Record, j.By = next, s.Masters[x.m].Reign
	if next.Phase.Final() && j.Ended == Unknown {
		j.Ended = next.Phase
	}
	return true
}

func (s *State) change(m int, from, to Mode) bool {
	if s.Masters[m].Mode != from {
		return false
	}
	s.Masters[m].Mode = to
	return true
}

func (s *State) reaches(w int) bool { return s.Workers[w].Up && !s.Workers[w].Cut }

func (s *State) acting(y *System) bool {
	for m := range y.Masters {
		if s.Masters[m].Mode == Alive {
			return true
		}
	}
	return false
}

// orphan reports whether a job is on record as running on a worker that was given up.
func (s *State) orphan(j *Job) bool { return j.Phase == Running && !s.Workers[j.Worker-1].Entry }

// end ends what runs on a worker.
func (s *State) end(y *System, w int, how Progress, supervised bool) {
	for j := range y.Jobs {
		for a := range y.Attempts {
			if r := &s.Jobs[j].Runs[a]; int(r.Worker) == w+1 && (!supervised || s.Jobs[j].Supervised) {
				r.ends(how)
			}
		}
	}
}

func (r *Run) ends(how Progress) bool {
	if r.Progress != Runs {
		return false
	}
	r.Progress = how
	return true
}

// describe tells a step.
func describe(name string, over string, x args) string {
	out := name
	for _, c := range over {
		switch c {
		case 'm':
			out += fmt.Sprintf(" m%d", x.m+1)
		case 'w':
			out += fmt.Sprintf(" w%d", x.w+1)
		case 'j':
			out += fmt.Sprintf(" job %d", x.j+1)
		case 'a':
			out += fmt.Sprintf(" attempt %d", x.x%MaxAttempts+1)
		case 't':
			out += fmt.Sprintf(" term %d", x.x/MaxAttempts)
		}
	}
	return out
}
