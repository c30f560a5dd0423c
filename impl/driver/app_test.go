package driver_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/driver"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/hosttest"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/impl/wire"
)

// appArgs are those of an application of two stages of three tasks.
func appArgs(kind wire.JobKind) wire.DriverArgs {
	return wire.DriverArgs{
		Driver: "d1", Attempt: 1, Job: wire.Job{Kind: kind, Stages: 2, Tasks: 3, Task: time.Second, Amount: 100, Ledger: "l1:7090"},
		App:     wire.AppDesc{Tag: "t", Cores: 1, Memory: 256, Limit: -1},
		Masters: []host.Addr{"m1:7077", "m2:7077"}, Listen: "w1:40001", Worker: "w1:7078",
	}
}

func config(p policy.Policy) driver.Config {
	return driver.Config{
		Policy: p, Register: 20 * time.Second, RegisterMax: 3, Dial: 30 * time.Second, ExecutorTimeout: 60 * time.Second,
		RemoveDelay: 5 * time.Second, Retry: 4 * time.Second, Silence: 90 * time.Second, TaskFailures: 2,
	}
}

// after reads a time of the job's.
func after(t *testing.T, d *datadriven.TestData, name string) time.Duration {
	text := "0s"
	d.MaybeScanArgs(t, name, &text)
	at, err := time.ParseDuration(text)
	require.NoError(t, err)
	return at
}

// TestScripts runs testdata/scripts: "start POLICY JOB [request=N] [kill=N]
// [asks=TIME] [ends=TIME] [stages=N] [lease=TIME] [client]" starts an application's
// driver; "start POLICY none lease=TIME" one that only runs, for an hour.
func TestScripts(t *testing.T) {
	hosttest.RunScripts(t, "testdata/scripts", func(t *testing.T, d *datadriven.TestData) (*hosttest.Host, host.Process) {
		p, err := policy.Parse(d.CmdArgs[0].String())
		require.NoError(t, err)
		args := appArgs(wire.JobKind(d.CmdArgs[1].Key))
		d.MaybeScanArgs(t, "request", &args.Job.Request)
		d.MaybeScanArgs(t, "kill", &args.Job.Kill)
		d.MaybeScanArgs(t, "stages", &args.Job.Stages)
		args.Job.RequestAfter, args.Job.KillAfter = after(t, d, "asks"), after(t, d, "ends")
		self := host.ProcessID("w1/d1#1")
		args.Lease = host.Mono(after(t, d, "lease"))
		if d.CmdArgs[1].Key == "none" {
			args.Job, args.RunFor = wire.Job{}, time.Hour
		}
		if d.HasArg("client") {
			args.Driver, args.Worker, args.Attempt, args.Listen, self = "", "", 0, "c1:40001", "c1/t"
		}
		dr, err := driver.New(args.JSON(), config(p))
		require.NoError(t, err)
		return hosttest.New(self, 1), dr
	}, func(p host.Process) string {
		b, err := json.Marshal(p.(*driver.Driver).Status())
		require.NoError(t, err)
		return string(b)
	},
		wire.RegisteredApplication{}, wire.UnregisteredApplication{}, wire.MasterChanged{}, wire.ExecutorAdded{},
		wire.ExecutorUpdated{}, wire.WorkerRemoved{}, wire.ApplicationRemoved{}, wire.ExecutorsResponse{},
		wire.RegisterExecutor{}, wire.StatusUpdate{}, wire.ExecutorHeartbeat{}, wire.DepositResponse{}, wire.DriverLease{})
}

func TestADriverThatCannotListenFails(t *testing.T) {
	d, err := driver.New(appArgs(wire.Pi).JSON(), config(policy.Spark))
	require.NoError(t, err)
	h := hosttest.New("w1/d1#1", 1)
	h.Taken["w1:40001"] = true
	h.Start(d)
	require.Equal(t, "note job d1 started n=1\nnote failed listen on w1:40001: address w1:40001 is taken\nnote job d1 failed n=1\nexit 1\n", h.Take())
}

func TestTheDefaultsOfAnApplicationAreSparks(t *testing.T) {
	d, err := driver.New(appArgs(wire.Pi).JSON(), driver.Config{Policy: policy.Spark})
	require.NoError(t, err)
	h := hosttest.New("w1/d1#1", 1)
	h.Start(d)
	require.Equal(t, "after 20s: Driver.register\nafter 2m0s: Driver.dialTimedOut(2)\nafter 2m0s: Driver.dialTimedOut(4)\n", h.Timers())
	h.Take()
	h.Advance(59 * time.Second)
	require.NotContains(t, h.Take(), "exit")
	h.Advance(time.Second)
	require.Contains(t, h.Take(), "note app t failed all masters are unresponsive m=1\n")
}

func TestAnApplicationIsClonedAndDigestedWhole(t *testing.T) {
	d, err := driver.New(appArgs(wire.Pi).JSON(), config(policy.Hardened))
	require.NoError(t, err)
	hosttest.CheckState(t, d, "h", "cfg")
}
