package minimal

import (
	"fmt"
	"go/format"
	"maps"
	"slices"
	"strings"
)

// A Test is what a test in Go needs to make a run again.
type Test struct {
	Seed     uint64
	Policy   string
	Grain    string            // empty: the default
	ZKClient string            // empty: the default
	Conf     map[string]string // besides the scenario's own
}

// GoTest is a file of Go with a test that fails for as long as the property is
// violated by this run. It imports the root package of this module alone, so
// that it stands in anybody's module.
func (r *Report) GoTest(pkg string) ([]byte, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "package %s\n\nimport (\n\"testing\"\n\n\"github.com/simctl/simctl\"\n)\n\n", pkg)
	name := testName(r.Origin, r.Property)
	fmt.Fprintf(&b, "// %s holds %s on a minimal schedule.\n// It was made from %s, seed %d, policy %s:\n//\n", name, r.Property, r.Origin, r.Seed, r.Policy)
	for line := range strings.Lines(r.Finding.Detail) {
		if line = strings.TrimSpace(line); line != "" {
			fmt.Fprintf(&b, "//\t%s\n", line)
		}
	}
	fmt.Fprintf(&b, "func %s(t *testing.T) {\nsimctl.Regression{\n", name)
	fmt.Fprintf(&b, "Property: %q,\nPolicy: %q,\nSeed: %d,\n", r.Property, r.Test.Policy, r.Test.Seed)
	if r.Test.Grain != "" {
		fmt.Fprintf(&b, "Grain: %q,\n", r.Test.Grain)
	}
	if r.Test.ZKClient != "" {
		fmt.Fprintf(&b, "ZKClient: %q,\n", r.Test.ZKClient)
	}
	if len(r.Test.Conf) > 0 {
		b.WriteString("Conf: map[string]string{\n")
		for _, key := range slices.Sorted(maps.Keys(r.Test.Conf)) {
			fmt.Fprintf(&b, "%q: %q,\n", key, r.Test.Conf[key])
		}
		b.WriteString("},\n")
	}
	fmt.Fprintf(&b, "World: %s,\n}.Hold(t)\n}\n", raw(r.World.String()))
	return format.Source([]byte(b.String()))
}

// raw is a string in Go, over several lines if it can be.
func raw(text string) string {
	if strings.ContainsAny(text, "`\r") {
		return fmt.Sprintf("%q", text)
	}
	return "`\n" + text + "`"
}

// testName is a name of a test made of words: TestDefectD03LateWrite...
func testName(parts ...string) string {
	var b strings.Builder
	b.WriteString("Test")
	for _, part := range parts {
		for _, word := range strings.FieldsFunc(part, func(c rune) bool {
			return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9')
		}) {
			b.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	return b.String()
}
