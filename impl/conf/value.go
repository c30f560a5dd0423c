package conf

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Kind is how a value is read.
type Kind string

// The kinds. A duration or size without a unit has the key's own.
const (
	Duration Kind = "duration" // 60s, 500ms, 1min, 2h; a whole number
	Int      Kind = "int"
	Bool     Kind = "bool" // true or false
	Enum     Kind = "enum" // one of Key.Values, in any case
	Bytes    Kind = "bytes"
	Text     Kind = "string"
)

// parse reads a value of k: nanoseconds, a number, 0 or 1, an index into
// Values, bytes; 0 for a text.
func (k *Key) parse(text string) (n int64, err error) {
	switch k.Kind {
	case Duration:
		n, err = quantity(text, int64(k.Unit), durations, "a whole number and us, ms, s, m, min, h or d")
	case Bytes:
		n, err = quantity(text, k.Size, sizes, "a whole number and b, k, m, g, t or p")
	case Int:
		if n, err = strconv.ParseInt(text, 10, 32); err != nil {
			err = fmt.Errorf("want a whole number up to %d", math.MaxInt32)
		}
	case Bool:
		switch strings.ToLower(text) {
		case "true":
			n = 1
		case "false":
		default:
			err = fmt.Errorf("want true or false")
		}
	case Enum:
		if n = int64(slices.Index(k.Values, strings.ToUpper(text))); n < 0 {
			err = fmt.Errorf("want one of %s", strings.Join(k.Values, ", "))
		}
	}
	if err == nil && (k.Kind == Duration || k.Kind == Int) && n < k.Least {
		if err = fmt.Errorf("want at least %d", k.Least); k.Kind == Duration {
			err = fmt.Errorf("want more than nothing")
		}
	}
	if err == nil && k.check != nil {
		err = k.check(text)
	}
	return n, err
}

type unit struct {
	suffix string
	is     int64
}

// Spark's suffixes (JavaUtils, timeSuffixes and byteSuffixes).
var (
	durations = []unit{
		{"us", int64(time.Microsecond)}, {"ms", int64(time.Millisecond)}, {"s", int64(time.Second)}, {"m", int64(time.Minute)},
		{"min", int64(time.Minute)}, {"h", int64(time.Hour)}, {"d", int64(24 * time.Hour)},
	}
	sizes = []unit{
		{"b", 1}, {"k", 1 << 10}, {"kb", 1 << 10}, {"m", 1 << 20}, {"mb", 1 << 20}, {"g", 1 << 30}, {"gb", 1 << 30},
		{"t", 1 << 40}, {"tb", 1 << 40}, {"p", 1 << 50}, {"pb", 1 << 50},
	}
)

// quantity reads a whole number and a unit. Spark refuses fractions too.
func quantity(text string, plain int64, units []unit, want string) (int64, error) {
	lower := strings.ToLower(text)
	number := strings.TrimRight(lower, "abcdefghijklmnopqrstuvwxyz")
	is := plain
	if suffix := lower[len(number):]; suffix != "" {
		i := slices.IndexFunc(units, func(u unit) bool { return u.suffix == suffix })
		if i < 0 {
			return 0, fmt.Errorf("want %s", want)
		}
		is = units[i].is
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n > math.MaxInt64/is || n < 0 {
		return 0, fmt.Errorf("want %s", want)
	}
	return n * is, nil
}
