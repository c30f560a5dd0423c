package rounds

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/scenarios"
)

const text = `scenario failover/small
doc a small one
topology masters=2 workers=2 clients=2 servers=3 cores=4 memory=4096
timers fast
safety 20s
work jobs=3 cores=1 memory=64 run=1s..2s status=500ms..1s
op at=1s..2s c1 submit pi cores=1 job=pi stages=2 tasks=4 task=500ms..2s executors=2 ecores=1 ememory=64
op at=5s..6s c1 kill pi
op at=15s..16s c2 submit bank cores=1 supervise job=ledger stages=2 tasks=4 task=1s executors=2 ecores=1 ememory=64
op at=4s..5s c2 status bank
at=8s..11s for=1s..9s kill active outputs=any
`

func parse(t *testing.T) scenarios.Scenario {
	t.Helper()
	s, err := scenarios.Parse("small", []byte(text))
	require.NoError(t, err)
	return s
}

// Every round has jobs of its own: nobody submits the same one twice, and
// whoever asks about one asks about that of its round.
func TestApplicationsAreSubmittedInEveryRound(t *testing.T) {
	s := Of(parse(t), 52*time.Second, 7)
	require.NoError(t, s.Check())
	var got []string
	for _, o := range s.Ops {
		require.Equal(t, o.At.Lo, o.At.Hi)
		got = append(got, fmt.Sprintf("%d %s %s %s", o.At.Lo/(20*time.Second), o.Client, o.Kind, o.Tag))
	}
	require.Equal(t, []string{
		"0 c1 submit pi", "0 c1 kill pi", "0 c2 submit bank", "0 c2 status bank",
		"1 c1 submit pi-r2", "1 c1 kill pi-r2", "1 c2 submit bank-r2", "1 c2 status bank-r2",
		"2 c1 submit pi-r3", "2 c1 kill pi-r3", // the bank of the last round would come too late, and with it its question
	}, got)
	require.Equal(t, 9, s.Work.Jobs)
	require.Len(t, s.Faults, 3)
	require.NotEqual(t, s.Ops[0].At.Lo+20*time.Second, s.Ops[4].At.Lo, "drawn anew")
	require.Equal(t, s, Of(parse(t), 52*time.Second, 7), "by the seed alone")
}

// The first round is the scenario as it stands.
func TestOneRoundIsTheScenario(t *testing.T) {
	once, thrice := Of(parse(t), 20*time.Second, 7), Of(parse(t), 60*time.Second, 7)
	require.Len(t, once.Ops, 4)
	require.Equal(t, once.Ops, thrice.Ops[:4])
	require.Equal(t, once.Faults, thrice.Faults[:1])
	require.Equal(t, 3, once.Work.Jobs)
}
