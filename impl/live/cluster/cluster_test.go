package cluster

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/conf"
	"github.com/simctl/simctl/impl/live/lab/ensemble"
	"github.com/simctl/simctl/impl/live/lab/proc"
	"github.com/simctl/simctl/impl/live/program"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/impl/wire"
	"github.com/simctl/simctl/scenarios"
)

func options(data string) Options {
	return Options{
		Program: "/nowhere", Data: data, Masters: 2, Workers: 1, Servers: 1, Cores: 1, Memory: 1, Policy: policy.Hardened,
		Timers: scenarios.Fast, Out: io.Discard, Warn: io.Discard,
	}
}

func TestAClusterThatCannotBeSaysWhy(t *testing.T) {
	data := t.TempDir()
	for want, change := range map[string]func(*Options){
		"0 masters: want 1 to 9; 21 workers: want 0 to 20": func(o *Options) { o.Masters, o.Workers = 0, 21 },
		"no directory":           func(o *Options) { o.Data = "" },
		"workers of 0 cores":     func(o *Options) { o.Cores = 0 },
		"it holds no backup":     func(o *Options) { o.From = data },
		"/nowhere":               func(*Options) {},
		"spark.deploy.recoveryM": func(o *Options) { o.Conf, _ = conf.ParseAll([]string{"spark.deploy.recoveryMode=NONE"}) },
	} {
		o := options(filepath.Join(t.TempDir(), "x"))
		change(&o)
		require.ErrorContains(t, Up(t.Context(), o), want)
	}
	_, err := Tell(data, "status")
	require.ErrorContains(t, err, "cluster: none runs on")
	_, err = Submit(t.Context(), data, Job{Name: "a"})
	require.ErrorContains(t, err, "none runs on")
}

func TestAJobMayBeAnApplication(t *testing.T) {
	d := Job{Name: "a", Cores: 1, Memory: 64, RunFor: time.Second, Exit: 3, Supervise: true}.desc("k")
	require.Equal(t, wire.Desc{Tag: "a", Key: "k", Cores: 1, Memory: 64, RunFor: time.Second, Status: 3, Supervise: true}, d)
	d = Job{Name: "a", Memory: 64, Tasks: 7, Executors: 2}.desc("k")
	require.Equal(t, wire.Job{Kind: wire.Pi, Stages: 1, Tasks: 7, Task: 100 * time.Millisecond}, d.Job)
	require.Equal(t, wire.AppDesc{Cores: 1, Memory: 64, Limit: 2}, d.App)
}

// A backup holds what servers wrote, and how often processes were started:
// identities must not come again in a cluster that begins with it.
func TestABackupIsWhatAClusterBeginsWith(t *testing.T) {
	dir := t.TempDir()
	e, err := ensemble.Prepare(ensemble.Options{Servers: 2, Dir: filepath.Join(dir, "a", zookeeper), Program: "/nowhere"})
	require.NoError(t, err)
	defer e.Stop()
	c := &cluster{o: options(filepath.Join(dir, "a")), servers: e}
	c.members = []*member{{Options: program.Options{Kind: "worker", ID: "w1", Data: filepath.Join(dir, "a", "w1")}}}
	write := func(file, text string) {
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
	}
	write(filepath.Join(e.Servers()[1].Dir(), "data", "version-2", "log.1"), "log")
	write(filepath.Join(dir, "a", "w1", starts), "7\n")
	saved, again := filepath.Join(dir, "saved"), filepath.Join(dir, "b")
	text, err := c.carryOut(t.Context(), []string{"backup", saved})
	require.NoError(t, err)
	require.Contains(t, text, `"name":"z2"`)
	_, err = c.carryOut(t.Context(), []string{"backup", saved})
	require.ErrorContains(t, err, "is there already")
	require.NoError(t, restore(saved, again))
	read := func(file string) string {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		return string(text)
	}
	require.Equal(t, "log", read(filepath.Join(again, zookeeper, "z2", "data", "version-2", "log.1")))
	require.Equal(t, "7\n", read(filepath.Join(again, "w1", starts)))
	require.ErrorContains(t, restore(saved, again), "there is data in")
}

func TestCommandsNameTheirProcesses(t *testing.T) {
	e, err := ensemble.Prepare(ensemble.Options{Servers: 1, Dir: t.TempDir(), Program: "/nowhere"})
	require.NoError(t, err)
	defer e.Stop()
	c := &cluster{o: options(t.TempDir()), servers: e, ended: make(chan string)}
	c.members = []*member{{Options: program.Options{Kind: "master", ID: "m1", HTTP: "127.0.0.1:1"}}}
	for want, words := range map[string][]string{
		`no command "break"`: {"break", "m1"}, "stop: which process? as stop m1": {"stop"}, "stop: no process m9": {"stop", "m1", "m9"},
		"kill: no master is ALIVE": {"kill", "active"}, "/nowhere": {"start", "z1"}, "to which directory": {"backup"},
	} {
		_, err := c.carryOut(t.Context(), words)
		require.ErrorContains(t, err, want)
	}
	text, err := c.carryOut(t.Context(), []string{"stop", "m1", "z1"})
	require.NoError(t, err, "what does not run is not stopped")
	require.Contains(t, text, `{"name":"m1","kind":"master","addr":"","page":"http://127.0.0.1:1/","running":false,"state":""}`)
	require.True(t, (*proc.Proc)(nil).Ended())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.Empty(t, c.says(ctx, c.members[0]))
}
