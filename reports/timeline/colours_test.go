package timeline_test

import (
	"fmt"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestContrast: every text can be read on every ground that it may stand on,
// by the measure of WCAG 2 (4.5 to 1), and lines can be told from the paper
// (3 to 1), in light and in dark.
func TestContrast(t *testing.T) {
	css, err := os.ReadFile("page.css")
	require.NoError(t, err)
	light, dark := string(css), string(css)
	if i := strings.Index(light, "prefers-color-scheme"); i >= 0 {
		light, dark = light[:i], light[i:]
	}
	for scheme, text := range map[string]string{"light": light, "dark": dark} {
		colours := map[string]float64{}
		for _, m := range regexp.MustCompile(`--([a-z-]+): #([0-9a-f]{6});`).FindAllStringSubmatch(text, -1) {
			colours[m[1]] = luminance(t, m[2])
		}
		need := func(least float64, front string, grounds ...string) {
			for _, ground := range grounds {
				require.Contains(t, colours, front)
				require.Contains(t, colours, ground)
				a, b := colours[front], colours[ground]
				ratio := (max(a, b) + 0.05) / (min(a, b) + 0.05)
				require.GreaterOrEqual(t, ratio, least, fmt.Sprintf("%s on %s, %s", front, ground, scheme))
			}
		}
		need(4.5, "ink", "paper", "faint", "standby", "recovering", "completing", "alive", "suspended", "leader", "follower", "looking", "registered",
			"up", "driver", "executor", "op", "term", "fault", "quorum", "bad-fill")
		need(4.5, "soft", "paper", "faint")
		need(4.5, "bad", "paper")
		for _, line := range []string{"edge", "bad", "cause", "pick", "match", "rpc", "zk", "zab", "session"} {
			need(3, line, "paper")
		}
	}
}

// luminance is the relative luminance of a colour, as WCAG 2 defines it.
func luminance(t *testing.T, hex string) float64 {
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
		require.NoError(t, err)
		c := float64(n) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}
