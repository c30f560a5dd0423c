package scenarios

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/simctl/simctl/scenarios/hint"
)

// One file a scenario; its path below catalog is the scenario's name.
//
//go:embed catalog
var catalog embed.FS

// All returns every scenario of the catalogue, ordered by name.
func All() []Scenario {
	var out []Scenario
	err := fs.WalkDir(catalog, "catalog", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		s, err := load(path)
		out = append(out, s)
		return err
	})
	if err != nil {
		panic("scenarios: the catalogue is broken: " + err.Error())
	}
	slices.SortFunc(out, func(a, b Scenario) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func load(path string) (Scenario, error) {
	text, err := catalog.ReadFile(path)
	if err != nil {
		return Scenario{}, err
	}
	s, err := Parse(path, text)
	if want := strings.TrimSuffix(strings.TrimPrefix(path, "catalog/"), ".txt"); err == nil && s.Name != want {
		return Scenario{}, fmt.Errorf("%s:1: the scenario is called %s, its file %s", path, s.Name, want)
	}
	return s, err
}

// Default returns the scenarios of a sweep that names none: all but those
// below "defect/", which are there to fail, and those below "recovery/", a run of
// which costs fifty times as much as one of the others.
func Default() []Scenario {
	return slices.DeleteFunc(All(), func(s Scenario) bool {
		return strings.HasPrefix(s.Name, "defect/") || strings.HasPrefix(s.Name, "recovery/")
	})
}

// Swarm is the name of the scenarios that a seed draws as a whole. Under it
// stands no scenario of the catalogue, but one without machines: package swarm
// makes a world of it.
const Swarm = "swarm"

// Lookup returns the scenarios that a pattern names: one by its name
// ("failover/kill"), a subtree ("failover/..."), "..." for [Default], or [Swarm].
func Lookup(pattern string) ([]Scenario, error) {
	switch pattern {
	case "...":
		return Default(), nil
	case Swarm:
		return []Scenario{{Name: Swarm, Doc: "every seed draws its machines, its work, its network and its faults"}}, nil
	}
	all := All()
	prefix, tree := strings.CutSuffix(pattern, "...")
	var out []Scenario
	var names []string
	for _, s := range all {
		if s.Name == pattern || tree && strings.HasSuffix(prefix, "/") && strings.HasPrefix(s.Name, prefix) {
			out = append(out, s)
		}
		names = append(names, s.Name)
	}
	if len(out) > 0 {
		return out, nil
	}
	if tree {
		names = subtrees(names)
	}
	return nil, fmt.Errorf("no scenario %q%s", pattern, hint.For(pattern, names, sameLeaf(pattern, names)))
}

// subtrees lists the patterns that select something: "failover/...".
func subtrees(names []string) []string {
	var out []string
	for _, n := range names {
		for i := range len(n) {
			if n[i] == '/' && !contains(out, n[:i]+"/...") {
				out = append(out, n[:i]+"/...")
			}
		}
	}
	return out
}

// sameLeaf helps who knows the last part of a name: "kill" for
// "failover/kill".
func sameLeaf(pattern string, names []string) string {
	leaf := pattern[strings.LastIndexByte(pattern, '/')+1:]
	for _, n := range names {
		if leaf != "" && strings.HasSuffix(n, "/"+leaf) {
			return "did you mean " + n + "?"
		}
	}
	return "the list is in: simctl list scenarios"
}
