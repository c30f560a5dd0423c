package protocol_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/checker/explore"
	"github.com/simctl/simctl/checker/protocol"
	"github.com/simctl/simctl/model/abstract"
)

// The engine counts the states that comparing whole states counts, and TLC: its
// digests tell all of them apart. SIMCTL_ABSTRACT=N goes up to sizes of N states.
func TestTheEngineCountsTheSameStates(t *testing.T) {
	most := 10_000
	if v := os.Getenv("SIMCTL_ABSTRACT"); v != "" {
		_, err := fmt.Sscan(v, &most)
		require.NoError(t, err)
	}
	f, err := os.Open("../../model/abstract/testdata/counts")
	require.NoError(t, err)
	defer f.Close() //nolint:errcheck // only read
	searched := 0
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		y, states, err := abstract.ParseSize(lines.Text())
		require.NoError(t, err)
		if states > most {
			continue
		}
		searched++
		r, err := explore.Search(context.Background(), &protocol.System{Protocol: y}, explore.Options{Cores: 2})
		require.NoError(t, err)
		require.Empty(t, r.Findings)
		require.True(t, r.Complete, r.Why)
		require.Equal(t, uint64(states), r.Distinct, lines.Text())
		t.Logf("%s: %d transitions, depth %d", lines.Text(), r.Transitions, r.Depth)
	}
	require.Positive(t, searched)
}

// A mistake in the protocol is found with the shortest way to it.
func TestAMistakeIsFoundByTheShortestWay(t *testing.T) {
	sys := &protocol.System{Protocol: abstract.System{Masters: 2, Broken: abstract.NoWait, Budget: abstract.Budget{Expiries: 1}}}
	r, err := explore.Search(context.Background(), sys, explore.Options{})
	require.NoError(t, err)
	require.Len(t, r.Findings, 1)
	require.Equal(t, "one-acting-master", r.Findings[0].Property)
	story := explore.Story(sys, r.Findings[0])
	require.Len(t, story, 7, story)
	require.ElementsMatch(t, []string{"acquire m1", "elect m1", "act m1", "expire m1", "acquire m2", "elect m2", "act m2"}, story)
}
