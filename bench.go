package simctl

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"time"

	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/scenarios"
	"github.com/simctl/simctl/sim/kernel"
)

// A BenchRow is one number of a benchmark. What the project claims is Ratio,
// to the bare loop measured in the same call: machines differ and drift.
type BenchRow struct {
	Name  string
	Value float64 // median of Reps
	Unit  string
	Ratio float64 // to the bare loop's steps/s on one core; 0 if it makes no sense
	Note  string  // what stood beside it
	Wall  time.Duration
}

// benchReps is how often each number is measured; the median counts.
const benchReps = 5

// Bench measures the bare loop, the kernel with a trivial actor, and whole
// worlds at both grains, on one core and on two, each for about d of wall time.
func Bench(ctx context.Context, d time.Duration, each func(BenchRow)) error {
	slot := max(d/benchReps, 50*time.Millisecond)
	bare := benchRow("bare-loop", "steps/s", func() float64 { return bareLoop(slot) })
	bare.Ratio, bare.Note = 1, "hand-written: 4-ary heap of keys, slab of events, one word-mixing digest"
	each(bare)
	k := benchRow("kernel", "steps/s", func() float64 { return kernelLoop(slot) })
	k.Ratio, k.Note = k.Value/bare.Value, "5 actors, each step posts one; keyed draw, fingerprint"
	each(k)
	list, err := scenarios.Lookup(MainScenario)
	if err != nil {
		return err
	}
	for _, grain := range []string{GrainService, GrainEnsemble} {
		for _, jobs := range []int{1, 2} {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := benchWorld(ctx, list, grain, jobs, d, bare.Value, each); err != nil {
				return err
			}
		}
	}
	return nil
}

func benchRow(name, unit string, measure func() float64) BenchRow {
	watch := NewStopwatch()
	var xs []float64
	for range benchReps {
		xs = append(xs, measure())
	}
	slices.Sort(xs)
	return BenchRow{Name: name, Value: xs[len(xs)/2], Unit: unit, Wall: watch.Elapsed()}
}

// benchWorld runs failover/3x3x3 at one grain with judges, fingerprint and history on.
func benchWorld(ctx context.Context, list []scenarios.Scenario, grain string, jobs int, d time.Duration, bare float64, each func(BenchRow)) error {
	o := SweepOptions{Options: Options{Policy: policy.Hardened, Grain: grain}, Jobs: jobs, For: d, Again: 1 << 30}
	s, err := Sweep(ctx, list, Seeds(1, 1<<40), o, nil)
	if err != nil {
		return err
	}
	if s.Runs == 0 {
		return fmt.Errorf("bench: no run of %s in %v", MainScenario, d)
	}
	sc := s.Scenarios[0]
	note := fmt.Sprintf("%d jobs, GOMAXPROCS=%d, %d runs, %d steps a run, median %d failovers and %d acknowledged operations a run, %.1f virtual seconds a run",
		jobs, runtime.GOMAXPROCS(0), s.Runs, s.Steps/uint64(s.Runs), sc.MedianFailovers, sc.MedianAcked,
		float64(s.SimulatedNs)/float64(s.Runs)/1e9)
	name := fmt.Sprintf("%s/%s/jobs=%d", MainScenario, grain, jobs)
	each(BenchRow{Name: name, Value: s.StepsPerSecond(), Unit: "steps/s", Ratio: s.StepsPerSecond() / bare, Note: note, Wall: s.Wall})
	each(BenchRow{Name: name, Value: s.RunsPerSecond(), Unit: "seeds/s", Wall: s.Wall})
	return nil
}

// Seeds yields every seed from first to last.
func Seeds(first, last uint64) iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		for s := first; s <= last && yield(s); s++ {
			continue
		}
	}
}

// trivial is an actor that answers each event with one to another actor after
// 1 to 10 ms of virtual time.
type trivial struct {
	k   *kernel.Kernel
	key kernel.Key
	n   uint64
}

// Handle implements kernel.Handler.
func (t *trivial) Handle(e *kernel.Event) {
	t.n++
	x := t.k.Draw(t.key, t.n)
	t.k.Post(t.k.Now()+1_000_000+int64(x%9_000_000), kernel.Event{
		Actor: kernel.ActorID(x%5 + 1), Kind: kernel.Message, A: t.n, Name: "ball", Sum: x,
	})
}

// kernelLoop returns the kernel's steps per second of wall time.
func kernelLoop(d time.Duration) float64 {
	k := newTrivial()
	watch := NewStopwatch()
	for watch.Elapsed() < d {
		k.Run(k.Now() + 1_000_000_000)
	}
	return float64(k.Steps()) / watch.Elapsed().Seconds()
}

// newTrivial returns a kernel in which five trivial actors are busy.
func newTrivial() *kernel.Kernel {
	k := kernel.New(1, nil)
	for i := range uint64(5) {
		t := &trivial{k: k, key: kernel.KeyOf("trivial", i)}
		a := k.AddActor(fmt.Sprint("a", i), t)
		for j := range uint64(10) {
			k.Post(int64(j), kernel.Event{Actor: a, Kind: kernel.Message, Name: "ball", Sum: i<<8 | j})
		}
	}
	return k
}
