package main

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/reports"
	"github.com/simctl/simctl/scenarios/hint"

	"github.com/simctl/simctl/cmd/simctl/exit"
)

func TestWorseStatusWins(t *testing.T) {
	order := []status{interrupted, nondeterministic, violated, unjudged, inconclusive, held}
	for i, a := range order {
		for _, b := range order[i:] {
			require.Equal(t, a, exit.Worse(a, b))
			require.Equal(t, a, exit.Worse(b, a))
		}
	}
	require.NoError(t, held.AsError())
	require.EqualError(t, violated.AsError(), "exit status 1")
}

func TestNearNamesAreSuggested(t *testing.T) {
	names := []string{"replay", "run", "sweep"}
	require.Contains(t, didYouMean("repaly", names), `"replay"`)
	require.Contains(t, didYouMean("rep", names), `"replay"`)
	require.Empty(t, didYouMean("frobnicate", names))
	require.Empty(t, didYouMean("", names))
	require.Equal(t, 3, hint.Distance("kitten", "sitting"))
}

func TestNumbersAreForPeople(t *testing.T) {
	require.Equal(t, "0", reports.Thousands(0))
	require.Equal(t, "999", reports.Thousands(999))
	require.Equal(t, "1,234,567", reports.Thousands(uint64(1234567)))
	for ns, want := range map[int64]string{1500: "2µs", 1234567: "1ms", 6001e6: "6s", 12.34e9: "12.34s", 252e9: "4m12s"} {
		require.Equal(t, want, reports.Span(ns))
	}
}

func newTestEnv(stderr *bytes.Buffer, tty bool, vars map[string]string) (*env, *bytes.Buffer) {
	var stdout bytes.Buffer
	return &env{
		Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: stderr, engine: &fake{},
		IsTTY: func(any) bool { return tty }, Getenv: func(name string) string { return vars[name] },
	}, &stdout
}

func TestColourIsForTerminalsThatWantIt(t *testing.T) {
	var stderr bytes.Buffer
	tests := []struct {
		tty  bool
		vars map[string]string
		want bool
	}{
		{true, nil, true},
		{false, nil, false},
		{true, map[string]string{"NO_COLOR": "1"}, false},
		{true, map[string]string{"TERM": "dumb"}, false},
	}
	for _, tt := range tests {
		e, stdout := newTestEnv(&stderr, tt.tty, tt.vars)
		require.Equal(t, 1, run(context.Background(), e, []string{"run", "failover/kill", "--seed=1"}))
		require.Equal(t, tt.want, strings.Contains(stdout.String(), "\x1b["))
		require.Contains(t, stdout.String(), "VIOLATION")
	}
}

func TestProgressIsABarOnTerminals(t *testing.T) {
	var stderr bytes.Buffer
	e, stdout := newTestEnv(&stderr, true, nil)
	require.Equal(t, 0, run(context.Background(), e, []string{"sweep", "failover/kill", "--seeds=5-9"}))
	require.Contains(t, stderr.String(), "/5,")
	require.NotContains(t, stdout.String(), "/5,")

	stderr.Reset()
	e, _ = newTestEnv(&stderr, true, nil)
	require.Equal(t, 0, run(context.Background(), e, []string{"sweep", "failover/kill", "--seeds=5-9", "--json"}))
	require.Empty(t, stderr.String())
}

func TestInterruptedCommandsSaySo(t *testing.T) {
	var stderr bytes.Buffer
	e, stdout := newTestEnv(&stderr, false, nil)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	require.Equal(t, 130, run(ctx, e, []string{"sweep", "failover/kill", "--seeds=1", "-q"}))
	require.Contains(t, stdout.String(), "1 runs", "what there is was printed")
	require.Equal(t, 130, run(ctx, e, []string{"run", "failover/kill", "--seed=99"}))
}

func TestCommandLineIsAContract(t *testing.T) {
	var stderr bytes.Buffer
	e, _ := newTestEnv(&stderr, false, nil)
	root := newRoot(e)
	for name, flags := range map[string]string{
		"list": "json", "run": "policy zk-grain json out quiet seed expect with-wall timers",
		"sweep":  "policy zk-grain json out quiet seeds jobs for stop-after strategy expect",
		"replay": "policy zk-grain json out quiet until", "check": "json property", "diff": "json",
		"latency": "policy zk-grain json out quiet seeds overlay", "soak": "for zk json out quiet policy",
		"node": "zk listen", "bench": "json", "version": "json", "completion": "",
	} {
		cmd, _, err := root.Find([]string{name})
		require.NoError(t, err)
		require.Equal(t, name, cmd.Name())
		for flag := range strings.FieldsSeq(flags) {
			require.NotNil(t, cmd.Flags().Lookup(flag), "%s --%s", name, flag)
		}
	}
}
