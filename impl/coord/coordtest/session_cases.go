package coordtest

import (
	"fmt"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/host"
)

func sessionTimeouts(w *world) {
	seen := map[int64]bool{}
	for i, c := range []struct{ asked, got int }{{10, 10}, {1, 2}, {100, 20}} {
		u := w.attach(host.ProcessID(fmt.Sprintf("p%d", i+1)))
		u.open(c.asked)
		s := u.waitState(coord.Connected)
		require.Equal(w, u.session, s.Session)
		require.Equal(w, time.Duration(c.got)*w.svc.Tick(), s.Timeout)
		require.NotZero(w, s.ID)
		require.False(w, seen[s.ID], "session IDs are unique")
		seen[s.ID] = true
	}
}

func askedEarly(w *world) {
	u := w.attach("p1")
	u.open(10)
	tags := u.askAll(create(root, "x"), get(root))
	require.NoError(w, u.answer(tags[0]).Err)
	require.Equal(w, "x", string(u.answer(tags[1]).Data))
}

func inOrder(w *world) {
	u := w.first()
	var ops []coord.Op
	for i := range 40 {
		ops = append(ops, set(root, fmt.Sprint(i), coord.AnyVersion), get(root), exists(root+"/missing"),
			createMode(root+"/s", coord.PersistentSequential))
	}
	tags := u.askAll(ops...)
	u.answer(tags[len(tags)-1])
	var got []int
	for _, e := range u.log() {
		if e.Result != nil && e.Tag >= tags[0] {
			got = append(got, e.Tag)
		}
	}
	require.Equal(w, tags, got)
	for i, op := range ops {
		r := u.answer(tags[i])
		switch op.Kind {
		case coord.Get:
			require.Equal(w, ops[i-1].Data, r.Data, "a session reads its own writes")
		case coord.Create:
			require.Equal(w, fmt.Sprintf("%s/s%010d", root, i/4), r.Path)
		}
	}
}

func ephemeralOwner(w *world) {
	u, other := w.first(), w.user("p2", 10)
	u.must(createMode(root+"/e", coord.Ephemeral))
	u.must(createMode(root+"/s", coord.EphemeralSequential))
	u.must(create(root+"/p", ""))
	other.sync()
	id := u.waitState(coord.Connected).ID
	require.Equal(w, id, other.must(exists(root+"/e")).Stat.EphemeralOwner)
	require.Equal(w, id, other.must(exists(root+"/s0000000001")).Stat.EphemeralOwner)
	require.Zero(w, other.must(exists(root+"/p")).Stat.EphemeralOwner)
}

func twoSessions(w *world) {
	u := w.first()
	second := &user{w: w, name: u.name, p: u.p, client: u.client}
	second.open(10)
	second.waitState(coord.Connected)
	u.must(createMode(root+"/one", coord.Ephemeral))
	second.must(createMode(root+"/two", coord.Ephemeral))
	_, gone := second.watch(exists(root + "/one"))
	u.closeSession()
	second.event(gone)
	second.sync()
	require.ErrorIs(w, second.do(exists(root+"/one")).Err, coord.ErrNoNode)
	second.must(exists(root + "/two"))
}

func closeRemoves(w *world) {
	u, other := w.first(), w.user("p2", 20)
	u.must(createMode(root+"/e", coord.Ephemeral))
	other.sync()
	_, gone := other.watch(exists(root + "/e"))
	begin := w.svc.Now()
	u.closeSession()
	require.Equal(w, coord.Deleted, other.event(gone).Type)
	require.Less(w, w.svc.Now()-begin, w.svc.Tick()+w.svc.Slack(), "no timeout is paid")
	u.waitState(coord.Closed)
	require.Equal(w, []coord.State{coord.Connected, coord.Closed}, u.states())
}

func closedAnswers(w *world) {
	u := w.first()
	_, tag := u.watch(get(root))
	flying := u.askAll(set(root, "1", coord.AnyVersion), get(root))
	u.closeSession()
	for _, f := range flying {
		if err := u.answer(f).Err; err != nil {
			require.ErrorIs(w, err, coord.ErrClosed)
		}
	}
	require.Contains(w, []coord.EventType{coord.NotWatching, coord.DataChanged}, u.event(tag).Type)
	require.ErrorIs(w, u.do(get(root)).Err, coord.ErrClosed)
}

func dropExpires(w *world) {
	u, other := w.first(), w.user("p2", 20)
	brief := w.user("p3", 4)
	brief.must(createMode(root+"/e", coord.Ephemeral))
	other.sync()
	_, gone := other.watch(exists(root + "/e"))
	begin := w.svc.Now()
	w.svc.Call(brief.name, func() { brief.client.DropSession(brief.session) })
	require.Equal(w, coord.Deleted, other.event(gone).Type)
	took := w.svc.Now() - begin
	tick := w.svc.Tick()
	timeout := brief.waitState(coord.Connected).Timeout
	// The server last heard of the session at most a ping interval, a third
	// of the timeout, before the drop. A follower passes that on within half
	// a tick, and the leader expires sessions at multiples of a tick.
	require.GreaterOrEqual(w, took, timeout-timeout/3-w.svc.Slack())
	require.LessOrEqual(w, took, timeout+tick+tick/2+w.svc.Slack())
	u.sync()
	require.ErrorIs(w, u.do(exists(root+"/e")).Err, coord.ErrNoNode)
}
