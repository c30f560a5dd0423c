package live_test

import (
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/live"
	"github.com/simctl/simctl/impl/live/lab/link"
)

// A writer keeps eight numbered writes of one znode under way, and a watch on
// it, whatever happens to the connection.
type writer struct {
	probe
	session coord.Session
	asked   int64
	answers []answer
	events  int
	states  []coord.State
}

type answer struct {
	n, zxid int64
	err     error
}

func (w *writer) changed(_ int, s coord.StateChange) { w.states = append(w.states, s.State) }

func (w *writer) write() {
	w.asked++
	data := binary.BigEndian.AppendUint64(nil, uint64(w.asked))
	coord.Do(coord.Of(w.h), w.session, coord.Op{Kind: coord.Set, Path: "/n", Data: data, Version: coord.AnyVersion}, (*writer).wrote, w.asked)
}

func (w *writer) wrote(n int64, r coord.Result) {
	w.answers = append(w.answers, answer{n, r.Zxid, r.Err})
	w.write()
}

func (w *writer) watch() {
	coord.Watch(coord.Of(w.h), w.session, coord.Op{Kind: coord.Get, Path: "/n"}, (*writer).looked, (*writer).saw, 0)
}

func (w *writer) looked(_ int, r coord.Result) {
	if r.Err != nil {
		w.watch()
	}
}

func (w *writer) saw(int, coord.Event) {
	w.events++
	w.watch()
}

func TestOperationsAreAnsweredOnceAndInOrderWhateverBreaks(t *testing.T) {
	t.Parallel()
	e := startZooKeeper(t, 1)
	px, err := link.NewProxy(e.Addrs()[0])
	require.NoError(t, err)
	defer px.Close()
	clean(t, e.Addrs(), "/n")
	w := &writer{}
	h := runProcess(t, live.Options{Self: "w"}, w)
	require.NoError(t, h.Call(func() {
		w.session = h.OpenSession(coord.Options{Servers: []host.Addr{px.Addr()}, Timeout: 5 * time.Second},
			host.BindResult((*writer).changed, 0))
		coord.Do(h, w.session, coord.Op{Kind: coord.Create, Path: "/n"}, (*writer).wrote, 0)
		for range 7 {
			w.write()
		}
		w.watch()
	}))
	const breaks = 20
	for i := range breaks {
		reached := func(n int) func() bool {
			return func() (ok bool) {
				require.NoError(t, h.Call(func() { ok = successes(w.answers) >= n }))
				return ok
			}
		}
		require.Eventually(t, reached(20*(i+1)), 20*time.Second, time.Millisecond)
		px.Reset()
	}
	require.NoError(t, h.Call(func() {
		require.Equal(t, coord.Connected, w.states[0])
		for i, s := range w.states {
			require.Equal(t, []coord.State{coord.Connected, coord.Disconnected}[i%2], s)
		}
		require.Greater(t, w.events, breaks)
		last := int64(0)
		for i, a := range w.answers {
			require.Equal(t, int64(i), a.n, "each is answered once, in order")
			if a.err != nil {
				require.ErrorIs(t, a.err, coord.ErrConnectionLoss)
				continue
			}
			require.Greater(t, a.zxid, last, "in the order of their transactions")
			last = a.zxid
		}
		t.Logf("%d writes, %d events", w.asked, w.events)
	}))
}

func successes(answers []answer) (n int) {
	for _, a := range answers {
		if a.err == nil {
			n++
		} else if !errors.Is(a.err, coord.ErrConnectionLoss) {
			return -1
		}
	}
	return n
}
