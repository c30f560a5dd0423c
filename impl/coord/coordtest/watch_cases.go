package coordtest

import (
	"fmt"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/coord"
)

// quiet demands that the watch with the tag has not fired. The caller has just
// had an answer that came after whatever could have fired it.
func (u *user) quiet(tag int) {
	u.w.Helper()
	require.Negative(u.w, index(u.log(), tag, false), "watch %d fired", tag)
}

func dataWatchOnce(w *world) {
	u, other := w.first(), w.user("p2", 10)
	u.must(create(root+"/a", ""))
	_, byGet := u.watch(get(root + "/a"))
	other.must(set(root+"/a", "1", coord.AnyVersion))
	require.Equal(w, coord.Event{Type: coord.DataChanged, Path: root + "/a"}, u.event(byGet))
	_, byExists := u.watch(exists(root + "/a"))
	u.must(set(root+"/a", "2", coord.AnyVersion))
	require.Equal(w, coord.Event{Type: coord.DataChanged, Path: root + "/a"}, u.event(byExists))
	u.must(set(root+"/a", "3", coord.AnyVersion))
	u.must(remove(root + "/a"))
	fired := 0
	for _, e := range u.log() {
		if e.Event != nil {
			fired++
		}
	}
	require.Equal(w, 2, fired, "a watch fires once")
}

func existsWatchMissing(w *world) {
	u, other := w.first(), w.user("p2", 10)
	r, tag := u.watch(exists(root + "/a"))
	require.ErrorIs(w, r.Err, coord.ErrNoNode)
	other.must(create(root+"/a", ""))
	require.Equal(w, coord.Event{Type: coord.Created, Path: root + "/a"}, u.event(tag))
	u.sync()
	_, tag = u.watch(exists(root + "/a"))
	other.must(remove(root + "/a"))
	require.Equal(w, coord.Event{Type: coord.Deleted, Path: root + "/a"}, u.event(tag))
}

func getLeavesNoWatch(w *world) {
	u := w.first()
	r, data := u.watch(get(root + "/a"))
	require.ErrorIs(w, r.Err, coord.ErrNoNode)
	_, kids := u.watch(children(root + "/a"))
	u.must(create(root+"/a", ""))
	u.must(create(root+"/a/b", ""))
	u.must(set(root+"/a", "1", coord.AnyVersion))
	u.quiet(data)
	u.quiet(kids)
}

func childWatch(w *world) {
	u := w.first()
	u.must(create(root+"/p", ""))
	u.must(create(root+"/p/a", ""))
	_, tag := u.watch(children(root + "/p"))
	u.must(set(root+"/p", "1", coord.AnyVersion))
	u.must(set(root+"/p/a", "1", coord.AnyVersion))
	u.must(create(root+"/p/a/grandchild", ""))
	u.quiet(tag)
	u.must(create(root+"/p/b", ""))
	require.Equal(w, coord.Event{Type: coord.ChildrenChanged, Path: root + "/p"}, u.event(tag))
	_, tag = u.watch(children(root + "/p"))
	u.must(remove(root + "/p/b"))
	require.Equal(w, coord.Event{Type: coord.ChildrenChanged, Path: root + "/p"}, u.event(tag))
}

func deletionFiresBoth(w *world) {
	u := w.first()
	u.must(create(root+"/a", ""))
	_, data := u.watch(get(root + "/a"))
	_, kids := u.watch(children(root + "/a"))
	_, parent := u.watch(children(root))
	u.must(remove(root + "/a"))
	want := coord.Event{Type: coord.Deleted, Path: root + "/a"}
	require.Equal(w, want, u.event(data))
	require.Equal(w, want, u.event(kids))
	require.Equal(w, coord.Event{Type: coord.ChildrenChanged, Path: root}, u.event(parent))
}

func twoWatches(w *world) {
	u := w.first()
	u.must(create(root+"/a", ""))
	_, one := u.watch(get(root + "/a"))
	_, two := u.watch(exists(root + "/a"))
	_, three := u.watch(get(root + "/a"))
	u.must(set(root+"/a", "1", coord.AnyVersion))
	for _, tag := range []int{one, two, three} {
		require.Equal(w, coord.DataChanged, u.event(tag).Type)
	}
}

// eventBeforeAnswer lets one user watch and read again and again while another
// writes: the event must come before the first answer with the new data.
func eventBeforeAnswer(w *world) {
	u, other := w.first(), w.user("p2", 10)
	u.must(create(root+"/a", "0"))
	other.sync()
	for round := 1; round <= 10; round++ {
		want := fmt.Sprint(round)
		_, tag := u.watch(get(root + "/a"))
		write := other.ask(set(root+"/a", want, coord.AnyVersion))
		var asked []int
		w.until("the new data", u, func() bool {
			asked = append(asked, u.askAll(get(root+"/a"), get(root+"/a"), get(root+"/a"))...)
			return string(u.answer(asked[len(asked)-1]).Data) == want
		})
		require.NoError(w, other.answer(write).Err)
		log := u.log()
		event := index(log, tag, false)
		require.GreaterOrEqual(w, event, 0)
		for _, a := range asked {
			if i := index(log, a, true); string(log[i].Result.Data) == want {
				require.Less(w, event, i, "%v", log)
			}
		}
	}
	w.svc.Run(time.Millisecond)
}
