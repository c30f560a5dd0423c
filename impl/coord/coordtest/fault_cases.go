package coordtest

import (
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/coord"
)

// expire ends u's session at the service and waits until u knows.
func (u *user) expire() {
	u.w.Helper()
	u.w.supported(u.w.svc.ExpireSession(u.waitState(coord.Connected).ID))
	u.waitState(coord.Expired)
}

func expiredSays(w *world) {
	u, other := w.first(), w.user("p2", 20)
	u.must(createMode(root+"/e", coord.Ephemeral))
	u.expire()
	for range 3 {
		require.ErrorIs(w, u.do(set(root, "from the grave", coord.AnyVersion)).Err, coord.ErrExpired)
	}
	other.sync()
	require.ErrorIs(w, other.do(exists(root+"/e")).Err, coord.ErrNoNode)
	w.svc.Run(2 * w.svc.Tick())
	states := u.states()
	require.Equal(w, coord.Expired, states[len(states)-1], "nothing follows the end of a session")
	require.Empty(w, other.must(get(root)).Data, "nothing of it runs in another session")
}

func watchesEnd(w *world) {
	u := w.first()
	_, data := u.watch(get(root))
	_, missing := u.watch(exists(root + "/missing"))
	_, kids := u.watch(children(root))
	u.expire()
	for _, tag := range []int{data, missing, kids} {
		require.Equal(w, coord.NotWatching, u.event(tag).Type)
	}
}

func resumes(w *world) {
	u := w.first()
	u.must(createMode(root+"/e", coord.Ephemeral))
	first := u.waitState(coord.Connected)
	for n := range 3 {
		w.supported(w.svc.BreakConnection(u.name))
		u.waitStates(coord.Disconnected, n+1)
		u.waitStates(coord.Connected, n+2)
		u.must(exists(root + "/e"))
	}
	want := coord.Connected
	for _, e := range u.log() {
		if e.State == nil {
			continue
		}
		require.Equal(w, want, e.State.State, "connected and disconnected alternate")
		require.Equal(w, first.ID, e.State.ID)
		if want == coord.Connected {
			want = coord.Disconnected
		} else {
			want = coord.Connected
		}
	}
}

func watchesSurvive(w *world) {
	u, other := w.first(), w.user("p2", 20)
	u.must(create(root+"/a", ""))
	_, data := u.watch(get(root + "/a"))
	_, missing := u.watch(exists(root + "/missing"))
	_, kids := u.watch(children(root + "/a"))
	w.supported(w.svc.BreakConnection(u.name))
	u.waitStates(coord.Connected, 2)
	u.must(get(root))
	for _, tag := range []int{data, missing, kids} {
		u.quiet(tag)
	}
	other.sync()
	other.must(set(root+"/a", "1", coord.AnyVersion))
	other.must(create(root+"/missing", ""))
	other.must(create(root+"/a/b", ""))
	require.Equal(w, coord.DataChanged, u.event(data).Type)
	require.Equal(w, coord.Created, u.event(missing).Type)
	require.Equal(w, coord.ChildrenChanged, u.event(kids).Type)
}

// changeDuringOutage also asks for the changed data in the same event as it
// learns of the reconnection, as a latch does: the watch events come first.
func changeDuringOutage(w *world) {
	other := w.first()
	u := w.user("p2", 8)
	other.must(create(root+"/a", "old"))
	other.must(create(root+"/b", ""))
	u.sync()
	_, data := u.watch(get(root + "/a"))
	_, missing := u.watch(exists(root + "/c"))
	_, gone := u.watch(get(root + "/b"))
	_, kids := u.watch(children(root))
	w.supported(w.svc.Cut(u.name))
	other.must(set(root+"/a", "new", coord.AnyVersion))
	other.must(remove(root + "/b"))
	other.must(create(root+"/c", ""))
	u.waitState(coord.Disconnected)
	w.supported(w.svc.Restore(u.name))
	u.waitStates(coord.Connected, 2)
	u.sync()
	read := u.ask(get(root + "/a"))
	require.Equal(w, "new", string(u.answer(read).Data))
	require.Equal(w, coord.DataChanged, u.event(data).Type)
	require.Equal(w, coord.Created, u.event(missing).Type)
	require.Equal(w, coord.Deleted, u.event(gone).Type)
	require.Equal(w, coord.ChildrenChanged, u.event(kids).Type)
	log := u.log()
	for _, tag := range []int{data, missing, gone, kids} {
		require.Less(w, index(log, tag, false), index(log, read, true))
	}
}

func lossAnswers(w *world) {
	other := w.first()
	u := w.user("p2", 8)
	u.sync()
	w.supported(w.svc.Cut(u.name))
	flying := u.askAll(set(root, "maybe", coord.AnyVersion), get(root), create(root+"/maybe", ""))
	u.waitState(coord.Disconnected)
	for _, f := range flying {
		require.ErrorIs(w, u.answer(f).Err, coord.ErrConnectionLoss)
	}
	log := u.log()
	for i, e := range log {
		if e.State != nil && e.State.State == coord.Disconnected {
			require.Less(w, index(log, flying[2], true), i, "what was asked is answered before the loss is told")
		}
	}
	// What is asked meanwhile is done later, or answered with the same.
	late := u.ask(create(root+"/late", ""))
	w.supported(w.svc.Restore(u.name))
	u.waitStates(coord.Connected, 2)
	if err := u.answer(late).Err; err != nil {
		require.ErrorIs(w, err, coord.ErrConnectionLoss)
	}
	u.must(set(root, "sure", coord.AnyVersion))
	other.sync()
	require.NoError(w, other.do(exists(root)).Err)
}

func cutExpires(w *world) {
	other := w.first()
	u := w.user("p2", 4)
	u.must(createMode(root+"/e", coord.Ephemeral))
	other.sync()
	_, gone := other.watch(exists(root + "/e"))
	w.supported(w.svc.Cut(u.name))
	require.Equal(w, coord.Deleted, other.event(gone).Type)
	w.svc.Run(50 * time.Millisecond)
	require.NotContains(w, u.states(), coord.Expired, "only a server can say so")
	w.supported(w.svc.Restore(u.name))
	u.waitState(coord.Expired)
	require.ErrorIs(w, u.do(get(root)).Err, coord.ErrExpired)
}
