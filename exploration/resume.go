package exploration

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/simctl/simctl"
	"github.com/simctl/simctl/checker/explore"
)

// keep has the search kept in its directory.
func keep(o *explore.Options, s *Search, m *subject) error {
	if s.Resume == "" {
		return nil
	}
	if s.Seen != nil {
		return errors.New("what was seen is not kept: leave out either of the two")
	}
	if err := os.MkdirAll(s.Resume, 0o755); err != nil {
		return err
	}
	o.Checkpoint, o.Label = filepath.Join(s.Resume, "explore.search"), s.label(m)
	return nil
}

// label says what is searched, so that a search does not go on with another's
// states.
func (s *Search) label(m *subject) string {
	words := []string{simctl.Version, s.System, m.policy, strategyName(s.Strategy), fmt.Sprint(s.NoSymmetry, s.Properties)}
	for _, name := range slices.Sorted(maps.Keys(m.bounds)) {
		words = append(words, name+"="+m.bounds[name])
	}
	return strings.Join(words, " ")
}
