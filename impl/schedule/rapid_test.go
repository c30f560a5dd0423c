package schedule_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/simctl/simctl/impl/schedule"
)

func drawWorkers(t *rapid.T) []schedule.Worker {
	n := rapid.IntRange(0, 6).Draw(t, "workers")
	out := make([]schedule.Worker, n)
	for i := range out {
		out[i] = schedule.Worker{ID: fmt.Sprintf("w%d", i),
			Cores:  rapid.Int64Range(0, 20).Draw(t, "cores"),
			Memory: rapid.Int64Range(0, 4096).Draw(t, "memory")}
	}
	return out
}

func drawApp(t *rapid.T) schedule.App {
	return schedule.App{
		Unit:      rapid.Int64Range(0, 6).Draw(t, "unit"),
		Memory:    rapid.Int64Range(0, 1500).Draw(t, "executor memory"),
		CoresLeft: rapid.OneOf(rapid.Int64Range(0, 60), rapid.Just(int64(schedule.NoLimit))).Draw(t, "left"),
		Limit:     rapid.OneOf(rapid.Int64Range(0, 8), rapid.Just(int64(schedule.NoLimit))).Draw(t, "limit"),
		Have:      rapid.Int64Range(0, 4).Draw(t, "have"),
	}
}

// Nothing is given that is not there, wanted or in whole executors, whatever
// the order; and nothing more could be given.
func TestExecutorsNeverOverCapacityAndNeverIdle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		app, pool := drawApp(t), drawWorkers(t)
		spread := rapid.Bool().Draw(t, "spread out")
		unit := max(app.Unit, 1)
		gave := schedule.Executors(app, pool, spread)
		require.Equal(t, gave, schedule.Executors(app, pool, spread), "a pure function")
		var total, execs int64
		for i, w := range pool {
			n := int64(len(schedule.Split(gave[i], app.Unit)))
			require.LessOrEqual(t, gave[i], w.Cores)
			require.LessOrEqual(t, n*app.Memory, w.Memory)
			require.Zero(t, gave[i]%unit, "whole executors")
			if app.Unit == 0 {
				require.LessOrEqual(t, n, int64(1), "one executor a worker")
			}
			total += gave[i]
			execs += n
		}
		require.LessOrEqual(t, total, app.CoresLeft)
		require.LessOrEqual(t, execs, max(0, app.Limit-app.Have))
		if app.CoresLeft-total < unit {
			return
		}
		for i, w := range pool {
			left := schedule.Worker{Cores: w.Cores - gave[i], Memory: w.Memory - int64(len(schedule.Split(gave[i], app.Unit)))*app.Memory}
			grows := app.Unit == 0 && gave[i] > 0 && left.Cores > 0
			fits := (app.Unit > 0 || gave[i] == 0) && app.Fits(left) && app.Have+execs < app.Limit
			require.False(t, grows || fits, "worker %d could have been given more", i)
		}
	})
}

// Spread out, two workers differ by one unit at most unless the one with less
// could take no more; filled, only one worker that could take more got a part.
func TestSpreadOutIsEvenAndFillIsNot(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		app, pool := drawApp(t), drawWorkers(t)
		app.Limit, app.Memory = schedule.NoLimit, 0
		unit := max(app.Unit, 1)
		gave := schedule.Executors(app, pool, true)
		for i := range pool {
			for j := range pool {
				if gave[i] > gave[j]+unit {
					require.Less(t, pool[j].Cores-gave[j], unit, "worker %d got %d, %d got %d", i, gave[i], j, gave[j])
				}
			}
		}
		partly := 0
		for i, cores := range schedule.Executors(app, pool, false) {
			if cores > 0 && pool[i].Cores-cores >= unit {
				partly++
			}
		}
		require.LessOrEqual(t, partly, 1)
	})
}

func TestDriversNeverOverCapacityAndNeverIdle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pool := drawWorkers(t)
		waiting := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) schedule.Driver {
			return schedule.Driver{Cores: rapid.Int64Range(0, 8).Draw(t, "cores"), Memory: rapid.Int64Range(0, 2000).Draw(t, "memory")}
		}), 0, 8).Draw(t, "waiting")
		rule := schedule.Rule{SpreadOut: rapid.Bool().Draw(t, "spread out"), Next: rapid.IntRange(0, 9).Draw(t, "next"),
			Room: rapid.Int64Range(0, 9).Draw(t, "room")}
		at, _ := schedule.Drivers(waiting, pool, rule)
		left := append([]schedule.Worker(nil), pool...)
		placed := int64(0)
		for i, n := range at {
			if n < 0 {
				continue
			}
			placed++
			left[n].Cores -= waiting[i].Cores
			left[n].Memory -= waiting[i].Memory
			require.GreaterOrEqual(t, left[n].Cores, int64(0))
			require.GreaterOrEqual(t, left[n].Memory, int64(0))
		}
		require.LessOrEqual(t, placed, rule.Room)
		for i, n := range at {
			for _, w := range left {
				fits := w.Cores >= waiting[i].Cores && w.Memory >= waiting[i].Memory
				require.False(t, n < 0 && fits && placed < rule.Room, "driver %d waits though it fits on %s", i, w.ID)
			}
		}
	})
}

// Each policy gives every worker once, and no worker stands behind one that it
// beats.
func TestOrderIsTotal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pool := drawWorkers(t)
		p, _ := schedule.ParsePolicy(rapid.SampledFrom(schedule.Policies()).Draw(t, "policy"))
		seen := map[int]bool{}
		order := schedule.Order(p, pool)
		for k, i := range order {
			require.False(t, seen[i])
			seen[i] = true
			if k == 0 {
				continue
			}
			a, b := pool[order[k-1]], pool[i]
			switch p {
			case schedule.CoresFreeDesc:
				require.True(t, a.Cores > b.Cores || a.Cores == b.Cores && a.ID > b.ID)
			case schedule.CoresFreeAsc:
				require.True(t, a.Cores < b.Cores || a.Cores == b.Cores && a.ID < b.ID)
			case schedule.MemoryFreeDesc:
				require.True(t, a.Memory > b.Memory || a.Memory == b.Memory && a.ID > b.ID)
			case schedule.MemoryFreeAsc:
				require.True(t, a.Memory < b.Memory || a.Memory == b.Memory && a.ID < b.ID)
			default:
				require.Less(t, a.ID, b.ID)
			}
		}
		require.Len(t, seen, len(pool))
	})
}
