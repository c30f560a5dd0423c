package reports

import (
	"fmt"
	"io"
	"strings"

	"github.com/simctl/simctl/checker"
)

// passWidth is how long the detail of a property that held may be.
const passWidth = 80

// Verdicts prints one aligned line a finding: the verdict in capitals, the
// property, the step if it was violated, and the detail, cut short where the
// property held: findings.json has all of it.
func Verdicts(w io.Writer, findings []checker.Finding) error {
	width := 0
	for _, f := range findings {
		width = max(width, len(f.Property))
	}
	for _, f := range findings {
		detail, _, _ := strings.Cut(f.Detail, "\n")
		if f.Verdict == checker.Pass && len(detail) > passWidth {
			detail, _, _ = strings.Cut(detail, ": ")
		}
		if f.Step > 0 {
			detail = strings.TrimSpace(fmt.Sprintf("step %d   %s", f.Step, detail))
		}
		line := fmt.Sprintf("  %-12s  %-*s   %s", strings.ToUpper(string(f.Verdict)), width, f.Property, detail)
		if _, err := fmt.Fprintln(w, strings.TrimRight(line, " ")); err != nil {
			return err
		}
	}
	return nil
}

// Next prints the commands that go on from a violation.
func Next(w io.Writer, r *RunFile, bundle string) error {
	var b strings.Builder
	if bundle != "" {
		fmt.Fprintf(&b, "  bundle     %s\n", bundle)
	}
	fmt.Fprintf(&b, "  reproduce  %s\n", Command(r))
	if bundle != "" {
		fmt.Fprintf(&b, "  shrink     simctl shrink %s\n", bundle)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
