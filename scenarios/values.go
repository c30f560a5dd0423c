package scenarios

import (
	"fmt"
	"slices"
	"strings"

	"github.com/simctl/simctl/scenarios/attr"
)

func rangeAttr(name string, to *Range) attr.Attr {
	return attr.Attr{Name: name, Set: func(v string) (err error) {
		*to, err = ParseRange(v)
		return err
	}}
}

// ParseRange reads "3s" or "3s..5s".
func ParseRange(text string) (Range, error) {
	from, to, two := strings.Cut(text, "..")
	lo, err := attr.ParseDuration(from)
	if err != nil {
		return Range{}, err
	}
	if !two {
		return Range{lo, lo}, nil
	}
	hi, err := attr.ParseDuration(to)
	if err != nil {
		return Range{}, err
	}
	if hi < lo {
		return Range{}, fmt.Errorf("the range %s ends before it begins", text)
	}
	return Range{lo, hi}, nil
}

func contains(list []string, s string) bool { return slices.Contains(list, s) }
