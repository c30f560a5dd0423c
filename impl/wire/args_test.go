package wire

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestArgumentsOfADriverComeBackAsTheyWere(t *testing.T) {
	require.Equal(t, `{"driver":"d1","attempt":2,"run_for_ns":3,"status":4}`, DriverArgs{"d1", 2, 3, 4}.JSON())
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.Make[DriverArgs]().Draw(t, "arguments")
		got, err := ParseDriverArgs(want.JSON())
		if want.Driver == "" || want.RunFor < 0 {
			require.Error(t, err)
			return
		}
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
}

func TestOnlyFourStatesAreFinal(t *testing.T) {
	for state, final := range map[DriverState]bool{
		Submitted: false, Running: false, Relaunching: false, "": false,
		Finished: true, Killed: true, Failed: true, Errored: true,
	} {
		require.Equal(t, final, state.Terminal(), state)
	}
}
