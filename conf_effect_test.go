package simctl_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl"
	"github.com/simctl/simctl/impl/conf"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/scenarios"
)

// An effect is what a key of the configuration changes in a run: something that
// is so with the settings, and not without the last of them.
type effect struct {
	set   []string // "key=value"; the last is the key's
	spark bool     // under policy spark
	text  string   // lines of the scenario, besides the topology
	seen  func(r *simctl.Result) bool
}

func first(r *simctl.Result, is func(e *trace.Event) bool) time.Duration {
	for i := range r.Events {
		if is(&r.Events[i]) {
			return time.Duration(r.Events[i].At)
		}
	}
	return -1
}

// told reports whether a run told something.
func told(kind trace.Kind, subject, value string) func(r *simctl.Result) bool {
	return func(r *simctl.Result) bool {
		return slices.ContainsFunc(r.Events, func(e trace.Event) bool {
			return e.Kind == kind && strings.Contains(e.Subject, subject) && strings.Contains(e.Value, value)
		})
	}
}

// boundSays reports whether a liveness bound of the world counts with a term.
func boundSays(term string) func(r *simctl.Result) bool {
	return func(r *simctl.Result) bool {
		return slices.ContainsFunc(r.Events, func(e trace.Event) bool { return e.Kind == trace.Bound && strings.Contains(e.Detail, term) })
	}
}

// together is the most jobs that ever ran at once.
func together(r *simctl.Result) int {
	running, most := map[string]bool{}, 0
	for _, e := range r.Events {
		if e.Kind == trace.Job {
			if running[e.Subject] = true; e.Value != "started" {
				delete(running, e.Subject)
			}
			most = max(most, len(running))
		}
	}
	return most
}

// launchedOn lists the workers that were told to launch a driver.
func launchedOn(r *simctl.Result) (out []string) {
	for _, e := range r.Events {
		if e.Kind == trace.Obeyed && e.Subject == "launch" && !slices.Contains(out, e.Process) {
			out = append(out, e.Process)
		}
	}
	return out
}

const threeJobs = "op at=4s c1 submit a for=3s\nop at=4s c1 submit b for=3s\nop at=4s c1 submit c for=3s\n"

// executorsOn lists the workers that ran executors.
func executorsOn(r *simctl.Result) (out []string) {
	for _, e := range r.Events {
		if worker, _, _ := strings.Cut(e.Process, "/"); e.Kind == trace.Executor && e.Value == "started" && !slices.Contains(out, worker) {
			out = append(out, worker)
		}
	}
	return out
}

const app = "op at=4s c1 submit a job=pi stages=2 tasks=6 task=1s mode=client"

// effects has every key of impl/conf that may be set and is not inert.
var effects = map[string]effect{
	"spark.worker.timeout": {set: []string{"spark.worker.timeout=2s"}, text: "at=5s kill w1\n", seen: func(r *simctl.Result) bool {
		gone := first(r, func(e *trace.Event) bool {
			return e.Kind == trace.Written && strings.HasPrefix(e.Subject, "worker_") && e.Value == "delete"
		})
		return gone > 5*time.Second && gone < 8*time.Second
	}},
	"spark.deploy.recoveryTimeout": {set: []string{"spark.deploy.recoveryTimeout=1s"}, text: "at=8s host-loss w1\nat=8s host-loss active\n", seen: func(r *simctl.Result) bool {
		begun := first(r, func(e *trace.Event) bool { return e.Kind == trace.State && e.Value == "Recovering" })
		over := first(r, func(e *trace.Event) bool { return e.Kind == trace.State && e.Value == "CompletingRecovery" })
		return begun > 0 && over-begun == time.Second
	}},
	"spark.deploy.recoveryMode": {set: []string{"spark.deploy.recoveryMode=NONE"}, text: threeJobs, seen: func(r *simctl.Result) bool {
		return !told(trace.Commit, "driver_", "")(r)
	}},
	"spark.deploy.zookeeper.dir": {set: []string{"spark.deploy.zookeeper.dir=/other"}, text: threeJobs, seen: told(trace.Commit, "/other/", "")},
	"spark.deploy.maxDrivers":    {set: []string{"spark.deploy.maxDrivers=1"}, text: threeJobs, seen: func(r *simctl.Result) bool { return together(r) == 1 }},
	"spark.deploy.spreadOutDrivers": {set: []string{"spark.deploy.spreadOutDrivers=false"}, text: threeJobs, seen: func(r *simctl.Result) bool {
		return len(launchedOn(r)) == 1
	}},
	"spark.deploy.retainedDrivers": {set: []string{"spark.deploy.retainedDrivers=1"}, text: threeJobs, seen: told(trace.Written, "driver_", "delete")},
	"spark.deploy.driverIdPattern": {set: []string{"spark.deploy.driverIdPattern=job_%s_%d"}, text: threeJobs, seen: told(trace.Obeyed, "launch", "job_t1_2")},
	"spark.worker.idPattern":       {set: []string{"spark.worker.idPattern=w.%s.%s-%d"}, text: threeJobs, seen: told(trace.Registered, "w.w1.7078-1", "")},
	"spark.worker.maxRegistrationRetries": {
		set:   []string{"spark.worker.initialRegistrationRetries=2", "spark.worker.maxRegistrationRetries=2"},
		spark: true, text: "at=6s for=15s stop masters\n", seen: func(r *simctl.Result) bool {
			return slices.ContainsFunc(r.Events, func(e trace.Event) bool { return e.Kind == trace.Exited && e.Process == "w1" && e.N == 1 })
		},
	},
	"spark.worker.initialRegistrationRetries": {set: []string{"spark.worker.initialRegistrationRetries=1"}, text: "at=0s for=6s stop masters\n", seen: func(r *simctl.Result) bool {
		return first(r, func(e *trace.Event) bool { return e.Kind == trace.Registered && e.Process == "w1" }) > 8*time.Second
	}},
	"spark.worker.driverTerminateTimeout": {set: []string{"spark.worker.driverTerminateTimeout=4s"},
		text: "op at=4s c1 submit a for=20s\nat=6s pause any-driver\nop at=7s c1 kill a\n", seen: func(r *simctl.Result) bool {
			ended := first(r, func(e *trace.Event) bool { return e.Kind == trace.Accepted && e.Value == "KILLED" })
			return ended > 10*time.Second
		}},
	"spark.deploy.spreadOutApps": {set: []string{"spark.deploy.spreadOutApps=false"}, text: app + " executors=2 ecores=1\n", seen: func(r *simctl.Result) bool {
		return len(executorsOn(r)) == 1
	}},
	"spark.deploy.workerSelectionPolicy": {set: []string{"spark.deploy.workerSelectionPolicy=WORKER_ID"}, text: app + " executors=1 ecores=1\n", seen: func(r *simctl.Result) bool {
		return slices.Equal(executorsOn(r), []string{"w1"})
	}},
	"spark.deploy.defaultCores": {set: []string{"spark.deploy.defaultCores=2"}, text: app + "\n", seen: func(r *simctl.Result) bool {
		return !slices.ContainsFunc(r.Events, func(e trace.Event) bool { return e.Kind == trace.Usage && e.N > 2 })
	}},
	"spark.deploy.maxExecutorRetries": {set: []string{"spark.deploy.maxExecutorRetries=1"}, text: app + " executors=1 ecores=1\nat=6s kill any-executor\n",
		seen: told(trace.App, "a", "failed")},
	"spark.deploy.retainedApplications": {set: []string{"spark.deploy.retainedApplications=1"}, text: app + "\n" + strings.Replace(app, "submit a", "submit b", 1) + "\n",
		seen: told(trace.Written, "app_", "delete")},
	"spark.deploy.appIdPattern": {set: []string{"spark.deploy.appIdPattern=app_%s_%d"}, text: app + "\n", seen: func(r *simctl.Result) bool {
		return slices.ContainsFunc(r.Events, func(e trace.Event) bool { return e.Kind == trace.App && e.Detail == "app_t1_0" })
	}},
	"spark.network.timeout": {set: []string{"spark.network.timeout=2s"}, seen: boundSays("2s a worker dials")},
	"spark.rpc.askTimeout":  {set: []string{"spark.rpc.askTimeout=2s"}, seen: boundSays("8s its patience with every master")},
}

// elsewhere has the keys whose effect no event tells, and the test that
// shows it.
var elsewhere = map[string]string{
	"spark.dead.worker.persistence":  "impl/master/testdata/spark_conf",
	"spark.deploy.recoveryDirectory": "impl/master/conf_test.go",
}

func TestEveryKeyChangesWhatItNames(t *testing.T) {
	run := func(t *testing.T, e effect, set []string) *simctl.Result {
		s, err := scenarios.Parse("effect", []byte("scenario effect\ntopology masters=2 workers=2 clients=1 servers=3 cores=4 memory=4096\n"+
			"timers fast\nsafety 30s\ndelay 200us..1ms\n"+e.text))
		require.NoError(t, err)
		c, err := conf.ParseAll(set)
		require.NoError(t, err)
		o := simctl.Options{Policy: policy.Hardened, Conf: c, Grain: simctl.GrainService}
		if e.spark {
			o.Policy = policy.Spark
		}
		r, err := simctl.Run(t.Context(), s, 3, o)
		require.NoError(t, err)
		return r
	}
	for _, k := range conf.Keys() {
		if k.Refused != "" || k.Inert != "" {
			continue
		}
		t.Run(k.Name, func(t *testing.T) {
			e, ok := effects[k.Name]
			if !ok {
				text, err := os.ReadFile(elsewhere[k.Name])
				require.NoError(t, err, "no run shows what it changes")
				require.Contains(t, string(text), k.Name+"=")
				return
			}
			last := len(e.set) - 1
			require.True(t, strings.HasPrefix(e.set[last], k.Name+"="))
			require.False(t, e.seen(run(t, e, e.set[:last])), "without it")
			require.True(t, e.seen(run(t, e, e.set)), "with it")
		})
	}
}
