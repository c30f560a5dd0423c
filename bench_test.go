package simctl

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/scenarios"
	"github.com/simctl/simctl/sim/cluster"
)

// yardstick is how long the bare loop runs beside each benchmark.
const yardstick = 200 * time.Millisecond

func BenchmarkBareLoop(b *testing.B) {
	for b.Loop() {
		b.ReportMetric(bareLoop(yardstick), "steps/s")
	}
}

// The kernel with an actor that only posts.
func BenchmarkKernel(b *testing.B) {
	bare := bareLoop(yardstick)
	b.ReportAllocs()
	k := newTrivial()
	for b.Loop() {
		k.Run(k.Now() + 1_000_000)
	}
	report(b, float64(k.Steps())/b.Elapsed().Seconds(), bare)
}

func report(b *testing.B, steps, bare float64) {
	b.ReportMetric(steps, "steps/s")
	b.ReportMetric(steps/bare, "of-bare-loop")
}

// Whole runs of the main job with judges, fingerprint and history on: one
// operation is one seed. The collector is tuned as simctl sweep tunes it.
func BenchmarkMainScenario(b *testing.B) {
	defer debug.SetGCPercent(debug.SetGCPercent(800))
	list, err := scenarios.Lookup(MainScenario)
	require.NoError(b, err)
	for _, x := range []struct {
		grain string
		jobs  int
	}{{GrainService, 1}, {GrainService, 2}, {GrainEnsemble, 1}, {GrainEnsemble, 2}} {
		b.Run(fmt.Sprintf("grain=%s/jobs=%d", x.grain, x.jobs), func(b *testing.B) {
			jobs := x.jobs
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(jobs))
			bare := bareLoop(yardstick)
			b.ReportAllocs()
			b.ResetTimer()
			o := SweepOptions{Options: Options{Policy: policy.Hardened, Grain: x.grain}, Jobs: jobs, Again: 1 << 30}
			s, err := Sweep(context.Background(), list, Seeds(1, uint64(b.N)), o, nil)
			b.StopTimer()
			require.NoError(b, err)
			require.Equal(b, b.N, s.Runs)
			report(b, s.StepsPerSecond(), bare)
			b.ReportMetric(s.RunsPerSecond(), "seeds/s")
			b.ReportMetric(float64(s.Steps)/float64(s.Runs), "steps/run")
			b.ReportMetric(float64(s.Failovers)/float64(s.Runs), "failovers/run")
			b.ReportMetric(float64(s.Acked)/float64(s.Runs), "acked/run")
		})
	}
}

// An ensemble of servers that are processes may cost three times the steps of
// the service that answers for them.
func TestTheEnsembleCostsThreeTimesTheServicesStepsAtMost(t *testing.T) {
	list, err := scenarios.Lookup(MainScenario)
	require.NoError(t, err)
	steps := func(grain string) uint64 {
		o := SweepOptions{Options: Options{Policy: policy.Hardened, Grain: grain}, Again: 1 << 30}
		s, err := Sweep(context.Background(), list, Seeds(1, 20), o, nil)
		require.NoError(t, err)
		require.Equal(t, 20, s.Runs)
		return s.Steps
	}
	service, ensemble := steps(GrainService), steps(GrainEnsemble)
	require.Greater(t, ensemble, service, "the servers' own messages are steps")
	require.LessOrEqual(t, ensemble, 3*service)
}

// liveHeap is the heap in use after a collection, in bytes.
func liveHeap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestTenMillionKernelStepsNeedTheMemoryOfOneMillion(t *testing.T) {
	k := newTrivial()
	heap := func(steps uint64) uint64 {
		for k.Steps() < steps {
			k.Run(k.Now() + 100_000_000)
		}
		return liveHeap()
	}
	first := heap(1_000_000)
	last := heap(10_000_000)
	require.LessOrEqual(t, last, first+first/2, "live bytes")
	runtime.KeepAlive(k)
}

// A quiet cluster lives through ten million steps: but for the events that it
// records, it holds what it held after one million.
func TestALongRunNeedsTheMemoryOfAShortOne(t *testing.T) {
	if testing.Short() {
		t.Skip("ten million steps of a whole world")
	}
	s := quietCluster(t)
	run := func(safety time.Duration) (bytes, events, steps uint64) {
		s.Safety = safety
		observe := func(e *trace.Event) {
			events++
			if e.Kind == trace.Ended {
				bytes = liveHeap()
			}
		}
		rec, err := cluster.Run(s, cluster.Options{Seed: 7, Policy: policy.Hardened, Observers: []func(*trace.Event){observe}})
		require.NoError(t, err)
		return bytes, events, rec.Steps
	}
	first, _, few := run(14 * time.Hour)
	last, events, many := run(140 * time.Hour)
	require.Greater(t, few, uint64(1_000_000))
	require.Greater(t, many, uint64(10_000_000))
	room := events * uint64(unsafe.Sizeof(trace.Event{})) * 3 / 2 // a slice that grows by a quarter has some to spare
	require.LessOrEqual(t, last, first+room, "live bytes")
}

// A sweep holds what its runs at a time need, however many it has made.
func TestASweepNeedsTheMemoryOfItsRunsAtATime(t *testing.T) {
	if testing.Short() {
		t.Skip("four million steps of whole worlds")
	}
	list, err := scenarios.Lookup(MainScenario)
	require.NoError(t, err)
	var first, last, steps uint64
	o := SweepOptions{Options: Options{Policy: policy.Hardened}, Jobs: 1, Again: 1 << 30}
	o.Stop = func(r *Result) bool {
		steps += r.Steps
		if first == 0 && steps > 400_000 {
			first = liveHeap()
		}
		return steps > 4_000_000
	}
	_, err = Sweep(context.Background(), list, Seeds(1, 1<<40), o, nil)
	require.NoError(t, err)
	last = liveHeap()
	require.LessOrEqual(t, last, 2*first, "live bytes")
}

// quietCluster is the main scenario's machines with nothing to do.
func quietCluster(t *testing.T) scenarios.Scenario {
	list, err := scenarios.Lookup(MainScenario)
	require.NoError(t, err)
	s := list[0]
	s.Name, s.Faults, s.Ops, s.Clients, s.Work = "test/quiet", nil, nil, 0, scenarios.Work{}
	return s
}
