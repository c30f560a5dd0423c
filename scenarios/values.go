package scenarios

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/simctl/simctl/scenarios/hint"
	"github.com/simctl/simctl/scenarios/span"
)

// An attr is one NAME=VALUE of a line.
type attr struct {
	name string
	set  func(value string) error
}

// split parts the plain words of a line from its attributes.
func split(words []string) (plain, attrs []string) {
	for _, w := range words {
		if strings.Contains(w, "=") {
			attrs = append(attrs, w)
		} else {
			plain = append(plain, w)
		}
	}
	return plain, attrs
}

// parseAttrs sets each NAME=VALUE of words; those of must have to be there.
func parseAttrs(words []string, known []attr, must ...string) error {
	var seen []string
	for _, w := range words {
		name, value, ok := strings.Cut(w, "=")
		i := slices.IndexFunc(known, func(a attr) bool { return a.name == name })
		switch {
		case !ok:
			return fmt.Errorf("want NAME=VALUE, got %q", w)
		case i < 0:
			return unknownAttr(name, known)
		case contains(seen, name):
			return fmt.Errorf("%s= is given twice", name)
		}
		seen = append(seen, name)
		if err := known[i].set(value); err != nil {
			return fmt.Errorf("%s: %w", w, err)
		}
	}
	for _, m := range must {
		if !contains(seen, m) {
			return fmt.Errorf("%s= is missing", m)
		}
	}
	return nil
}

func unknownAttr(name string, known []attr) error {
	if len(known) == 0 {
		return fmt.Errorf("unknown %q; here stands none", name+"=")
	}
	var names []string
	for _, a := range known {
		names = append(names, a.name)
	}
	return fmt.Errorf("unknown %q%s", name+"=", hint.For(name, names, "here stand "+strings.Join(names, "=, ")+"="))
}

func intAttr[T int | int64](name string, to *T, lo, hi int64) attr {
	return attr{name, func(v string) error {
		n, err := parseInt(v, lo, hi)
		*to = T(n)
		return err
	}}
}

func percentAttr(name string, to *int, lo int64) attr {
	return attr{name, func(v string) error {
		digits, ok := strings.CutSuffix(v, "%")
		if !ok {
			return fmt.Errorf("want per cent, as 15%%")
		}
		n, err := parseInt(digits, lo, 100)
		*to = int(n)
		return err
	}}
}

func rangeAttr(name string, to *Range) attr {
	return attr{name, func(v string) (err error) {
		*to, err = ParseRange(v)
		return err
	}}
}

func durationAttr(name string, to *time.Duration) attr {
	return attr{name, func(v string) (err error) {
		*to, err = parseDuration(v)
		return err
	}}
}

func wordAttr(name string, to *string) attr {
	return attr{name, func(v string) error {
		*to = v
		return checkTag(v)
	}}
}

func choiceAttr(name string, to *string, choices ...string) attr {
	return attr{name, func(v string) error {
		if !contains(choices, v) {
			return fmt.Errorf("want %s", strings.Join(choices, " or "))
		}
		*to = v
		return nil
	}}
}

func parseInt(v string, lo, hi int64) (int64, error) {
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is no whole number", v)
	}
	if n < lo || n > hi {
		return 0, fmt.Errorf("%d is not in %d..%d", n, lo, hi)
	}
	return n, nil
}

func parseUnit(v, unit string, hi int64) (int64, error) {
	digits, ok := strings.CutSuffix(v, unit)
	if !ok {
		return 0, fmt.Errorf("want a number of %s, as 100%s; got %q", unit, unit, v)
	}
	return parseInt(digits, 0, hi)
}

// ParseRange reads "3s" or "3s..5s".
func ParseRange(text string) (Range, error) {
	from, to, two := strings.Cut(text, "..")
	lo, err := parseDuration(from)
	if err != nil {
		return Range{}, err
	}
	if !two {
		return Range{lo, lo}, nil
	}
	hi, err := parseDuration(to)
	if err != nil {
		return Range{}, err
	}
	if hi < lo {
		return Range{}, fmt.Errorf("the range %s ends before it begins", text)
	}
	return Range{lo, hi}, nil
}

func parseDuration(text string) (time.Duration, error) {
	d, err := span.Parse(text)
	if err == nil && d < 0 {
		return 0, fmt.Errorf("the duration %s is negative", text)
	}
	return d, err
}

func contains(list []string, s string) bool { return slices.Contains(list, s) }
