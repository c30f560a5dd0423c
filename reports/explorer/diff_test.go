package explorer

import (
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestDiff reads two states with a line of dashes between them.
func TestDiff(t *testing.T) {
	datadriven.RunTest(t, "testdata/diff.txt", func(t *testing.T, d *datadriven.TestData) string {
		before, now, _ := strings.Cut(d.Input, "--")
		var b strings.Builder
		draw(&b, stateOf(before, now, true), "")
		return b.String()
	})
}

func draw(b *strings.Builder, lines []line, in string) {
	for _, x := range lines {
		b.WriteString(map[string]string{same: "  ", fresh: "+ ", gone: "- ", changed: "± "}[x.How] + in)
		for _, w := range x.Words {
			if w.Apart {
				b.WriteByte(' ')
			}
			b.WriteString(map[string]string{same: w.Text, fresh: "{" + w.Text + "}", gone: "[" + w.Text + "]"}[w.How])
		}
		if len(x.Kids) > 0 && !x.Open {
			b.WriteString(" (folded)")
		}
		b.WriteByte('\n')
		draw(b, x.Kids, in+"  ")
	}
}

// TestNothingIsLostBetweenTwoStates: what is left of a comparison without what is
// new is the state before, and without what is gone the state now; and a state
// compared with itself shows no change.
func TestNothingIsLostBetweenTwoStates(t *testing.T) {
	state := rapid.Custom(func(t *rapid.T) string {
		var lines []string
		in := 0
		for range rapid.IntRange(0, 12).Draw(t, "lines") {
			in = rapid.IntRange(0, min(in+1, 3)).Draw(t, "indent")
			words := rapid.SliceOfN(rapid.SampledFrom([]string{"m1", "m2", "w1,", "term", "1", "2;", "Alive"}), 1, 4).Draw(t, "words")
			lines = append(lines, strings.Repeat("  ", in)+strings.Join(words, " "))
		}
		return strings.Join(lines, "\n")
	})
	rapid.Check(t, func(t *rapid.T) {
		before, now := state.Draw(t, "before"), state.Draw(t, "now")
		lines := stateOf(before, now, true)
		require.Equal(t, flat(treesOf(before), ""), side(lines, fresh, ""))
		require.Equal(t, flat(treesOf(now), ""), side(lines, gone, ""))
		for _, x := range stateOf(now, now, true) {
			require.False(t, x.moved)
		}
	})
}

func flat(trees []tree, in string) (lines []string) {
	for _, x := range trees {
		lines = append(append(lines, in+x.text), flat(x.kids, in+" ")...)
	}
	return lines
}

// side is one side of a comparison: all but what has a fate.
func side(lines []line, without, in string) (out []string) {
	for _, x := range lines {
		if x.How == without {
			continue
		}
		var b strings.Builder
		for _, w := range x.Words {
			if w.How == without {
				continue
			}
			if w.Apart {
				b.WriteByte(' ')
			}
			b.WriteString(w.Text)
		}
		out = append(append(out, in+strings.TrimSpace(b.String())), side(x.Kids, without, in+" ")...)
	}
	return out
}
