package program

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/apps"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/live/web"
	"github.com/simctl/simctl/impl/master"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/impl/wire"
	"github.com/simctl/simctl/impl/worker"
	"github.com/simctl/simctl/scenarios"
)

func TestNodeIsToldEverythingByItsFlags(t *testing.T) {
	o := Options{
		Kind: "worker", ID: "w1", Incarnation: 2, Listen: "127.0.0.1:7078", Masters: []host.Addr{"a:1", "b:2"}, Cores: 4, Memory: 512,
		Policy: policy.Spark, Timers: scenarios.Fast, Seed: 7, Record: "r", Data: "d",
	}
	require.Equal(t, "node worker --id=w1 --incarnation=2 --policy=spark --seed=7 --timers=fast --listen=127.0.0.1:7078 "+
		"--masters=a:1,b:2 --record=r --data=d --cores=4 --memory=512", strings.Join(o.Flags(), " "))
	driver := o.child(host.Program{Kind: "driver", Name: "d1#1", Args: `{"x":1}`})
	require.Contains(t, driver.Args, "--id=w1/d1#1")
	require.Contains(t, driver.Args, "--record=r-drivers.ndjson")
	require.Contains(t, driver.Args, "--data=d", "its event log is written on its machine")
	require.Contains(t, driver.Args, `--args={"x":1}`)
}

func TestNodeThatCannotBeSaysWhy(t *testing.T) {
	for _, c := range []struct {
		o    Options
		want string
	}{
		{Options{Kind: "broker", ID: "b"}, `node b: no kind "broker"`},
		{Options{Kind: "client", ID: "c1"}, "node c1: a client's argument: "},
		{Options{Kind: "driver", ID: "d", Args: "nonsense"}, "node d: "},
		{Options{Kind: "master", ID: "m1", Listen: "nowhere"}, "node m1: listen at nowhere: "},
		{Options{Kind: "master", ID: "m1", Record: "/nonexistent/r"}, "node m1: open record file: "},
	} {
		_, err := Run(context.Background(), c.o)
		require.ErrorContains(t, err, c.want)
	}
}

func TestPortZeroBecomesAFreePort(t *testing.T) {
	for given, want := range map[host.Addr]string{
		"": "^$", "127.0.0.1:7077": `^127\.0\.0\.1:7077$`, "127.0.0.1:0": `^127\.0\.0\.1:[1-9]\d*$`, ":0": `^127\.0\.0\.1:[1-9]\d*$`,
	} {
		got, err := concrete(given)
		require.NoError(t, err)
		require.Regexp(t, want, string(got))
	}
}

// A master without its ensemble is a standby, and shows it.
func TestMasterServesItsStatus(t *testing.T) {
	var ports []host.Addr
	for range 3 {
		addr, err := concrete(":0")
		require.NoError(t, err)
		ports = append(ports, addr)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	page := string(ports[1])
	go func() {
		_, err := Run(ctx, Options{
			Kind: "master", ID: "m1", Listen: ports[0], HTTP: page, ZK: ports[2:],
			Policy: policy.Hardened, Timers: scenarios.Fast,
		})
		ended <- err
	}()
	var got web.Master
	require.Eventually(t, func() bool {
		r, err := http.Get("http://" + page + "/json/")
		if err != nil {
			return false
		}
		defer r.Body.Close()
		text, err := io.ReadAll(r.Body)
		return err == nil && json.Unmarshal(text, &got) == nil
	}, 5*time.Second, 10*time.Millisecond)
	require.Equal(t, "STANDBY", got.Status)
	require.Equal(t, "spark://"+string(ports[0]), got.URL)
	http.DefaultClient.CloseIdleConnections()
	cancel()
	require.NoError(t, <-ended)
}

func TestStatusPageShowsWorkersAndDrivers(t *testing.T) {
	got := masterPage(master.Status{
		Addr: "h:1", State: "ALIVE", Term: 3,
		Workers: []master.WorkerStatus{{ID: "w", Addr: "h2:7078", State: "Alive", Cores: 4, CoresUsed: 1, Memory: 512, MemoryUse: 64}},
		Drivers: []master.DriverStatus{
			{Record: wire.DriverRecord{ID: "d1", State: wire.Running, Worker: "w", Desc: wire.Desc{Cores: 1, Memory: 64, Tag: "job"}}},
			{Record: wire.DriverRecord{ID: "d2", State: wire.Finished}, Ended: true},
		},
		Apps: []apps.Status{
			{Record: wire.AppRecord{ID: "a1", Start: 1795274028982e6, Desc: wire.AppDesc{Tag: "pi", Memory: 512}}, State: wire.AppRunning, Cores: 3},
			{Record: wire.AppRecord{ID: "a0", Start: 1795274000000e6}, State: wire.AppFailed, Ended: true, Until: 1795274008134e6},
			{Record: wire.AppRecord{ID: "a-1", Start: 1795274000000e6}, State: wire.AppFailed, Ended: true},
		},
	}, 1795274030000)
	require.Equal(t, "ALIVE", got.Workers[0].State)
	require.Equal(t, int64(1), got.Workers[0].CoresUsed)
	require.Equal(t, 7078, got.Workers[0].Port)
	require.Equal(t, web.Driver{ID: "d1", State: "RUNNING", Cores: 1, Memory: 64, Worker: "w", MainClass: "job"}, got.ActiveDrivers[0])
	require.Empty(t, got.CompletedDrivers[0].Worker)
	require.Equal(t, []web.App{{ID: "a1", Name: "pi", Cores: 3, User: user, MemoryPerExecutor: 512, State: "RUNNING",
		StartTime: 1795274028982, SubmitDate: web.Date(1795274028982), Duration: 1018}}, got.ActiveApps)
	ended := web.App{ID: "a0", User: user, State: "FAILED", StartTime: 1795274000000, SubmitDate: web.Date(1795274000000), Duration: 8134}
	byAnother := ended
	byAnother.ID, byAnother.Duration = "a-1", 0
	require.Equal(t, []web.App{ended, byAnother}, got.CompletedApps, "how long one took that another master ended is not known")
	x := func(id int64, s wire.ExecutorState) worker.Executor {
		return worker.Executor{
			ExecutorOnWorker: wire.ExecutorOnWorker{App: "a1", ID: id, State: s, Cores: 1, Memory: 512},
			Desc:             wire.AppDesc{Tag: "pi", MaxCores: 4, Memory: 512},
		}
	}
	self := workerPage(worker.Status{
		ID: "w", Executors: []worker.Executor{x(1, wire.ExecutorRunning), x(2, wire.ExecutorExited)}, Finished: []worker.Executor{x(0, wire.ExecutorKilled)},
	})
	require.Len(t, self.Executors, 1)
	require.Equal(t, web.AppDesc{Name: "pi", Cores: 4, MemoryPerExecutor: 512, User: user, Command: "executor"}, self.Executors[0].AppDesc)
	require.Equal(t, []int64{2, 0}, []int64{self.FinishedExecutors[0].ID, self.FinishedExecutors[1].ID})
}

func TestPlanFollowsFromNameAndSeed(t *testing.T) {
	a := ClientArgs{Safety: time.Minute, Work: scenarios.Work{
		Jobs: 48, Cores: 2, Memory: 64, RunFor: scenarios.Range{Lo: time.Second, Hi: 2 * time.Second}, Kill: 15, Supervised: 20,
		Fail: 10, Status: scenarios.Range{Lo: time.Second, Hi: time.Second},
	}}
	plan := a.plan("c1", 1)
	require.Equal(t, plan, a.plan("c1", 1))
	require.NotEqual(t, plan, a.plan("c2", 1))
	require.NotEqual(t, plan, a.plan("c1", 2))
	submits := 0
	for _, s := range plan {
		if s.Kind == "submit" {
			submits++
			require.LessOrEqual(t, s.At, a.Safety)
			require.Positive(t, s.Poll)
			require.False(t, s.Desc.Supervise && s.Desc.Status != 0, "a supervised job that fails never ends")
		}
	}
	require.Equal(t, a.Work.Jobs, submits)
	var back ClientArgs
	require.NoError(t, json.Unmarshal([]byte(a.JSON()), &back))
	require.Equal(t, a, back)
}
