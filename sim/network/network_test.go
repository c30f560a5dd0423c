package network

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/kernel"
)

// watcher is an actor that writes down when what arrived.
type watcher struct {
	k   *kernel.Kernel
	n   *Net
	end End
	log []arrival
}

type arrival struct {
	at   int64
	kind kernel.Kind
	sum  uint64
}

func (w *watcher) Handle(e *kernel.Event) {
	if w.n.Arrive(e) {
		w.log = append(w.log, arrival{w.k.Now(), e.Kind, e.Sum})
	}
}

func watchers(seed uint64, d Delay, names ...string) (*kernel.Kernel, *Net, []*watcher) {
	k := kernel.New(seed, nil)
	n := New(k, Config{Delay: d})
	var ws []*watcher
	for _, name := range names {
		w := &watcher{k: k, n: n}
		w.end = End{Machine: n.AddMachine(name), Actor: k.AddActor(name, w)}
		if err := n.Listen(w.end, host.Addr(name+":1"), nil); err != nil {
			panic(err)
		}
		ws = append(ws, w)
	}
	return k, n, ws
}

var usual = Delay{Min: 1000, Max: 9000, Tail: 50_000, TailMax: 90_000}

func TestTrafficElsewhereChangesNoDelay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		run := func(noise []int) []arrival {
			k, n, ws := watchers(seed, usual, "a", "b", "c")
			var other host.ConnID
			for _, x := range noise {
				if x == 0 || other == 0 {
					other = n.Dial(ws[2].end, "b:1", nil)
				}
				n.Send(ws[2].end, other, number(x))
			}
			c := n.Dial(ws[0].end, "b:1", nil)
			for i := range 20 {
				k.Run(int64(i+1) * 20_000)
				n.Send(ws[0].end, c, number(i))
				if len(noise) > i {
					n.Send(ws[2].end, other, number(noise[i]))
					n.Dial(ws[1].end, "a:1", nil)
				}
			}
			k.Run(int64(time.Second))
			return ws[1].log
		}
		quiet, loud := run(nil), run(rapid.SliceOfN(rapid.IntRange(0, 3), 1, 20).Draw(t, "noise"))
		have := map[arrival]bool{}
		for _, x := range loud {
			have[x] = true
		}
		require.Len(t, quiet, 21)
		for _, x := range quiet {
			require.True(t, have[x], "%v is not among what the loud run had", x)
		}
	})
}

func TestDelaysAreWithinTheirBoundsAndHaveATail(t *testing.T) {
	k, n, ws := watchers(1, usual, "a", "b")
	c := n.Dial(ws[0].end, "b:1", nil)
	k.Run(1_000_000)
	var tail, low, high int
	for range 4000 {
		sent := k.Now()
		before := len(ws[1].log)
		n.Send(ws[0].end, c, number(0))
		k.Run(sent + 100_000)
		require.Len(t, ws[1].log, before+1)
		switch d := ws[1].log[before].at - sent; {
		case d > usual.Max:
			tail++
			require.LessOrEqual(t, d, usual.TailMax)
		case d < (usual.Min+usual.Max)/2:
			low++
			require.GreaterOrEqual(t, d, usual.Min)
		default:
			high++
		}
	}
	require.InDelta(t, 200, tail, 60, "5 % of them")
	require.InDelta(t, low, high, 300)
}

func TestSlotsAreUsedAgainAndNumbersAreNot(t *testing.T) {
	k, n, ws := watchers(1, usual, "a", "b")
	seen := map[host.ConnID]bool{}
	last := host.ConnID(0)
	for range 20_000 {
		c := n.Dial(ws[0].end, "b:1", nil)
		require.False(t, seen[c])
		require.Greater(t, c, last, "numbers are in the order of dialling")
		seen[c], last = true, c
		n.Send(ws[0].end, c, number(1))
		k.Run(k.Now() + 1_000_000)
		n.Send(ws[0].end, c, number(2))
		n.Close(ws[0].end, c)
		k.Run(k.Now() + 1_000_000)
	}
	require.Less(t, len(n.conns), 3)
	require.Len(t, n.free, len(n.conns))
	require.Len(t, ws[1].log, 4*20_000)
}

func TestFloodsKeepTheirOrderAndTheirMemory(t *testing.T) {
	k, n, ws := watchers(1, usual, "a", "b")
	c := n.Dial(ws[0].end, "b:1", nil)
	k.Run(1_000_000)
	for i := range 50_000 {
		n.Send(ws[0].end, c, number(i))
		k.Run(k.Now() + 100)
	}
	k.Run(k.Now() + 1_000_000)
	require.Len(t, ws[1].log, 50_001)
	for i, x := range ws[1].log[1:] {
		require.Greater(t, x.at, ws[1].log[i].at, "no two arrivals of a stream at one instant")
	}
	require.Less(t, cap(n.find(uint64(c)).dir[0].flight.refs), 4096)
}

func TestReachableIsDirectedAndNeedsBothMachines(t *testing.T) {
	_, n, ws := watchers(1, usual, "a", "b")
	a, b := ws[0].end.Machine, ws[1].end.Machine
	require.True(t, n.Reachable(a, b))
	n.Cut(a, b)
	n.Cut(a, b)
	n.Cut(a, a)
	n.Heal(a, b)
	require.False(t, n.Reachable(a, b))
	require.True(t, n.Reachable(b, a))
	require.True(t, n.Reachable(a, a))
	n.Heal(a, b)
	require.True(t, n.Reachable(a, b))
	n.SetMachine(b, false)
	require.False(t, n.Reachable(a, b))
	require.False(t, n.Reachable(b, a))
	require.False(t, n.Reachable(b, b))
}

func TestFaultsThatNeverBeganCannotEnd(t *testing.T) {
	_, n, ws := watchers(1, usual, "a", "b")
	a, b := ws[0].end.Machine, ws[1].end.Machine
	n.Cut(b, a)
	n.Stall(a, b)
	n.Unstall(b, a)
	bug := kernel.Bug("network: a to b is not cut")
	require.PanicsWithValue(t, bug, func() { n.Heal(a, b) })
	bug = "network: a and b are not stalled"
	require.PanicsWithValue(t, bug, func() { n.Unstall(a, b) })
	require.Panics(t, func() { n.AddMachine("a") })
}

func TestMachinesAreFoundByName(t *testing.T) {
	_, n, ws := watchers(1, usual, "a")
	m, ok := n.Machine("a")
	require.True(t, ok)
	require.Equal(t, ws[0].end.Machine, m)
	_, ok = n.Machine("b")
	require.False(t, ok)
}

func TestAnEndCannotUseWhatIsNotItsOwn(t *testing.T) {
	k, n, ws := watchers(1, usual, "a", "b", "c")
	c := n.Dial(ws[0].end, "b:1", nil)
	k.Run(1_000_000)
	n.Send(ws[2].end, c, number(1))
	n.Close(ws[2].end, c)
	n.Send(ws[0].end, 0, number(1))
	n.Send(ws[0].end, c+2, number(1))
	later := ws[0].end
	later.Inc++
	n.Send(later, c, number(1))
	k.Run(2_000_000)
	require.Len(t, ws[1].log, 1)
	n.Send(ws[0].end, c, number(1))
	k.Run(3_000_000)
	require.Len(t, ws[1].log, 2)
}
