package exploration

import (
	"maps"
	"net/url"
	"slices"

	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/reports/explorer"
)

// Pages are the systems as people walk through them: an address has the bounds by
// their names, and the policy of real code.
func Pages() []explorer.System {
	var all []explorer.System
	for _, s := range Systems() {
		x := explorer.System{Name: s.Name, Doc: s.Doc, Start: func(values url.Values) (explorer.Walk, error) { return start(s, values) }}
		for _, b := range s.Bounds {
			x.Bounds = append(x.Bounds, explorer.Bound{Name: b.Name, Default: b.Default, Says: b.Says})
		}
		if s.Policy {
			x.Bounds = append(x.Bounds, explorer.Bound{Name: policyName, Default: policy.Hardened.String(), Says: "what the processes do differently"})
		}
		all = append(all, x)
	}
	return all
}

// policyName is the policy's name among the values of an address.
const policyName = "policy"

func start(s System, values url.Values) (explorer.Walk, error) {
	x := Search{System: s.Name, Bounds: map[string]string{}}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if name == policyName {
			x.Policy = values.Get(name)
		} else {
			x.Bounds[name] = values.Get(name)
		}
	}
	m, err := open(&x)
	if err != nil {
		return nil, err
	}
	return m.pages(), nil
}
