package progress

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/live"
	"github.com/simctl/simctl/model/trace"
)

func TestClientIsFollowedByItsRecords(t *testing.T) {
	c := New("c1")
	see := func(event, tag, what, detail string) {
		c.Observe(&live.Record{Event: event, Subject: tag, Value: what, Detail: detail}, true)
	}
	see("call", "a", "submit", "")
	require.Equal(t, 1, c.Open)
	see("return", "a", "submit", "d1")
	require.Equal(t, 3, c.Pending(3), "it runs")
	see("call", "a", "status", "")
	see("return", "a", "status", "RUNNING")
	require.Equal(t, 3, c.Pending(3))
	see("call", "a", "status", "")
	see("gave-up", "a", "status", "")
	require.Equal(t, 3, c.Pending(3), "it will be asked again")
	see("call", "a", "status", "")
	see("return", "a", "status", "FINISHED")
	require.Equal(t, 2, c.Pending(3))
	see("call", "b", "submit", "")
	see("gave-up", "b", "submit", "")
	see("call", "c", "submit", "")
	see("return", "c", "submit", "error: too large")
	require.Zero(t, c.Pending(3))
	require.Zero(t, c.Open)
}

// The driver of an application in client mode is its client's: as long as it
// runs, nothing is quiet.
func TestClientWaitsForTheDriverBesideIt(t *testing.T) {
	c := New("c1")
	app := func(process, what string) {
		c.Observe(&live.Record{Process: host.ProcessID(process), Event: string(trace.App), Subject: "a", Value: what}, true)
	}
	app("c1", "begun")
	require.Equal(t, 1, c.Open)
	app("c1/a", "finished")
	require.Equal(t, 1, c.Open)
	app("c1", "exited")
	require.Zero(t, c.Open)
}
