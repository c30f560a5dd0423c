package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/simctl/simctl"
	"github.com/simctl/simctl/cmd/simctl/properties"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/reports"
	"github.com/simctl/simctl/scenarios"
)

// listKinds are the nouns of list.
var listKinds = []string{"scenarios", "properties", "policies", "faults", "conf"}

// A listLine is one line of `list --json`.
type listLine struct {
	Schema string `json:"schema"`
	Kind   string `json:"kind"`
	Name   string `json:"name"`
	Doc    string `json:"doc"`
	// The rest is of one kind each.
	*property       `json:",omitempty"`
	Spark           *bool `json:"spark,omitempty"`    // of a policy's switch
	Hardened        *bool `json:"hardened,omitempty"` // of a policy's switch
	*properties.Key `json:",omitempty"`
	// Of a scenario: whether soak can run it, and, if not, why.
	Live    *bool  `json:"live,omitempty"`
	Refused string `json:"refused,omitempty"`
}

func newList(e *env) *cobra.Command {
	var json bool
	cmd := &cobra.Command{
		Use:       "list [scenarios|properties|policies|faults|conf]",
		Short:     "List scenarios, properties, policies, faults and configuration names",
		Example:   "  simctl list\n  simctl list scenarios --json",
		Args:      args(cobra.MaximumNArgs(1)),
		ValidArgs: listKinds,
		RunE: func(_ *cobra.Command, args []string) error {
			kinds := listKinds
			if len(args) == 1 {
				if !slices.Contains(listKinds, args[0]) {
					return fmt.Errorf("list: nothing is called %q%s", args[0], didYouMean(args[0], listKinds))
				}
				kinds = args
			}
			for i, kind := range kinds {
				lines := e.lines(kind)
				if err := e.printList(kind, lines, i > 0, len(kinds) > 1, json); err != nil {
					return err
				}
			}
			return nil
		},
	}
	addJSON(cmd, &json)
	return cmd
}

func (e *env) printList(kind string, lines []listLine, gap, heading, json bool) error {
	if !json && heading {
		if gap {
			fmt.Fprintln(e.Stdout)
		}
		fmt.Fprintln(e.Stdout, kind)
	}
	width := 0
	for _, l := range lines {
		width = max(width, len(l.Name))
	}
	for _, l := range lines {
		var err error
		if json {
			l.Schema = "simctl/list/v1"
			err = reports.WriteLine(e.Stdout, l)
		} else {
			_, err = fmt.Fprintf(e.Stdout, "  %-*s  %s\n", width, l.Name, l.Doc)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (e *env) lines(kind string) (lines []listLine) {
	switch kind {
	case "scenarios":
		for _, s := range scenarios.All() {
			l := listLine{Kind: "scenario", Name: s.Name, Doc: s.Doc}
			live := true
			if no := simctl.RunsLive(&s); no != nil {
				live, l.Refused = false, no.Error()
			}
			l.Live = &live
			lines = append(lines, l)
		}
	case "properties":
		for _, p := range e.engine.Properties() {
			lines = append(lines, listLine{Kind: "property", Name: p.Name, Doc: p.Says, property: &p})
		}
	case "policies":
		for _, s := range policy.Switches() {
			spark, hardened := s.On(policy.Spark), s.On(policy.Hardened)
			doc := fmt.Sprintf("spark %-7s  hardened %-9s  without it: %s", s.Value(policy.Spark), s.Value(policy.Hardened), s.Without)
			lines = append(lines, listLine{Kind: "switch", Name: s.Name, Doc: doc, Spark: &spark, Hardened: &hardened})
		}
	case "faults":
		for _, c := range scenarios.Classes() {
			lines = append(lines, listLine{Kind: "fault", Name: string(c), Doc: c.Says()})
		}
	case "conf":
		for _, n := range properties.List() {
			lines = append(lines, listLine{Kind: "conf", Name: n.Name, Doc: n.Doc, Key: n.Key})
		}
	}
	return lines
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
