// Package attr is the NAME=VALUE words of a scenario's lines, and the values
// that they may have.
package attr

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/simctl/simctl/scenarios/hint"
	"github.com/simctl/simctl/scenarios/span"
)

// An Attr is one NAME=VALUE of a line.
type Attr struct {
	Name string
	Set  func(value string) error // reads the value; an error says what is wanted
}

// Split parts the plain words of a line from its attributes.
func Split(words []string) (plain, attrs []string) {
	for _, w := range words {
		if strings.Contains(w, "=") {
			attrs = append(attrs, w)
		} else {
			plain = append(plain, w)
		}
	}
	return plain, attrs
}

// Parse sets each NAME=VALUE of words; those of must have to be there.
func Parse(words []string, known []Attr, must ...string) error {
	var seen []string
	for _, w := range words {
		name, value, ok := strings.Cut(w, "=")
		i := slices.IndexFunc(known, func(a Attr) bool { return a.Name == name })
		switch {
		case !ok:
			return fmt.Errorf("want NAME=VALUE, got %q", w)
		case i < 0:
			return unknownAttr(name, known)
		case slices.Contains(seen, name):
			return fmt.Errorf("%s= is given twice", name)
		}
		seen = append(seen, name)
		if err := known[i].Set(value); err != nil {
			return fmt.Errorf("%s: %w", w, err)
		}
	}
	for _, m := range must {
		if !slices.Contains(seen, m) {
			return fmt.Errorf("%s= is missing", m)
		}
	}
	return nil
}

func unknownAttr(name string, known []Attr) error {
	if len(known) == 0 {
		return fmt.Errorf("unknown %q; here stands none", name+"=")
	}
	var names []string
	for _, a := range known {
		names = append(names, a.Name)
	}
	return fmt.Errorf("unknown %q%s", name+"=", hint.For(name, names, "here stand "+strings.Join(names, "=, ")+"="))
}

// Int is a whole number from lo to hi.
func Int[T int | int64](name string, to *T, lo, hi int64) Attr {
	return Attr{name, func(v string) error {
		n, err := ParseInt(v, lo, hi)
		*to = T(n)
		return err
	}}
}

// Percent is a number from lo to 100 with a per cent sign.
func Percent(name string, to *int, lo int64) Attr {
	return Attr{name, func(v string) error {
		digits, ok := strings.CutSuffix(v, "%")
		if !ok {
			return fmt.Errorf("want per cent, as 15%%")
		}
		n, err := ParseInt(digits, lo, 100)
		*to = int(n)
		return err
	}}
}

// Duration is a duration that is not negative, as package span reads it.
func Duration(name string, to *time.Duration) Attr {
	return Attr{name, func(v string) (err error) {
		*to, err = ParseDuration(v)
		return err
	}}
}

// Word is what [CheckWord] accepts.
func Word(name string, to *string) Attr {
	return Attr{name, func(v string) error {
		*to = v
		return CheckWord(v)
	}}
}

// Choice is one of several words.
func Choice(name string, to *string, choices ...string) Attr {
	return Attr{name, func(v string) error {
		if !slices.Contains(choices, v) {
			return fmt.Errorf("want %s", strings.Join(choices, " or "))
		}
		*to = v
		return nil
	}}
}

// ParseInt reads a whole number from lo to hi.
func ParseInt(v string, lo, hi int64) (int64, error) {
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is no whole number", v)
	}
	if n < lo || n > hi {
		return 0, fmt.Errorf("%d is not in %d..%d", n, lo, hi)
	}
	return n, nil
}

// ParseUnit reads a whole number from 0 to hi with its unit behind it, as 100ppm.
func ParseUnit(v, unit string, hi int64) (int64, error) {
	digits, ok := strings.CutSuffix(v, unit)
	if !ok {
		return 0, fmt.Errorf("want a number of %s, as 100%s; got %q", unit, unit, v)
	}
	return ParseInt(digits, 0, hi)
}

// ParseDuration reads a duration that is not negative, as package span reads it.
func ParseDuration(text string) (time.Duration, error) {
	d, err := span.Parse(text)
	if err == nil && d < 0 {
		return 0, fmt.Errorf("the duration %s is negative", text)
	}
	return d, err
}

// CheckWord fails on what is not made of letters, digits, dots, dashes and
// underscores.
func CheckWord(tag string) error {
	for i := range len(tag) {
		if !strings.Contains(WordBytes+"._", tag[i:i+1]) {
			return fmt.Errorf("%q is not made of letters, digits, dots, dashes and underscores", tag)
		}
	}
	return nil
}

// WordBytes are the letters, digits and the dash.
const WordBytes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"

// A Range is a duration drawn uniformly from [Lo, Hi]. It prints "3s" if they
// are equal and "3s..5s" otherwise.
type Range struct{ Lo, Hi time.Duration }

// String returns "3s" or "3s..5s".
func (r Range) String() string {
	if r.Lo == r.Hi {
		return span.Text(r.Lo)
	}
	return span.Text(r.Lo) + ".." + span.Text(r.Hi)
}

// ParseRange reads "3s" or "3s..5s".
func ParseRange(text string) (Range, error) {
	from, to, two := strings.Cut(text, "..")
	lo, err := ParseDuration(from)
	if err != nil {
		return Range{}, err
	}
	if !two {
		return Range{lo, lo}, nil
	}
	hi, err := ParseDuration(to)
	if err != nil {
		return Range{}, err
	}
	if hi < lo {
		return Range{}, fmt.Errorf("the range %s ends before it begins", text)
	}
	return Range{lo, hi}, nil
}

// RangeOf is what [ParseRange] reads.
func RangeOf(name string, to *Range) Attr {
	return Attr{name, func(v string) (err error) {
		*to, err = ParseRange(v)
		return err
	}}
}
