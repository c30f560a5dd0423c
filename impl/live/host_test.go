package live_test

import (
	"context"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/live"
	"github.com/simctl/simctl/impl/live/lab/proc"
)

func TestTimersRingInOrderAndNotOnceStopped(t *testing.T) {
	p := &probe{}
	h := run(t, live.Options{Self: "p"}, p)
	require.NoError(t, h.Call(func() {
		host.After(h, 40*time.Millisecond, (*probe).rang, "third")
		host.After(h, 20*time.Millisecond, (*probe).rang, "second")
		host.After(h, 0, (*probe).rang, "first")
		never := host.After(h, 10*time.Millisecond, (*probe).rang, "never")
		require.True(t, h.StopTimer(never))
		require.False(t, h.StopTimer(never))
		require.False(t, h.StopTimer(0))
	}))
	await(t, p, "rang third")
	require.Equal(t, []string{"rang first", "rang second", "rang third"}, p.lines())
	require.NoError(t, h.Call(func() {
		require.False(t, h.StopTimer(2), "it has rung")
		a := h.Mono()
		require.Greater(t, h.Mono(), a)
		require.InDelta(t, time.Now().UnixNano(), int64(h.Wall()), float64(time.Second))
	}))
}

func TestTimerStoppedInTheSameMomentDoesNotRing(t *testing.T) {
	p := &probe{}
	h := run(t, live.Options{Self: "p"}, p)
	for range 100 {
		var id host.TimerID
		require.NoError(t, h.Call(func() { id = host.After(h, time.Microsecond, (*probe).rang, "x") }))
		before, after := 0, 0
		var stopped bool
		require.NoError(t, h.Call(func() { before = len(p.lines()); stopped = h.StopTimer(id) }))
		require.NoError(t, h.Call(func() {}))
		require.NoError(t, h.Call(func() { after = len(p.lines()) }))
		if stopped {
			require.Equal(t, before, after)
		}
	}
}

func TestFilesAreAppendedSyncedRenamedReadAndRemoved(t *testing.T) {
	p := &probe{}
	h := run(t, live.Options{Self: "p", DataDir: t.TempDir()}, p)
	result := func(what string) host.Call { return host.BindResult((*probe).wrote, what) }
	content := func(what string) host.Call { return host.BindResult((*probe).read, what) }
	require.NoError(t, h.Call(func() {
		h.ReadFile("a", content("missing"))
		h.AppendFile("a", []byte("one "), result("append"))
		h.AppendFile("a", []byte("two"), result("append again"))
		h.SyncFile("a", result("sync"))
		h.RenameFile("a", "b", result("rename"))
		h.ReadFile("a", content("old name"))
		h.ReadFile("b", content("new name"))
		h.RemoveFile("b", result("remove"))
		h.RemoveFile("b", result("remove again"))
		h.SyncFile("b", result("sync missing"))
		h.AppendFile("../x", nil, result("outside"))
	}))
	await(t, p, `outside: "file name \"../x\" leaves the data directory"`)
	require.Equal(t, []string{
		`missing: "" "not exist"`, `append: ""`, `append again: ""`, `sync: ""`, `rename: ""`, `old name: "" "not exist"`,
		`new name: "one two" ""`, `remove: ""`, `remove again: "not exist"`, `sync missing: "not exist"`,
		`outside: "file name \"../x\" leaves the data directory"`,
	}, p.lines())
}

func TestDiskWithoutADirectoryFails(t *testing.T) {
	p := &probe{}
	h := run(t, live.Options{Self: "p"}, p)
	require.NoError(t, h.Call(func() { h.ReadFile("a", host.BindResult((*probe).read, "r")) }))
	await(t, p, `r: "" "this process has no data directory"`)
}

func TestChildrenEndAsTheyAreToldAndTheParentIsTold(t *testing.T) {
	p := &probe{}
	h := run(t, live.Options{Self: "p", ChildCommand: helperCommand}, p)
	spawn := func(kind string) (id host.ProcessID) {
		require.NoError(t, h.Call(func() { id = h.Spawn(host.Program{Kind: kind, Name: kind, Args: t.TempDir()}) }))
		return id
	}
	require.Equal(t, host.ProcessID("p/exits-7"), spawn("exits-7"))
	await(t, p, "exited p/exits-7 7")

	dir := t.TempDir()
	require.NoError(t, h.Call(func() { h.Spawn(host.Program{Kind: "ends-politely", Name: "e", Args: dir}) }))
	require.Eventually(t, func() bool { return readFile(dir+"/ends-politely.ndjson") != "" }, 10*time.Second, time.Millisecond)
	require.NoError(t, h.Call(func() { h.Signal("p/e", host.Terminate) }))
	await(t, p, "exited p/e 3")

	killed := spawn("ends-politely")
	require.NoError(t, h.Call(func() { h.Signal(killed, host.Kill); h.Signal("p/nobody", host.Kill) }))
	await(t, p, "exited p/ends-politely -1")
}

func TestChildThatCannotStartIsToldAsEnded(t *testing.T) {
	p := &probe{}
	h := run(t, live.Options{Self: "p"}, p)
	require.NoError(t, h.Call(func() { h.Spawn(host.Program{Name: "c"}) }))
	await(t, p, "exited p/c -1")
}

func TestChildDiesWithItsKilledParent(t *testing.T) {
	dir := t.TempDir()
	parent, err := proc.Start(helperCommand(host.Program{Kind: "parent", Args: dir}))
	require.NoError(t, err)
	require.Eventually(t, func() bool { return readFile(dir+"/pid") != "" }, 10*time.Second, time.Millisecond)
	pid := readFile(dir + "/pid")
	require.True(t, runs(pid))
	require.NoError(t, syscall.Kill(parent.PID(), syscall.SIGKILL))
	require.Equal(t, -1, parent.Wait())
	require.Eventually(t, func() bool { return !runs(pid) }, 5*time.Second, time.Millisecond)
}

// runs reports whether the process runs; one that nobody waited for does not.
func runs(pid string) bool {
	stat := readFile("/proc/" + pid + "/stat")
	_, rest, _ := strings.Cut(stat, ") ")
	return stat != "" && !strings.HasPrefix(rest, "Z")
}

func TestDrawsDependOnSeedProcessIncarnationPurposeAndCountOnly(t *testing.T) {
	draws := func(o live.Options, purpose string) (out []uint64) {
		h, err := live.NewHost(o)
		require.NoError(t, err)
		for range 8 {
			h.Draw("another purpose", 10)
			out = append(out, h.Draw(purpose, 1_000_000))
		}
		return out
	}
	base := draws(live.Options{Self: "p", Seed: 1}, "x")
	require.Equal(t, base, draws(live.Options{Self: "p", Seed: 1, Incarnation: 1}, "x"))
	for _, other := range [][]uint64{
		draws(live.Options{Self: "p", Seed: 2}, "x"), draws(live.Options{Self: "q", Seed: 1}, "x"),
		draws(live.Options{Self: "p", Seed: 1, Incarnation: 2}, "x"), draws(live.Options{Self: "p", Seed: 1}, "y"),
	} {
		require.NotEqual(t, base, other)
	}
	for _, d := range base {
		require.Less(t, d, uint64(1_000_000))
	}
}

func TestPanicBecomesAnErrorWithTheStack(t *testing.T) {
	p := &probe{}
	p.started = func(h host.Host) {
		host.After(h, 0, (*probe).rang, "x")
		p.check(fmt.Errorf("it broke"))
	}
	status, err := live.Run(context.Background(), live.Options{Self: "p"}, p)
	require.ErrorIs(t, err, live.ErrPanicked)
	require.ErrorContains(t, err, "it broke")
	require.ErrorContains(t, err, "(*probe).check")
	require.Equal(t, -1, status)
	require.Empty(t, p.lines())
}

// broken is a codec with a mistake.
type broken struct{ lines }

func (broken) Decode([]byte) (host.Message, int, error) { panic("cannot read") }

func TestPanicOfACodecIsOneOfTheProcess(t *testing.T) {
	addr := freeAddr(t)
	p := &probe{}
	p.started = func(h host.Host) { p.check(h.Listen(addr, broken{})) }
	client := &probe{}
	h := run(t, live.Options{Self: "client"}, client)
	require.NoError(t, h.Call(func() {
		host.After(h, 0, (*probe).dial, string(addr))
	}))
	_, err := live.Run(context.Background(), live.Options{Self: "p"}, p)
	require.ErrorIs(t, err, live.ErrPanicked)
	require.ErrorContains(t, err, "cannot read")
}

func TestExitStatusIsReturnedAndNothingFollows(t *testing.T) {
	p := &probe{}
	p.started = func(h host.Host) {
		host.After(h, 0, (*probe).rang, "x")
		h.Exit(5)
		h.Exit(6)
	}
	status, err := live.Run(context.Background(), live.Options{Self: "p"}, p)
	require.NoError(t, err)
	require.Equal(t, 5, status)
	require.Empty(t, p.lines())
}

func TestProcessIsToldToTerminateAndGivenUpAfterItsGrace(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	polite := &probe{}
	polite.signalled = func() { polite.h.Exit(143) }
	status, err := live.Run(ctx, live.Options{Self: "p"}, polite)
	require.NoError(t, err)
	require.Equal(t, 143, status)
	_, err = live.Run(ctx, live.Options{Self: "p", Grace: 20 * time.Millisecond}, &probe{})
	require.ErrorContains(t, err, "did not end within 20ms")
}

func TestCallAfterTheEndIsAnError(t *testing.T) {
	h, err := live.NewHost(live.Options{Self: "p"})
	require.NoError(t, err)
	p := &probe{started: func(h host.Host) { h.Exit(0) }}
	_, err = h.Run(context.Background(), p)
	require.NoError(t, err)
	require.ErrorIs(t, h.Call(func() {}), live.ErrEnded)
}

func TestHostNeedsAName(t *testing.T) {
	_, err := live.NewHost(live.Options{})
	require.ErrorContains(t, err, "no name")
}

func TestSessionWithoutAServerAnswersConnectionLoss(t *testing.T) {
	c := &answers{}
	h, err := live.NewHost(live.Options{Self: "p"})
	require.NoError(t, err)
	c.probe.started = func(host.Host) {
		s := h.OpenSession(coord.Options{Servers: []host.Addr{freeAddr(t)}, Timeout: time.Second}, host.Call{})
		coord.Do(h, s, coord.Op{Kind: coord.Get, Path: "/"}, (*answers).answered, 1)
	}
	_, err = h.Run(context.Background(), c)
	require.NoError(t, err)
	require.ErrorIs(t, c.err, coord.ErrConnectionLoss)
}

// answers is a probe that exits at its first answer.
type answers struct {
	probe
	err error
}

func (a *answers) answered(_ int, r coord.Result) {
	a.err = r.Err
	a.h.Exit(0)
}
