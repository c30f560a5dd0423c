package wire

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/host"
)

func TestAnEarlierIncarnationIsKnownByItsNumber(t *testing.T) {
	for _, c := range []struct {
		a, b WorkerID
		want bool
	}{
		{"worker-w1-1", "worker-w1-2", true},
		{"worker-w1-9", "worker-w1-10", true},
		{"worker-w1-2", "worker-w1-1", false},
		{"worker-w1-1", "worker-w1-1", false},
		{"worker-w1-1", "worker-w2-2", false},
		{"worker", "worker-w1-2", false},
		{"worker-1700000000-w1", "worker-1700000001-w1", false},
		{"worker-w1-x", "worker-w1-2", false},
	} {
		require.Equal(t, c.want, c.a.Precedes(c.b), "%s before %s", c.a, c.b)
	}
}

func TestAReportIsLateBehindItselfAndBehindANewerOne(t *testing.T) {
	var n Newest
	for i, c := range []struct {
		report int64
		late   bool
	}{
		{2, false}, {2, true}, {1, true}, {3, false}, {2, true},
		{0, false}, {3, true}, // one without a number changes nothing
		{9, false}, {4, true}, {10, false},
	} {
		require.Equal(t, c.late, n.Late(c.report), "step %d: report %d", i, c.report)
	}
}

func TestOnlyLaunchesNameWhomTheyAreMeantFor(t *testing.T) {
	kill, stop := KillDriver{Term: 1, Driver: "d"}, KillExecutor{Term: 1, App: "a", ID: 2}
	for _, c := range []struct{ said, want host.Message }{
		{LaunchDriver{Term: 1, Driver: "d"}, LaunchDriver{Term: 1, Driver: "d", Worker: "w", Entry: 7}},
		{LaunchExecutor{Term: 1, App: "a", ID: 2}, LaunchExecutor{Term: 1, App: "a", ID: 2, Worker: "w", Entry: 7}},
		{kill, kill},
		{stop, stop},
	} {
		require.Equal(t, c.want, Meant(c.said, "w", 7))
	}
}
