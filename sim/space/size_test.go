package space

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/checker/explore"
	"github.com/simctl/simctl/impl/policy"
)

// What a search counts is about what its states take.
func TestTheSizeOfStatesIsWhatTheyTake(t *testing.T) {
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	sys, err := New(Config{
		Masters: 2, Workers: 1, Clients: 1, Jobs: 1, RunFor: 3 * time.Second, Crashes: 1, Cuts: 1, Expiries: 1, InOrder: true, Grain: Reads,
		Horizon: 24 * time.Second, Settled: true, Policy: policy.Hardened,
	})
	require.NoError(t, err)
	before, asked := heap(), false
	_, err = explore.Search(context.Background(), explore.System[*World](sys), explore.Options{MaxStates: 8000, SelfCheck: -1, Progress: func(p explore.Progress) {
		if p.Distinct < 6000 || asked {
			return
		}
		asked = true
		clear(sys.memory.calls)
		took := heap() - before
		require.Greater(t, p.Bytes, took/2)
		require.Less(t, p.Bytes, took*2)
	}})
	require.NoError(t, err)
	require.True(t, asked)
}
