package cluster

import (
	"strings"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/scenarios"
	"github.com/simctl/simctl/sim/kernel"
	"github.com/simctl/simctl/sim/zk"
)

// tell records an event, shows it to the observers and folds it into the
// fingerprint.
func (w *World) tell(e *trace.Event) {
	e.Step, e.At = w.k.Steps(), w.k.Now()
	var d host.Digest
	d.Str(string(e.Kind))
	d.Str(e.Process)
	d.Str(e.Subject)
	d.Str(e.Value)
	d.Str(e.Detail)
	d.Int(e.Term)
	d.Int(e.N)
	d.Int(e.M)
	d.Int(e.P)
	d.Int(e.Q)
	d.Int(e.Zxid)
	w.k.Observe(d.Sum())
	w.events = append(w.events, *e)
	w.fault.Saw(e.Process, string(e.Kind), e.Subject, e.Value)
	kept := &w.events[len(w.events)-1] // not e, which so stays on its caller's stack
	for _, o := range w.opts.Observers {
		o(kept)
	}
}

// noteKinds gives the name in the trace of each kind of note. They meet only
// here: impl and model do not know each other.
var noteKinds = [...]trace.Kind{
	host.NoteState: trace.State, host.NoteElected: trace.Elected, host.NoteIntent: trace.Intent,
	host.NoteWritten: trace.Written, host.NoteRecovered: trace.Recovered, host.NoteAcked: trace.Acked,
	host.NoteObeyed: trace.Obeyed, host.NoteRefused: trace.Refused, host.NoteAccepted: trace.Accepted,
	host.NoteUsage: trace.Usage, host.NoteRegistered: trace.Registered, host.NoteJob: trace.Job,
	host.NoteCall: trace.Call, host.NoteReturn: trace.Return, host.NoteGaveUp: trace.GaveUp,
	host.NoteSession: trace.Session, host.NoteFailed: trace.Failed,
	host.NoteRole: trace.Role, host.NoteServing: trace.Serving, host.NoteLogged: trace.Logged,
	host.NoteDelivered: trace.Delivered, host.NoteRestored: trace.Restored, host.NoteAnswered: trace.Answered,
	host.NoteZCall: trace.ZCall, host.NoteZReturn: trace.ZReturn, host.NoteZWatch: trace.ZWatch,
	host.NoteRecipe: trace.Recipe, host.NoteVote: trace.Vote,
	host.NoteApp: trace.App, host.NoteExecutor: trace.Executor, host.NoteTask: trace.Task, host.NoteEffect: trace.Effect,
	host.NoteReady: trace.Ready,
}

// note translates what a process tells of itself.
func (w *World) note(p *process, n *host.Note) {
	w.tell(&trace.Event{
		Process: string(p.id), Inc: p.inc, Kind: noteKinds[n.Kind], Subject: n.Subject, Value: n.Value,
		Detail: n.Detail, Term: n.Term, N: n.N, M: n.M, P: n.P, Q: n.Q, Zxid: n.Zxid,
	})
	switch n.Kind {
	case host.NoteState:
		p.state, p.term = n.Value, n.Term
	case host.NoteRegistered:
		p.follows, p.term = n.Value, n.Term
	case host.NoteElected:
		p.counts = nil
	case host.NoteUsage:
		p.used(n)
	case host.NoteIntent:
		if worker, is := strings.CutPrefix(n.Subject, "worker_"); is && n.Value == "delete" {
			delete(p.counts, worker) // it has given that worker up
		}
	case host.NoteCall:
		w.open++
	case host.NoteReturn, host.NoteGaveUp:
		w.open--
	default:
	}
}

// committed records a transaction of the coordination service.
func (w *World) committed(c zk.Commit) {
	if c.Err != nil {
		return // it consumed a zxid and changed nothing
	}
	w.tell(&trace.Event{
		Process: c.Owner, Kind: trace.Commit, Zxid: c.Zxid, N: c.Session, Term: c.Tag.Term, M: c.Tag.Write,
		Subject: strings.Join(c.Paths, " "), Value: w.intern(c.Ops),
	})
}

// intern joins what has been joined before, as all that transactions do has,
// without making it again.
func (w *World) intern(words []string) string {
	b := w.text[:0]
	for i, s := range words {
		if i > 0 {
			b = append(b, ' ')
		}
		b = append(b, s...)
	}
	w.text = b
	if s, ok := w.joined[string(b)]; ok {
		return s
	}
	s := string(b)
	w.joined[s] = s
	return s
}

// sessionChanged records the beginning or the end of a session at the service.
func (w *World) sessionChanged(s zk.SessionEvent) {
	e := &trace.Event{Process: s.Owner, Kind: trace.SessionUp, N: s.Session}
	if !s.Up {
		e.Kind, e.Value = trace.SessionExpired, s.Why
	}
	w.tell(e)
}

func (w *World) quorum(up bool) {
	k := trace.ServiceDown
	if up {
		k = trace.ServiceUp
	}
	w.tell(&trace.Event{Kind: k})
}

// Faulted implements fault.World.
func (w *World) Faulted(f scenarios.Fault, phase string) {
	w.tell(&trace.Event{Kind: trace.Fault, Subject: string(f.Class), Value: phase, Detail: f.String()})
	if w.ens != nil {
		w.ens.look()
	}
}

// panicked records a panic of impl, and ends the process as an uncaught panic
// ends a program.
func (w *World) panicked(p kernel.Panic) {
	e := &trace.Event{Process: p.Name, Kind: trace.Panicked, Detail: p.Value + "\n" + p.Frames()}
	w.tell(e)
	if proc := w.byActor[p.Actor]; proc != nil {
		proc.die(trace.Exited, true, 2)
	}
}
