package worker_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/hosttest"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/impl/wire"
	"github.com/simctl/simctl/impl/worker"
)

func config(p policy.Policy) worker.Config {
	return worker.Config{
		Listen: "w1:7078", Masters: []host.Addr{"m1:7077", "m2:7077"}, Cores: 4, Memory: 1024, Policy: p,
		Heartbeat: 15 * time.Second, Register: 10 * time.Second, RegisterSlow: 60 * time.Second,
		RegisterFew: 2, RegisterMax: 4, Terminate: 10 * time.Second, Lease: 60 * time.Second, Relaunch: time.Second, Dial: 5 * time.Second,
		TerminateExecutor: 3 * time.Second, Ask: 120 * time.Second, StateSync: 3,
	}
}

// TestScripts runs testdata/scripts: "start POLICY" starts a worker with two masters.
func TestScripts(t *testing.T) {
	hosttest.RunScripts(t, "testdata/scripts", func(t *testing.T, d *datadriven.TestData) (*hosttest.Host, host.Process) {
		p, err := policy.Parse(d.CmdArgs[0].String())
		require.NoError(t, err)
		h := hosttest.New("w1", 1)
		h.Hide["Heartbeat"] = true
		h.Draws["registration"] = 500_000 // factor 1
		return h, worker.New(config(p))
	}, func(p host.Process) string {
		b, err := json.Marshal(p.(*worker.Worker).Status())
		require.NoError(t, err)
		return string(b)
	},
		wire.RegisteredWorker{}, wire.RegisterWorkerFailed{}, wire.MasterInStandby{}, wire.MasterChanged{},
		wire.ReconnectWorker{}, wire.HeartbeatAck{}, wire.LaunchDriver{}, wire.KillDriver{}, wire.DriverStateAck{},
		wire.LaunchExecutor{}, wire.KillExecutor{}, wire.ExecutorStateAck{}, wire.ApplicationFinished{}, wire.DecommissionWorker{},
		wire.WatchWorker{})
}

func TestCloneAndDigestKnowEveryField(t *testing.T) {
	hosttest.CheckState(t, worker.New(config(policy.Hardened)), "h", "cfg", "lease")
}

func TestAWorkerThatCannotListenExits(t *testing.T) {
	h := hosttest.New("w1", 1)
	h.Taken["w1:7078"] = true
	h.Start(worker.New(config(policy.Hardened)))
	require.Equal(t, "note failed listen on w1:7078: address w1:7078 is taken\nexit 1\n", h.Take())
}

func TestTheDefaultsAreSparks(t *testing.T) {
	h := hosttest.New("w1", 1)
	w := worker.New(worker.Config{Masters: []host.Addr{"m1:7077"}, Policy: policy.Spark})
	h.Start(w)
	h.Advance(time.Second)
	require.Equal(t, "after 4s: Worker.retryRegistration\nafter 1m59s: Worker.dialTimedOut(1)\n", h.Timers())
	h.Connect("m1:7077")
	h.Receive("m1:7077", wire.RegisteredWorker{Master: "m1:7077", Term: 1})
	h.Receive("m1:7077", wire.LaunchDriver{Term: 1, Driver: "d1", Attempt: 1})
	h.Receive("m1:7077", wire.KillDriver{Term: 1, Driver: "d1"})
	require.Equal(t, "after 10s: Worker.didNotEnd(w1/d1#1)\nafter 15s: Worker.heartbeat\n", h.Timers())
}

func TestTheFactorOfRegistrationsIsBetweenAHalfAndOneAndAHalf(t *testing.T) {
	for draw, want := range map[uint64]string{
		0: "after 5s: ", 500_000: "after 10s: ", 999_999: "after 14.99999s: ",
	} {
		h := hosttest.New("w1", 1)
		h.Draws["registration"] = draw
		h.Start(worker.New(worker.Config{Policy: policy.Spark}))
		require.Equal(t, want+"Worker.retryRegistration\n", h.Timers())
	}
}

func TestEachIncarnationHasItsOwnIDOnlyWithTheSwitch(t *testing.T) {
	id := func(p policy.Policy, inc uint32) wire.WorkerID {
		h := hosttest.New("w1", inc)
		w := worker.New(config(p))
		h.Start(w)
		return w.Status().ID
	}
	require.NotEqual(t, id(policy.Hardened, 1), id(policy.Hardened, 2))
	require.Equal(t, id(policy.Spark, 1), id(policy.Spark, 2), "restarted within the second")
}
