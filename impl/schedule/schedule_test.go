package schedule_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/schedule"
)

// workers makes w0, w1, ... of cores and MiB in pairs.
func workers(free ...int64) []schedule.Worker {
	var out []schedule.Worker
	for i := 0; i < len(free); i += 2 {
		out = append(out, schedule.Worker{ID: fmt.Sprintf("w%d", i/2), Cores: free[i], Memory: free[i+1]})
	}
	return out
}

func TestExecutors(t *testing.T) {
	four := workers(16, 4096, 16, 4096, 16, 4096, 16, 4096)
	three := workers(10, 4096, 10, 4096, 10, 4096)
	tests := []struct {
		name    string
		app     schedule.App
		workers []schedule.Worker
		spread  []int64 // cores given with spreadOut
		fill    []int64 // and without
	}{
		{"SPARK-8881: three of 16 cores on four workers, not 12 cores everywhere",
			schedule.App{Unit: 16, Memory: 512, CoresLeft: 48, Limit: schedule.NoLimit}, four,
			[]int64{16, 16, 16, 0}, []int64{16, 16, 16, 0}},
		{"no unit: one core after the other",
			schedule.App{Memory: 512, CoresLeft: 48, Limit: schedule.NoLimit}, four,
			[]int64{12, 12, 12, 12}, []int64{16, 16, 16, 0}},
		{"all cores when there is no maximum",
			schedule.App{Memory: 1024, CoresLeft: schedule.NoLimit, Limit: schedule.NoLimit}, three,
			[]int64{10, 10, 10}, []int64{10, 10, 10}},
		{"a maximum that does not divide",
			schedule.App{Memory: 1024, CoresLeft: 16, Limit: schedule.NoLimit}, three,
			[]int64{6, 5, 5}, []int64{10, 6, 0}},
		{"units leave a rest",
			schedule.App{Unit: 3, Memory: 256, CoresLeft: 100, Limit: schedule.NoLimit}, three,
			[]int64{9, 9, 9}, []int64{9, 9, 9}},
		{"a maximum in units",
			schedule.App{Unit: 3, Memory: 256, CoresLeft: 20, Limit: schedule.NoLimit}, three,
			[]int64{6, 6, 6}, []int64{9, 9, 0}},
		{"memory for two executors of each",
			schedule.App{Unit: 2, Memory: 2000, CoresLeft: 100, Limit: schedule.NoLimit}, three,
			[]int64{4, 4, 4}, []int64{4, 4, 4}},
		{"memory counts once where an executor may have any number of cores",
			schedule.App{Memory: 4096, CoresLeft: 100, Limit: schedule.NoLimit}, three,
			[]int64{10, 10, 10}, []int64{10, 10, 10}},
		{"one executor asked for: it gets all the cores of one worker",
			schedule.App{Memory: 512, CoresLeft: 100, Limit: 1}, three,
			[]int64{10, 0, 0}, []int64{10, 0, 0}},
		{"none asked for",
			schedule.App{Memory: 512, CoresLeft: 100, Limit: 0}, three,
			[]int64{0, 0, 0}, []int64{0, 0, 0}},
		{"three asked for in units of 3",
			schedule.App{Unit: 3, Memory: 512, CoresLeft: 100, Limit: 3}, three,
			[]int64{3, 3, 3}, []int64{9, 0, 0}},
		{"two of three are there already",
			schedule.App{Unit: 3, Memory: 512, CoresLeft: 100, Limit: 3, Have: 2}, three,
			[]int64{3, 0, 0}, []int64{3, 0, 0}},
		{"more than asked for are there",
			schedule.App{Unit: 3, Memory: 512, CoresLeft: 100, Limit: 1, Have: 2}, three,
			[]int64{0, 0, 0}, []int64{0, 0, 0}},
		{"less left than a unit",
			schedule.App{Unit: 4, Memory: 512, CoresLeft: 3, Limit: schedule.NoLimit}, three,
			[]int64{0, 0, 0}, []int64{0, 0, 0}},
		{"nothing left",
			schedule.App{Memory: 512, Limit: schedule.NoLimit}, three,
			[]int64{0, 0, 0}, []int64{0, 0, 0}},
		{"uneven workers",
			schedule.App{Memory: 512, CoresLeft: 9, Limit: schedule.NoLimit}, workers(8, 1024, 2, 1024, 1, 1024),
			[]int64{6, 2, 1}, []int64{8, 1, 0}},
		{"no worker", schedule.App{Unit: 1, CoresLeft: 9, Limit: schedule.NoLimit}, nil, []int64{}, []int64{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.spread, schedule.Executors(tt.app, tt.workers, true), "spread out")
			require.Equal(t, tt.fill, schedule.Executors(tt.app, tt.workers, false), "filled")
		})
	}
}

func TestSplit(t *testing.T) {
	for _, tt := range []struct {
		cores, unit int64
		want        []int64
	}{
		{0, 2, nil}, {0, 0, nil}, {6, 2, []int64{2, 2, 2}}, {16, 16, []int64{16}}, {7, 0, []int64{7}},
	} {
		require.ElementsMatch(t, tt.want, schedule.Split(tt.cores, tt.unit), "%d by %d", tt.cores, tt.unit)
	}
}

func TestOrder(t *testing.T) {
	pool := []schedule.Worker{{ID: "b", Cores: 4, Memory: 100}, {ID: "a", Cores: 4, Memory: 300}, {ID: "d", Cores: 2, Memory: 200}, {ID: "c", Cores: 8, Memory: 200}}
	for _, tt := range []struct{ policy, want string }{
		{"CORES_FREE_DESC", "c b a d"}, // b before a: turned round with the rest
		{"CORES_FREE_ASC", "d a b c"},
		{"MEMORY_FREE_DESC", "a d c b"},
		{"MEMORY_FREE_ASC", "b c d a"},
		{"WORKER_ID", "a b c d"},
	} {
		p, ok := schedule.ParsePolicy(tt.policy)
		require.True(t, ok, tt.policy)
		require.Equal(t, tt.policy, p.String())
		got := ""
		for _, i := range schedule.Order(p, pool) {
			got += " " + pool[i].ID
		}
		require.Equal(t, " "+tt.want, got, tt.policy)
	}
	_, ok := schedule.ParsePolicy("cores_free_desc")
	require.False(t, ok)
	require.Len(t, schedule.Policies(), 5)
	require.Equal(t, "CORES_FREE_DESC", schedule.Policy(0).String())
}

func TestUsableLeavesOutWhereNoExecutorFits(t *testing.T) {
	pool := workers(1, 4096, 4, 100, 4, 4096, 6, 512)
	usable, at := schedule.Usable(schedule.App{Unit: 2, Memory: 512}, schedule.CoresFreeDesc, pool)
	require.Equal(t, []int{3, 2}, at)
	require.Equal(t, []schedule.Worker{pool[3], pool[2]}, usable)
}

func TestDrivers(t *testing.T) {
	one := schedule.Driver{Cores: 1, Memory: 512}
	big := schedule.Driver{Cores: 9, Memory: 512}
	three := []schedule.Worker{{ID: "c", Cores: 2, Memory: 4096}, {ID: "a", Cores: 2, Memory: 4096}, {ID: "b", Cores: 2, Memory: 4096}}
	tests := []struct {
		name    string
		waiting []schedule.Driver
		workers []schedule.Worker
		rule    schedule.Rule
		at      []int
		next    int
	}{
		{"spread out goes round", []schedule.Driver{one, one, one, one}, three,
			schedule.Rule{SpreadOut: true, Room: 9}, []int{0, 1, 2, 0}, 1},
		{"on from where it stopped", []schedule.Driver{one, one}, three,
			schedule.Rule{SpreadOut: true, Next: 2, Room: 9}, []int{2, 0}, 1},
		{"over those that are full", []schedule.Driver{one, one}, workers(0, 4096, 5, 4096, 5, 100),
			schedule.Rule{SpreadOut: true, Room: 9}, []int{1, 1}, 2},
		{"memory counts", []schedule.Driver{one, one, one}, workers(9, 600, 9, 600),
			schedule.Rule{SpreadOut: true, Room: 9}, []int{0, 1, -1}, 0},
		{"one that fits nowhere lets the next by", []schedule.Driver{big, one}, three,
			schedule.Rule{SpreadOut: true, Next: 1, Room: 9}, []int{-1, 1}, 2},
		{"not spread out: by ID, first fit", []schedule.Driver{one, one, one}, three,
			schedule.Rule{Next: 2, Room: 9}, []int{1, 1, 2}, 2},
		{"room for two", []schedule.Driver{one, one, one}, three,
			schedule.Rule{SpreadOut: true, Room: 2}, []int{0, 1, -1}, 2},
		{"no room", []schedule.Driver{one}, three, schedule.Rule{Room: -1}, []int{-1}, 0},
		{"no worker", []schedule.Driver{one}, nil, schedule.Rule{SpreadOut: true, Room: 9, Next: 3}, []int{-1}, 3},
		{"none waits", nil, three, schedule.Rule{SpreadOut: true, Room: 9, Next: 1}, []int{}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			at, next := schedule.Drivers(tt.waiting, tt.workers, tt.rule)
			require.Equal(t, tt.at, at)
			require.Equal(t, tt.next, next)
		})
	}
}
