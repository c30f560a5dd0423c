// Package conf reads Spark's configuration: names, defaults and units are
// Spark's (internal/config/Deploy.scala, Worker.scala, Network.scala), and a
// name that is unknown, or that nothing here would obey, is never passed over
// in silence.
package conf

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A Conf is what was set, each value checked. The zero Conf sets nothing.
type Conf struct {
	set []setting // in the order of the table of keys
}

type setting struct {
	key   *Key
	text  string // as it was written
	value int64  // what it means; of texts 0
}

// An UnknownError says that no key has a name.
type UnknownError struct{ Name string }

// Error says so without a suggestion, see [Names].
func (e *UnknownError) Error() string { return fmt.Sprintf("unknown configuration name %q", e.Name) }

// Of checks settings by name.
func Of(settings map[string]string) (Conf, error) {
	var c Conf
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		if err := c.add(name, settings[name]); err != nil {
			return Conf{}, err
		}
	}
	return c, nil
}

// ParseAll reads settings of the form "key=value", as of --conf. A key that is
// given twice is refused, under its older name too.
func ParseAll(settings []string) (Conf, error) {
	var c Conf
	for _, s := range settings {
		name, value, ok := strings.Cut(s, "=")
		if !ok {
			return Conf{}, fmt.Errorf("%q: want key=value", s)
		}
		if err := c.add(strings.TrimSpace(name), strings.TrimSpace(value)); err != nil {
			return Conf{}, err
		}
	}
	return c, nil
}

func (c *Conf) add(name, text string) error {
	k, err := find(name)
	if err != nil {
		return err
	}
	if c.Given(k.Name) {
		return fmt.Errorf("%s is given twice", k.Name)
	}
	if k.Refused != "" {
		return fmt.Errorf("%s: %s", name, k.Refused)
	}
	value, err := k.parse(text)
	if err != nil {
		return fmt.Errorf("%s=%s: %w", name, text, err)
	}
	c.set = append(c.set, setting{k, text, value})
	slices.SortFunc(c.set, byPlace)
	return nil
}

func byPlace(a, b setting) int {
	return cmp.Or(cmp.Compare(a.key.at, b.key.at), cmp.Compare(a.key.Name, b.key.Name))
}

// With returns c with everything that over sets in its place.
func (c Conf) With(over Conf) Conf {
	out := Conf{set: slices.Clone(over.set)}
	for _, s := range c.set {
		if !over.Given(s.key.Name) {
			out.set = append(out.set, s)
		}
	}
	slices.SortFunc(out.set, byPlace)
	return out
}

// Given reports whether a key is set, by its name.
func (c Conf) Given(name string) bool {
	return slices.ContainsFunc(c.set, func(s setting) bool { return s.key.Name == name })
}

// Kills reports whether a live master's page takes kills
// (spark.ui.killEnabled).
func (c Conf) Kills() bool {
	return !slices.ContainsFunc(c.set, func(s setting) bool { return s.key.Name == "spark.ui.killEnabled" && s.value == 0 })
}

// Empty reports whether nothing is set.
func (c Conf) Empty() bool { return len(c.set) == 0 }

// List returns "key=value" for all that is set, as [ParseAll] reads it, in a
// fixed order.
func (c Conf) List() []string {
	var out []string
	for _, s := range c.set {
		out = append(out, s.key.Name+"="+s.text)
	}
	return out
}

// Map returns what is set by name, as [Of] reads it.
func (c Conf) Map() map[string]string {
	out := map[string]string{}
	for _, s := range c.set {
		out[s.key.Name] = s.text
	}
	return out
}

// Inert lists what is set and has no effect here, each with the reason.
func (c Conf) Inert() []string {
	var out []string
	for _, s := range c.set {
		if s.key.Inert != "" {
			out = append(out, s.key.Name+" has no effect here: "+s.key.Inert)
		}
	}
	return out
}
