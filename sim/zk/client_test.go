package zk

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/coord/coordtest"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/kernel"
)

// owner is a process that writes down what it is told, and may do something in
// the middle of that.
type owner struct {
	coordtest.Collector
	told   []string
	answer func(n int, r coord.Result)
	states []coord.State
}

func (o *owner) answered(n int, r coord.Result) {
	if r.Err != nil {
		o.told = append(o.told, r.Err.Error())
	} else {
		o.told = append(o.told, r.Path)
	}
	if o.answer != nil {
		o.answer(n, r)
	}
}

func (o *owner) changed(_ struct{}, c coord.StateChange) { o.states = append(o.states, c.State) }

// attach returns an owner with a connected session of 10 s.
func attach(x *lab, name host.ProcessID) (*owner, *Client, coord.Session) {
	o := &owner{}
	c := x.Attach(name, o).(*Client)
	s := c.OpenSession(coord.Options{Servers: x.addrs, Timeout: 10 * time.Second}, host.BindResult((*owner).changed, struct{}{}))
	x.Run(time.Second)
	require.Equal(x.t, []coord.State{coord.Connected}, o.states)
	return o, c, s
}

func create(path string) coord.Op { return coord.Op{Kind: coord.Create, Path: path} }

func TestNothingIsDeliveredInsideTheProcessesOwnCall(t *testing.T) {
	x := newLab(t, 1, 1, 2*time.Second)
	o, c, s := attach(x, "p1")
	c.CloseSession(s)
	coord.Do(c, s, create("/a"), (*owner).answered, 1)
	require.Empty(t, o.told)
	require.Len(t, o.states, 1)
	x.Run(time.Millisecond)
	require.Equal(t, []string{coord.ErrClosed.Error()}, o.told)
	require.Equal(t, coord.Closed, o.states[1])
}

func TestPausedProcessGetsTheRestWhenItGoesOn(t *testing.T) {
	x := newLab(t, 1, 1, 2*time.Second)
	o, c, s := attach(x, "p1")
	o.answer = func(n int, _ coord.Result) {
		if n == 1 {
			x.k.Pause(c.Actors()[0])
		}
	}
	require.NoError(t, x.Cut("p1"))
	for n := range 3 {
		coord.Do(c, s, create("/a"), (*owner).answered, n)
	}
	x.Run(8 * time.Second) // the silence ends the connection: three answers in one step
	require.Len(t, o.told, 2)
	require.Len(t, o.states, 1)
	x.k.Resume(c.Actors()[0])
	x.Run(time.Millisecond)
	require.Len(t, o.told, 3)
	require.Equal(t, []coord.State{coord.Connected, coord.Disconnected}, o.states)
}

func TestProcessThatEndsInACallIsToldNothingMore(t *testing.T) {
	x := newLab(t, 1, 1, 2*time.Second)
	o, c, s := attach(x, "p1")
	o.answer = func(int, coord.Result) { c.Gone(true) }
	require.NoError(t, x.Cut("p1"))
	for n := range 3 {
		coord.Do(c, s, create("/a"), (*owner).answered, n)
	}
	x.Run(30 * time.Second)
	require.Len(t, o.told, 1)
	require.Len(t, o.states, 1)
	require.Empty(t, c.SessionIDs())
}

func TestFencedWriteTakesTwoSteps(t *testing.T) {
	x := newLab(t, 1, 3, 2*time.Second)
	o, c, s := attach(x, "p1")
	before := x.k.Steps()
	coord.Do(c, s, create("/a"), (*owner).answered, 1)
	x.Run(time.Millisecond)
	require.Equal(t, []string{"/a"}, o.told)
	require.Equal(t, uint64(2), x.k.Steps()-before)
}

func TestPausedClientFindsItsSessionExpired(t *testing.T) {
	x := newLab(t, 1, 3, 2*time.Second)
	o, c, _ := attach(x, "p1")
	x.k.Pause(c.Actors()[0])
	x.Run(20 * time.Second)
	require.Len(t, o.states, 1)
	x.k.Resume(c.Actors()[0])
	x.Run(5 * time.Second)
	require.Equal(t, []coord.State{coord.Connected, coord.Disconnected, coord.Expired}, o.states)
}

func TestFastClockPingsSoonerAndGivesUpSooner(t *testing.T) {
	x := newLab(t, 1, 1, 2*time.Second)
	o := &owner{}
	m := x.net.AddMachine("p1")
	x.machines["p1"] = m
	c := NewClient(x.k, x.net, ClientConfig{
		Owner: "p1", Inc: 1, Machine: m,
		Virtual: func(d int64) int64 { return d / 2 },
		Deliver: func(_ kernel.Kind, c host.Call, result any) { c.Run(o, result) },
	})
	c.OpenSession(coord.Options{Servers: x.addrs, Timeout: 12 * time.Second}, host.BindResult((*owner).changed, struct{}{}))
	x.Run(time.Second)
	require.NoError(t, x.Cut("p1"))
	x.Run(3 * time.Second)
	require.Equal(t, []coord.State{coord.Connected}, o.states)
	x.Run(1100 * time.Millisecond)
	require.Equal(t, []coord.State{coord.Connected, coord.Disconnected}, o.states, "8 s on its clock are 4 s")
}

// run carries out a little of everything, and returns the fingerprint.
func run(t testing.TB, seed uint64) uint64 {
	x := newLab(t, seed, 3, 500*time.Millisecond)
	_, a, sa := attach(x, "p1")
	_, b, sb := attach(x, "p2")
	for i := range 20 {
		coord.Do(a, sa, coord.Op{Kind: coord.Create, Path: "/n-", Mode: coord.EphemeralSequential}, (*owner).answered, i)
		coord.Do(b, sb, coord.Op{Kind: coord.Children, Path: "/"}, (*owner).answered, i)
		if i == 10 {
			x.svc.LoseLeader()
		}
		x.Run(200 * time.Millisecond)
	}
	var d host.Digest
	x.svc.Digest(&d)
	return x.k.Fingerprint() ^ d.Sum()
}

func TestSameSeedIsTheSameRun(t *testing.T) {
	require.Equal(t, run(t, 1), run(t, 1))
	require.NotEqual(t, run(t, 1), run(t, 2))
}

func BenchmarkFencedWrite(b *testing.B) {
	x := newLab(b, 1, 3, 2*time.Second)
	o, c, s := attach(x, "p1")
	coord.Do(c, s, create("/term"), (*owner).answered, 1)
	coord.Do(c, s, create("/record"), (*owner).answered, 1)
	x.Run(time.Second)
	op := coord.Op{Kind: coord.Multi, Ops: []coord.Op{
		{Kind: coord.Check, Path: "/term", Version: 0},
		{Kind: coord.Set, Path: "/record", Version: coord.AnyVersion, Data: []byte("a record of some size")},
	}}
	n := 0
	o.answer = func(_ int, r coord.Result) {
		o.told = o.told[:0]
		if n++; n < b.N {
			coord.Do(c, s, op, (*owner).answered, 1)
		} else {
			x.k.Stop()
		}
	}
	b.ReportAllocs()
	b.ResetTimer()
	steps := x.k.Steps()
	coord.Do(c, s, op, (*owner).answered, 1)
	x.k.Run(1 << 60)
	b.ReportMetric(float64(x.k.Steps()-steps)/float64(b.N), "steps/op")
}

func TestTimerThatRangForAStoppedClientCanComeTooLate(t *testing.T) {
	soon := 0
	for seed := range uint64(20) {
		x := newLab(t, seed, 1, 2*time.Second)
		o := &owner{}
		c := x.Attach("p1", o)
		c.OpenSession(coord.Options{Servers: x.addrs, Timeout: 10 * time.Second}, host.BindResult((*owner).changed, struct{}{}))
		x.k.Pause(c.(*Client).Actors()[0])
		x.Run(5 * time.Second) // the dial was answered, and its time is over
		x.k.Resume(c.(*Client).Actors()[0])
		x.Run(10 * time.Millisecond)
		soon += len(o.states)
		x.Run(2 * time.Second)
		require.Equal(t, []coord.State{coord.Connected}, o.states)
	}
	require.Positive(t, soon, "if the answer is read first, the dial has not failed")
	require.Less(t, soon, 20, "if the timer is seen first, it has")
}

func TestServiceKnowsWhoseSessionItIs(t *testing.T) {
	x := newLab(t, 1, 3, 2*time.Second)
	_, c, s := attach(x, "p1")
	ids := c.SessionIDs()
	require.Len(t, ids, 1)
	who, alive := x.svc.Session(ids[0])
	require.True(t, alive)
	require.Equal(t, "p1", who)
	c.CloseSession(s)
	require.Empty(t, c.SessionIDs())
	x.Run(time.Second)
	_, alive = x.svc.Session(ids[0])
	require.False(t, alive)
}

func TestCommitsTellEveryOperation(t *testing.T) {
	x := newLab(t, 1, 3, 2*time.Second)
	_, c, s := attach(x, "p1")
	var seen []Commit
	x.svc.OnCommit = func(c Commit) {
		c.Ops, c.Paths = slices.Clone(c.Ops), slices.Clone(c.Paths)
		seen = append(seen, c)
	}
	tag := coord.Tag{Term: 3, Write: 4}
	ops := []coord.Op{{Kind: coord.Create, Path: "/s-", Mode: coord.EphemeralSequential}, {Kind: coord.Check, Path: "/"}}
	coord.Do(c, s, coord.Op{Kind: coord.Multi, Ops: ops, Tag: tag}, (*owner).answered, 1)
	coord.Do(c, s, coord.Op{Kind: coord.Delete, Path: "/none", Tag: tag}, (*owner).answered, 1)
	x.Run(time.Second)
	c.CloseSession(s)
	x.Run(time.Second)
	require.Len(t, seen, 3)
	require.Equal(t, []string{"create", "check"}, seen[0].Ops)
	require.Equal(t, []string{"/s-0000000000", "/"}, seen[0].Paths)
	require.Equal(t, tag, seen[0].Tag)
	require.Equal(t, "p1", seen[0].Owner)
	require.ErrorIs(t, seen[1].Err, coord.ErrNoNode)
	require.Equal(t, seen[0].Zxid+1, seen[1].Zxid)
	require.Equal(t, []string{"delete"}, seen[2].Ops, "the end of a session deletes its ephemerals")
	require.Equal(t, []string{"/s-0000000000"}, seen[2].Paths)
}

func TestExpiredSessionThatIsClosedIsClosed(t *testing.T) {
	x := newLab(t, 1, 1, 2*time.Second)
	o, c, s := attach(x, "p1")
	x.svc.ExpireSession(c.SessionIDs()[0])
	x.Run(3 * time.Second)
	require.Equal(t, []coord.State{coord.Connected, coord.Disconnected, coord.Expired}, o.states)
	coord.Do(c, s, create("/a"), (*owner).answered, 1)
	c.CloseSession(s)
	coord.Do(c, s, create("/a"), (*owner).answered, 2)
	x.Run(time.Second)
	require.Equal(t, []string{coord.ErrExpired.Error(), coord.ErrClosed.Error()}, o.told)
	require.Len(t, o.states, 3, "a session ends once")
}
