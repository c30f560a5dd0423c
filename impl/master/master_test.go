package master_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/conf"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/hosttest"
	"github.com/simctl/simctl/impl/master"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/impl/wire"
)

func config(addr host.Addr, p policy.Policy) master.Config {
	return master.Config{
		Addr: addr, ZK: []host.Addr{"z1:2181"}, Policy: p,
		Session: 12 * time.Second, Lease: 6 * time.Second, Recovery: 10 * time.Second, WorkerTimeout: 60 * time.Second, WorkerLease: 90 * time.Second,
		StoreRetry: 5 * time.Second, Relaunch: 2 * time.Second, Drift: 100, RetainedDrivers: 3,
		RetainedApps: 3, ExecutorRetries: 2,
	}
}

// TestScripts runs testdata: "start M POLICY" starts a master,
// "start M POLICY KEY=VALUE..." one with settings.
func TestScripts(t *testing.T) {
	hosttest.RunClusterScripts(t, "testdata", func(t *testing.T, d *datadriven.TestData) host.Process {
		p, err := policy.Parse(d.CmdArgs[0].String())
		require.NoError(t, err)
		cfg := config("m:7077", p)
		var set []string
		for _, a := range d.CmdArgs[1:] {
			set = append(set, a.String())
		}
		c, err := conf.ParseAll(set)
		require.NoError(t, err)
		c.Master(&cfg)
		return master.New(cfg)
	}, func(p host.Process) string {
		b, err := json.Marshal(p.(*master.Master).Status())
		require.NoError(t, err)
		return string(b)
	},
		wire.RegisterWorker{}, wire.Heartbeat{}, wire.WorkerSchedulerStateResponse{}, wire.WorkerLatestState{},
		wire.DriverStateChanged{}, wire.RequestSubmitDriver{}, wire.RequestKillDriver{}, wire.RequestDriverStatus{},
		wire.RegisterApplication{}, wire.UnregisterApplication{}, wire.MasterChangeAcknowledged{}, wire.RequestExecutors{},
		wire.KillExecutors{}, wire.ExecutorStateChanged{}, wire.WorkerDecommissioning{})
}
