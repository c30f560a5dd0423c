package coordtest

import (
	"errors"
	"fmt"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/host"
)

// root is the znode under which every case works.
const root = "/coordtest"

// patience is how long a case waits for what an implementation does soon.
const patience = 20 * time.Second

// A judge is what a case needs of a *testing.T.
type judge interface {
	Errorf(format string, args ...any)
	FailNow()
	Helper()
	Cleanup(f func())
	Skip(args ...any)
}

// A world is one case's service and users.
type world struct {
	judge
	svc      Service
	patience time.Duration // bounds the waiting for what is due soon
	next     int
}

// A user is one process with one session.
type user struct {
	w       *world
	name    host.ProcessID
	p       *Collector
	client  coord.Client
	session coord.Session
	tag     int // of the session
}

func newWorld(j judge, svc Service) *world { return &world{judge: j, svc: svc, patience: patience} }

func (w *world) tag() int {
	w.next++
	return w.next
}

// attach starts a process without a session.
func (w *world) attach(name host.ProcessID) *user {
	u := &user{w: w, name: name, p: &Collector{}}
	u.client = w.svc.Attach(name, u.p)
	return u
}

// user starts a process and waits until its session is connected. Timeout is
// in ticks.
func (w *world) user(name host.ProcessID, ticks int) *user {
	w.Helper()
	u := w.attach(name)
	u.open(ticks)
	u.waitState(coord.Connected)
	return u
}

// first is a user beside which the root znode exists.
func (w *world) first() *user {
	w.Helper()
	u := w.user("p1", 10)
	u.must(create(root, ""))
	return u
}

// open opens a session, which is closed when the case is over, so that
// nothing of it reaches into the next.
func (u *user) open(ticks int) {
	u.tag = u.w.tag()
	u.w.Cleanup(u.closeSession)
	u.w.svc.Call(u.name, func() {
		u.session = u.client.OpenSession(coord.Options{
			Servers: u.w.svc.Servers(),
			Timeout: time.Duration(ticks) * u.w.svc.Tick(),
			Name:    "test",
		}, host.BindResult((*Collector).changed, u.tag))
	})
}

func (u *user) closeSession() {
	u.w.svc.Call(u.name, func() { u.client.CloseSession(u.session) })
}

// ask starts an operation and returns its tag.
func (u *user) ask(op coord.Op) int { return u.askAll(op)[0] }

// askAll starts operations in one event and returns their tags.
func (u *user) askAll(ops ...coord.Op) []int {
	tags := make([]int, len(ops))
	for i := range tags {
		tags[i] = u.w.tag()
	}
	u.w.svc.Call(u.name, func() {
		for i, op := range ops {
			coord.Do(u.client, u.session, op, (*Collector).answered, tags[i])
		}
	})
	return tags
}

// askWatch starts an operation that leaves a watch; both have the tag.
func (u *user) askWatch(op coord.Op) int {
	tag := u.w.tag()
	u.w.svc.Call(u.name, func() {
		coord.Watch(u.client, u.session, op, (*Collector).answered, (*Collector).fired, tag)
	})
	return tag
}

// do carries out op and returns its answer.
func (u *user) do(op coord.Op) coord.Result {
	u.w.Helper()
	return u.answer(u.ask(op))
}

// watch carries out op, leaving a watch, and returns the answer and the tag.
func (u *user) watch(op coord.Op) (coord.Result, int) {
	u.w.Helper()
	tag := u.askWatch(op)
	return u.answer(tag), tag
}

// must carries out op and demands success.
func (u *user) must(op coord.Op) coord.Result {
	u.w.Helper()
	r := u.do(op)
	require.NoError(u.w, r.Err, "%s %s", op.Kind, op.Path)
	return r
}

// sync flushes the pipe to the leader, so that later reads of this user show
// what others have written. (A write of its own is the only barrier that
// ZooKeeper has for a client of the leader; so that is what it does.)
func (u *user) sync() {
	u.w.Helper()
	u.must(set(root, "", coord.AnyVersion))
}

// log is a copy of what was delivered so far.
func (u *user) log() (l []Entry) {
	u.w.svc.Call(u.name, func() { l = append(l, u.p.Log...) })
	return l
}

// answer waits for the answer to the operation with the tag.
func (u *user) answer(tag int) coord.Result {
	u.w.Helper()
	return *u.wait(fmt.Sprintf("answer %d", tag), func(e Entry) bool {
		return e.Tag == tag && e.Result != nil
	}).Result
}

// event waits for the watch with the tag.
func (u *user) event(tag int) coord.Event {
	u.w.Helper()
	return *u.wait(fmt.Sprintf("watch %d", tag), func(e Entry) bool {
		return e.Tag == tag && e.Event != nil
	}).Event
}

// waitState waits until the session has been in state s.
func (u *user) waitState(s coord.State) coord.StateChange {
	u.w.Helper()
	return *u.wait("session "+s.String(), func(e Entry) bool {
		return e.Tag == u.tag && e.State != nil && e.State.State == s
	}).State
}

// states is every state of the session, in order.
func (u *user) states() (out []coord.State) {
	for _, e := range u.log() {
		if e.Tag == u.tag && e.State != nil {
			out = append(out, e.State.State)
		}
	}
	return out
}

// waitStates waits until the session has been in state s n times.
func (u *user) waitStates(s coord.State, n int) {
	u.w.Helper()
	u.w.until(fmt.Sprintf("session %s %d times", s, n), u, func() bool {
		got := 0
		for _, x := range u.states() {
			if x == s {
				got++
			}
		}
		return got >= n
	})
}

// wait waits for the first entry that is it.
func (u *user) wait(what string, is func(Entry) bool) (found Entry) {
	u.w.Helper()
	u.w.until(what, u, func() bool {
		for _, e := range u.log() {
			if is(e) {
				found = e
				return true
			}
		}
		return false
	})
	return found
}

// until runs the service in small steps until ok.
func (w *world) until(what string, u *user, ok func() bool) {
	w.Helper()
	begin := w.svc.Now()
	for {
		passed := w.svc.Now() - begin
		if ok() {
			return
		}
		if passed > w.patience {
			require.Fail(w, "still waiting", "%s of %s after %v; delivered:\n%v", what, u.name, passed, u.log())
		}
		w.svc.Run(2 * time.Millisecond)
	}
}

// index is where in the log the entry with the tag stands that is an answer
// (or else an event), or -1.
func index(log []Entry, tag int, answer bool) int {
	for i, e := range log {
		if e.Tag == tag && e.State == nil && (e.Result != nil) == answer {
			return i
		}
	}
	return -1
}

// supported skips the case if err says that the service cannot do it.
func (w *world) supported(err error) {
	w.Helper()
	if errors.Is(err, ErrUnsupported) {
		w.Skip("the service does not support it")
	}
	require.NoError(w, err)
}
