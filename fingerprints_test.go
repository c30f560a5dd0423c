package simctl_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/reports"
)

const fingerprintsFile = "testdata/fingerprints.txt"

// A few seeds do what they did when the file was written, on every machine and
// with every build. A change of behaviour changes fingerprints: then `make
// golden` writes the file anew, and its diff says which worlds the change
// touches. Lines are SCENARIO SEED POLICY GRAIN FINGERPRINT.
func TestFingerprintsAreThoseOfTheGoldenFile(t *testing.T) {
	text, err := os.ReadFile(fingerprintsFile)
	require.NoError(t, err)
	var now strings.Builder
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		require.GreaterOrEqual(t, len(f), 4, "%q", line)
		p, err := policy.Parse(f[2])
		require.NoError(t, err)
		seed, err := simctl.ParseSeed(f[1])
		require.NoError(t, err)
		r, err := simctl.Run(context.Background(), scenario(t, f[0]), seed, simctl.Options{Policy: p, Grain: f[3]})
		require.NoError(t, err)
		fmt.Fprintf(&now, "%s %s\n", strings.Join(f[:4], " "), reports.Fingerprint(r.Fingerprint))
	}
	if os.Getenv("SIMCTL_UPDATE") != "" {
		require.NoError(t, os.WriteFile(fingerprintsFile, []byte(now.String()), 0o644))
		return
	}
	require.Equal(t, string(text), now.String(), "make golden writes the file anew, if the change is wanted")
}
