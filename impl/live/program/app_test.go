package program

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/wire"
	"github.com/simctl/simctl/scenarios"
)

func TestADriverOfAnApplicationGetsAPortThatIsFree(t *testing.T) {
	a := wire.DriverArgs{Driver: "d1", Attempt: 1, Job: wire.Job{Kind: wire.Pi, Stages: 1, Tasks: 1}, Listen: "127.0.0.1:1"}
	text, err := onFreePort(a.JSON(), "w1/d1#1", nil)
	require.NoError(t, err)
	got, err := wire.ParseDriverArgs(text)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(got.Listen), "127.0.0.1:"))
	require.NotEqual(t, a.Listen, got.Listen)
	got.Listen = a.Listen
	require.Equal(t, a, got, "and nothing else changes")

	plain := wire.DriverArgs{Driver: "d1", Attempt: 1}.JSON()
	text, err = onFreePort(plain, "w1/d1#1", nil)
	require.NoError(t, err)
	require.Equal(t, plain, text, "one without an application listens nowhere")

	a.Listen = "nowhere"
	for _, bad := range []string{"{}", a.JSON()} {
		_, err = onFreePort(bad, "w1/d1#1", nil)
		require.Error(t, err, bad)
	}
}

// Where there are links to the ports of a machine's drivers, a driver takes one
// of those, and none that another has.
func TestADriverTakesOneOfItsMachinesPorts(t *testing.T) {
	var ports []int
	var open []net.Listener
	for range 3 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer l.Close()
		open = append(open, l)
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	a := wire.DriverArgs{Driver: "d1", Attempt: 1, Job: wire.Job{Kind: wire.Pi, Stages: 1, Tasks: 1}, Listen: "127.0.0.1:1"}
	_, err := onFreePort(a.JSON(), "w1/d1#1", ports)
	require.ErrorContains(t, err, "all of 3 ports are taken")
	require.NoError(t, open[1].Close())
	text, err := onFreePort(a.JSON(), "w1/d1#1", ports)
	require.NoError(t, err)
	got, err := wire.ParseDriverArgs(text)
	require.NoError(t, err)
	require.Equal(t, open[1].Addr().String(), string(got.Listen))
}

func TestAJobOfAnAccountIsToldWhereItIs(t *testing.T) {
	at := scenarios.Range{Lo: time.Second, Hi: time.Second}
	op := func(tag string, job scenarios.JobKind) scenarios.Op {
		return scenarios.Op{At: at, Client: "c1", Kind: scenarios.Submit, Tag: tag, App: scenarios.Application{Job: job, Task: at}}
	}
	a := ClientArgs{Ledger: "127.0.0.1:7", Ops: []scenarios.Op{op("a", scenarios.Pi), op("b", scenarios.Ledger), op("c", scenarios.LedgerPlain)}}
	plan := a.plan("c1", 1)
	require.Len(t, plan, 3)
	require.Equal(t, wire.Job{Kind: wire.Pi, Stages: 1, Tasks: 1, Task: time.Second}, plan[0].Desc.Job)
	for i, kind := range []wire.JobKind{wire.Ledger, wire.LedgerPlain} {
		want := wire.Job{Kind: kind, Stages: 1, Tasks: 1, Task: time.Second, Amount: scenarios.LedgerAmount, Ledger: "127.0.0.1:7"}
		require.Equal(t, want, plan[1+i].Desc.Job)
	}
}

func TestTheProcessesOfApplicationsAreKinds(t *testing.T) {
	for kind, args := range map[string]string{
		"driver":   wire.DriverArgs{Driver: "d1", Attempt: 1}.JSON(),
		"executor": wire.ExecutorArgs{App: "a", Driver: "127.0.0.1:1", Worker: "127.0.0.1:2"}.JSON(),
		"ledger":   "",
	} {
		o := Options{Kind: kind, ID: "x", Args: args, Timers: scenarios.Fast}
		p, err := o.process()
		require.NoError(t, err, kind)
		require.NotNil(t, p)
	}
	o := Options{Kind: "executor", ID: "x", Args: "{}", Timers: scenarios.Fast}
	_, err := o.process()
	require.ErrorContains(t, err, "executor arguments")
}
