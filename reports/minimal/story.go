package minimal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/simctl/simctl/reports/story"
)

// mostMoments bounds the paragraph of what happened.
const mostMoments = 24

// Files are what a bundle of a minimal run has besides a run's own files.
func (r *Report) Files() (map[string][]byte, error) {
	r.Schema = Schema
	var line bytes.Buffer
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(r); err != nil {
		return nil, fmt.Errorf("shrink.json: %w", err)
	}
	test, err := r.GoTest("regression")
	if err != nil {
		return nil, fmt.Errorf("regression_test.go: %w", err)
	}
	text, err := r.Story()
	if err != nil {
		return nil, fmt.Errorf("story.md: %w", err)
	}
	return map[string][]byte{
		"shrink.json": line.Bytes(), "story.md": text, "world.txt": r.Text(),
		"regression_test.go.txt": test, // no name that a build would take
	}, nil
}

// Text is the minimal world as a file: a scenario, and before it what is known of
// it, as comments of the form "# key: value".
func (r *Report) Text() []byte {
	var b bytes.Buffer
	line := func(key, format string, args ...any) {
		fmt.Fprintf(&b, "# %s: %s\n", key, fmt.Sprintf(format, args...))
	}
	line("property", "%s", r.Property)
	line("signature", "%s", strings.ReplaceAll(r.Signature, "\n", " "))
	line("policy", "%s", r.Policy)
	if r.Test.Grain != "" {
		line("grain", "%s", r.Test.Grain)
	}
	if r.Test.ZKClient != "" {
		line("client", "%s", r.Test.ZKClient)
	}
	for _, key := range slices.Sorted(maps.Keys(r.Test.Conf)) {
		line("conf", "%s=%s", key, r.Test.Conf[key])
	}
	line("seed", "%d", r.LeftSeed)
	line("found", "%s:%d", r.Origin, r.Seed)
	line("size", "%d faults, %d operations, %d machines; it was %d, %d and %d", r.After.Faults, r.After.Ops, r.After.Machines, r.Before.Faults, r.Before.Ops, r.Before.Machines)
	line("rate", "%d of %d seeds", r.Failing, r.Seeds)
	return append(b.Bytes(), r.World.String()...)
}

// Story is the readme of the bundle.
func (r *Report) Story() ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# %s is violated\n\n", r.Property)
	fmt.Fprintf(&b, "%s, seed %d, policy %s, made smaller: %s.\n", r.Origin, r.Seed, r.Policy, r.proof())
	if r.Control {
		b.WriteString("Under hardened the same run does not fail, and neither did any that was kept on the way.\n")
	}
	fmt.Fprintf(&b, "\n## What happened\n\n%s\n", r.account())
	fmt.Fprintf(&b, "\n## Why it is wrong\n\n%s: %s\n\n```\n", r.Property, r.Says)
	if err := story.Violation(&b, r.Events, r.Finding); err != nil {
		return nil, err
	}
	b.WriteString("```\n")
	if r.Also != "" {
		fmt.Fprintf(&b, "\nThe run violates %s too.\n", r.Also)
	}
	fmt.Fprintf(&b, "\n## The schedule\n\n```\n%s# seed %d, policy %s\n```\n\nAlso in world.txt: `%s`.\n", r.World, r.LeftSeed, r.Policy, r.command())
	r.needs(&b)
	r.sizes(&b)
	fmt.Fprintf(&b, "\n## Who told whom\n\n```mermaid\n%s```\n", r.Diagram())
	test, err := r.GoTest("regression")
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(&b, "\n## As a test\n\nIt fails for as long as this does, in this repository and in any module that requires it.\n\n```go\n%s```\n", test)
	return b.Bytes(), nil
}

func (r *Report) command() string {
	text := fmt.Sprintf("simctl run world.txt --seed=%d --policy=%s", r.LeftSeed, r.Policy)
	if r.Test.Grain != "" {
		text += " --zk-grain=" + r.Test.Grain
	}
	if r.Test.ZKClient != "" && r.Test.ZKClient != "go-zookeeper" {
		text += " --zk-client=" + r.Test.ZKClient
	}
	return text
}

// proof says how small it is known to be.
func (r *Report) proof() string {
	switch {
	case !r.Minimal:
		return fmt.Sprintf("not proven minimal, %s", r.Why)
	case !r.Caused:
		return "no fault is needed, and without any single operation or machine that is left it does not fail in this way"
	}
	what := "fault, operation and machine"
	if r.FaultsOnly {
		what = "fault"
	}
	return "1-minimal, that is, every single " + what + " that is left was left out in turn, and no such run fails because of its faults in this way"
}

// account is a paragraph of what happened in order, up to the violation.
func (r *Report) account() string {
	var said []string
	for _, m := range story.Moments(r.Events) {
		if r.Finding.Step > 0 && m.Step > r.Finding.Step {
			break
		}
		said = append(said, fmt.Sprintf("At %s, %s.", strings.TrimSpace(story.Seconds(m.At)), strings.TrimSuffix(m.Text, ".")))
	}
	said = slices.Compact(said)
	if n := len(said) - mostMoments; n > 0 {
		head := slices.Clone(said[:mostMoments/2])
		head = append(head, fmt.Sprintf("(%d more.)", n))
		said = append(head, said[len(said)-mostMoments/2:]...)
	}
	return strings.Join(said, "\n")
}

func (r *Report) needs(b *bytes.Buffer) {
	b.WriteString("\n## What each fault is needed for\n\n")
	if len(r.Faults) == 0 {
		b.WriteString("There is none left: it fails without any.\n")
		return
	}
	b.WriteString("| fault | run | verdict |\n|---|---|---|\n")
	for _, n := range r.Faults {
		fmt.Fprintf(b, "| `%s` | without it | %s |\n", cell(n.Fault), cell(n.Without))
		for _, w := range n.Weaker {
			fmt.Fprintf(b, "| | `%s` in its place | %s |\n", cell(w.Fault), cell(w.Verdict))
		}
	}
}

func (r *Report) sizes(b *bytes.Buffer) {
	b.WriteString("\n## How small it became\n\n| | faults | operations | machines | safety phase | steps |\n|---|--:|--:|--:|--:|--:|\n")
	for _, row := range []struct {
		name string
		s    Size
	}{{"found", r.Before}, {"left", r.After}} {
		fmt.Fprintf(b, "| %s | %d | %d | %d | %s | %d |\n", row.name, row.s.Faults, row.s.Ops, row.s.Machines, story.Short(row.s.SafetyNs), row.s.Steps)
	}
	fmt.Fprintf(b, "\n%d runs were tried in %d rounds:\n\n| leaving out or changing | tried | kept |\n|---|--:|--:|\n", r.Runs, r.Rounds)
	for _, p := range r.Passes {
		fmt.Fprintf(b, "| %s | %d | %d |\n", p.Name, p.Tried, p.Kept)
	}
	fmt.Fprintf(b, "\nOf the seeds 1 to %d, %d fail in this way in the world that is left.\n", r.Seeds, r.Failing)
	fmt.Fprintf(b, "\nEach that was kept fails as this does: `%s`.\n", strings.ReplaceAll(r.Signature, "`", "'"))
}

// cell is a text that does not end a cell of a table.
func cell(text string) string { return strings.NewReplacer("|", "\\|", "\n", " ").Replace(text) }
