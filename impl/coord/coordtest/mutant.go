package coordtest

import (
	"fmt"
	"testing"
	"time"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/host"
)

// A mutant is one way in which a service can be wrong, laid over one that is
// right, and the case that must not let it pass. Functions that are nil change
// nothing.
type mutant struct {
	name, caught string
	op           func(*coord.Op)                         // before it is asked
	answer       func(*overlay, coord.Op, *coord.Result) // before it is delivered
	event        func(*overlay, *coord.Event)            // likewise
	state        func(*overlay, *coord.StateChange) bool // likewise; false: it is not delivered
	events       int                                     // how often each event is delivered, less 1
	hold         bool                                    // events wait for the next answer
	swap         bool                                    // of two answers the second comes first
	closeIsDrop  bool
	dropIsClose  bool
}

// RunMutants lays each known mistake over the services that open returns and
// demands that the suite notices: a suite that never said no is not trusted.
// The same cases must pass with no mistake laid over. Open is as for [Run].
func RunMutants(t *testing.T, open func(t *testing.T) Service) {
	t.Helper()
	control := map[string]bool{}
	for _, m := range mutants {
		if !control[m.caught] {
			control[m.caught] = true
			t.Run("nothing wrong: "+m.caught, func(t *testing.T) { judgeOne(t, open(t), mutant{caught: m.caught}, passed) })
		}
		t.Run(m.name, func(t *testing.T) { judgeOne(t, open(t), m, failed) })
	}
}

// judgeOne demands the verdict of the case that catches m.
func judgeOne(t *testing.T, svc Service, m mutant, want verdict) {
	t.Helper()
	j := &strict{T: t}
	w := newWorld(j, &mutated{Service: svc, m: m})
	if want == failed {
		w.patience = 4*svc.Tick() + 2*svc.Slack()
	}
	switch got := j.judge(w, m.caught); got {
	case want:
	case skipped:
		t.Skip("the service does not support what the case needs")
	case passed:
		t.Errorf("the case %q let it pass", m.caught)
	default:
		t.Errorf("the case %q fails without a mistake: %s", m.caught, j.said)
	}
}

// A verdict is how a case judged a mutant.
type verdict int

const (
	passed verdict = iota
	failed
	skipped
)

// A strict judge turns a failure of a case into a verdict.
type strict struct {
	*testing.T
	said string
}

// Errorf keeps why the case failed: that is what a mutant is for.
func (s *strict) Errorf(format string, args ...any) { s.said += fmt.Sprintf(format, args...) }

// FailNow ends the case.
func (s *strict) FailNow() { panic(failed) }

// Skip ends the case.
func (s *strict) Skip(...any) { panic(skipped) }

func (s *strict) judge(w *world, name string) (v verdict) {
	defer func() {
		if r := recover(); r != nil {
			ended, ok := r.(verdict)
			if !ok {
				panic(r)
			}
			v = ended
		}
	}()
	for _, c := range cases {
		if c.name == name {
			c.run(w)
			return passed
		}
	}
	panic("coordtest: no case " + name)
}

// mutated is a service with a mutant laid over it.
type mutated struct {
	Service
	m mutant
}

// Attach lays an overlay between the process and the service.
func (s *mutated) Attach(name host.ProcessID, p host.Process) coord.Client {
	o := &overlay{Process: p, m: s.m}
	o.Client = s.Service.Attach(name, o)
	return o
}

// An overlay is a process that stands in for another one, and its client.
type overlay struct {
	host.Process
	coord.Client
	m      mutant
	asked  []request
	opened []opening
	held   []func()
	failed int64 // writes that failed
	lost   bool  // the connection was lost once
}

type request struct {
	op          coord.Op
	done, watch host.Call
}

type opening struct {
	changed host.Call
	timeout time.Duration
}

// Part is the process below.
func (o *overlay) Part(i int) any {
	if i == 0 {
		return o.Process
	}
	return nil
}

// OpenSession opens a session whose states pass by the mutant.
func (o *overlay) OpenSession(opt coord.Options, changed host.Call) coord.Session {
	o.opened = append(o.opened, opening{changed, opt.Timeout})
	return o.Client.OpenSession(opt, host.BindResult((*overlay).changed, len(o.opened)-1))
}

func (o *overlay) changed(i int, c coord.StateChange) {
	if c.State == coord.Disconnected {
		o.lost = true
	}
	if o.m.name == asAsked {
		c.Timeout = o.opened[i].timeout
	}
	if o.m.state == nil || o.m.state(o, &c) {
		o.opened[i].changed.Run(o.Process, &c)
	}
}

// CloseSession closes the session, or does not.
func (o *overlay) CloseSession(s coord.Session) {
	if o.m.closeIsDrop {
		o.Client.DropSession(s)
	} else {
		o.Client.CloseSession(s)
	}
}

// DropSession drops the session, or does not.
func (o *overlay) DropSession(s coord.Session) {
	if o.m.dropIsClose {
		o.Client.CloseSession(s)
	} else {
		o.Client.DropSession(s)
	}
}

// Do asks for an operation whose answer and event pass by the mutant.
func (o *overlay) Do(s coord.Session, op coord.Op, done, watch host.Call) {
	if o.m.op != nil {
		o.m.op(&op)
	}
	o.asked = append(o.asked, request{op, done, watch})
	i := len(o.asked) - 1
	if !watch.IsZero() {
		watch = host.BindResult((*overlay).fired, i)
	}
	o.Client.Do(s, op, host.BindResult((*overlay).answered, i), watch)
}

func (o *overlay) answered(i int, r coord.Result) {
	q := o.asked[i]
	if r.Err != nil && q.op.Kind != coord.Exists {
		o.failed++
	}
	if o.m.answer != nil {
		o.m.answer(o, q.op, &r)
	}
	deliver := func() { q.done.Run(o.Process, &r) }
	if o.m.swap && len(o.held) == 0 {
		o.held = append(o.held, deliver)
		return
	}
	deliver()
	for _, f := range o.held {
		f()
	}
	o.held = nil
}

func (o *overlay) fired(i int, e coord.Event) {
	if o.m.event != nil {
		o.m.event(o, &e)
	}
	for range 1 + o.m.events {
		deliver := func() { o.asked[i].watch.Run(o.Process, &e) }
		if o.m.hold {
			o.held = append(o.held, deliver)
		} else {
			deliver()
		}
	}
}
