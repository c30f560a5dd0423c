package twin_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/sim/kernel"
	"github.com/simctl/simctl/sim/twin"
)

// leaky is a process with a mistake: from some step on it tells its peers in the
// order of a map.
type leaky struct {
	k     *kernel.Kernel
	self  kernel.ActorID
	after uint64
	peers map[string]bool
	told  []trace.Event
	notes bool // the order is in what it notes only
}

func (l *leaky) Handle(e *kernel.Event) {
	switch {
	case e.Kind == kernel.Message:
		return
	case l.k.Steps() >= l.after:
		first := ""
		for p := range l.peers {
			first = p
			break
		}
		l.tell(first)
	default:
		l.tell("p1")
	}
	l.k.Post(l.k.Now()+10, kernel.Event{Actor: l.self, Kind: kernel.Timer, Name: "tick"})
}

func (l *leaky) tell(peer string) {
	sum := uint64(kernel.KeyOf(peer))
	if l.notes {
		l.told = append(l.told, trace.Event{Step: l.k.Steps(), At: l.k.Now(), Process: "leaky", Kind: trace.Failed, Value: peer})
		l.k.Observe(sum)
		return
	}
	l.k.Post(l.k.Now()+1, kernel.Event{Actor: l.self, Kind: kernel.Message, Name: "tell " + peer, Sum: sum})
}

// run runs the leaky process for about 9,000 steps.
func run(after uint64, notes bool) func(w twin.Window) (*twin.Run, error) {
	return func(w twin.Window) (*twin.Run, error) {
		l := &leaky{after: after, notes: notes, peers: map[string]bool{}}
		for i := range 8 {
			l.peers[fmt.Sprint("p", i)] = true
		}
		l.k = kernel.New(1, l)
		l.self = l.k.AddActor("leaky", l)
		r := &twin.Run{}
		l.k.OnStep = func(s *trace.Step) {
			if s.N >= w.First && s.N <= w.Last {
				r.Trace = append(r.Trace, *s)
			}
		}
		l.k.Post(0, kernel.Event{Actor: l.self, Kind: kernel.Timer, Name: "tick"})
		l.k.Run(45_000)
		r.Fingerprint, r.Checkpoints, r.Steps, r.Events = l.k.Fingerprint(), l.k.Checkpoints(), l.k.Steps(), l.told
		return r, nil
	}
}

// pair runs until two runs differ: a map's order may be the same by chance.
func pair(t *testing.T, again func(w twin.Window) (*twin.Run, error)) (a, b *twin.Run) {
	for range 20 {
		a, _ = again(twin.Window{})
		b, _ = again(twin.Window{})
		if !twin.Same(a, b) {
			return a, b
		}
	}
	t.Fatal("a map's order did not show in 20 pairs of runs")
	return nil, nil
}

func TestALeakOfAMapsOrderIsFoundAndNamed(t *testing.T) {
	again := run(5001, false)
	a, b := pair(t, again)
	w := twin.Suspect(a, b, kernel.CheckpointEvery)
	require.Equal(t, twin.Window{First: 4097, Last: 5120}, w, "four checkpoints are the same")
	text := twin.Differ(a, b, kernel.CheckpointEvery, again)
	require.Regexp(t, `(?s)^first difference in step 50\d\d\n  a: step 50\d\d at .*: leaky message tell p\d .*\n  b: step 50\d\d at .*: leaky message tell p\d .*$`, text)
}

func TestALeakIntoWhatIsNotedIsNamedToo(t *testing.T) {
	again := run(2001, true)
	a, b := pair(t, again)
	text := twin.Differ(a, b, kernel.CheckpointEvery, again)
	require.Regexp(t, `^first difference in what step \d+ tells\n  a: .* leaky#0 failed p\d step=\d+`, text)
}

func TestRunsThatAreTheSameAre(t *testing.T) {
	again := run(1<<60, false)
	a, _ := again(twin.Window{})
	procs := runtime.GOMAXPROCS(0)
	var b *twin.Run
	twin.Elsewhere(func() {
		require.Equal(t, twin.Procs, runtime.GOMAXPROCS(0))
		b, _ = again(twin.Window{})
	})
	require.Equal(t, procs, runtime.GOMAXPROCS(0))
	require.True(t, twin.Same(a, b))
	require.Contains(t, twin.Differ(a, b, kernel.CheckpointEvery, again), "8 more pairs of runs did not differ there")
}
