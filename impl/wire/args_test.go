package wire

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/simctl/simctl/impl/host"
)

func TestArgumentsOfADriverComeBackAsTheyWere(t *testing.T) {
	require.Equal(t, `{"driver":"d1","attempt":2,"run_for_ns":3,"status":4}`,
		DriverArgs{Driver: "d1", Attempt: 2, RunFor: 3, Status: 4}.JSON(), "nothing of an application where there is none")
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.Make[DriverArgs]().Draw(t, "arguments")
		if len(want.Masters) == 0 {
			want.Masters = nil
		}
		got, err := ParseDriverArgs(want.JSON())
		j := want.Job
		app := j.Kind != NoJob
		if want.Driver == "" && !app || want.RunFor < 0 || app && (want.Listen == "" || j.Stages < 1 || j.Tasks < 1 || j.Task < 0) {
			require.Error(t, err)
			return
		}
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
}

func TestArgumentsOfAnApplication(t *testing.T) {
	a := DriverArgs{
		Attempt: 1, Job: Job{Kind: Pi, Stages: 1, Tasks: 2}, App: AppDesc{Tag: "a"},
		Masters: []host.Addr{"m1:7077"}, Listen: "c1:40001",
	}
	got, err := ParseDriverArgs(a.JSON())
	require.NoError(t, err)
	require.Equal(t, a, got)
	for what, spoil := range map[string]func(a *DriverArgs){
		"no address": func(a *DriverArgs) { a.Listen = "" },
		"no stage":   func(a *DriverArgs) { a.Job.Stages = 0 },
		"no task":    func(a *DriverArgs) { a.Job.Tasks = 0 },
		"no job":     func(a *DriverArgs) { a.Job.Kind = NoJob },
	} {
		bad := a
		spoil(&bad)
		_, err := ParseDriverArgs(bad.JSON())
		require.ErrorContains(t, err, "driver arguments", what)
	}
}

func TestArgumentsOfAnExecutorComeBackAsTheyWere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.Make[ExecutorArgs]().Draw(t, "arguments")
		got, err := ParseExecutorArgs(want.JSON())
		if want.App == "" || want.Driver == "" || want.Worker == "" {
			require.Error(t, err)
			return
		}
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
	_, err := ParseExecutorArgs(`{"app":"a","driver":"d:1","worker":"w:1"} {}`)
	require.ErrorContains(t, err, "more than one value")
}

func TestOnlyFourStatesAreFinal(t *testing.T) {
	for state, final := range map[DriverState]bool{
		Submitted: false, Running: false, Relaunching: false, "": false,
		Finished: true, Killed: true, Failed: true, Errored: true,
	} {
		require.Equal(t, final, state.Terminal(), state)
	}
}
