package simctl

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"math"
	"strconv"
	"strings"
)

// A seedRange is the seeds from first to last, both included.
type seedRange struct{ first, last uint64 }

// A SeedList is many seeds, in the order they were asked for.
type SeedList []seedRange

// ParseSeeds reads "1-3,9", "0x10", "1-" (without end) or "-": one list a line
// from standard input, blank lines and those that begin with # left out.
func ParseSeeds(text string, stdin io.Reader) (SeedList, error) {
	if text != "-" {
		return parseSeedLine(text)
	}
	var all SeedList
	lines := bufio.NewScanner(stdin)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		list, err := parseSeedLine(line)
		if err != nil {
			return nil, fmt.Errorf("standard input: line %d: %w", n, err)
		}
		all = append(all, list...)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("standard input: %w", err)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("standard input: no seeds")
	}
	return all, nil
}

func parseSeedLine(text string) (SeedList, error) {
	var list SeedList
	for item := range strings.SplitSeq(text, ",") {
		lo, hi, ranged := strings.Cut(item, "-")
		first, err := ParseSeed(lo)
		if err != nil {
			return nil, err
		}
		last := first
		if ranged && hi == "" {
			last = math.MaxUint64
		} else if ranged {
			if last, err = ParseSeed(hi); err != nil {
				return nil, err
			}
		}
		if last < first {
			return nil, fmt.Errorf("seeds %s: %d is below %d", item, last, first)
		}
		list = append(list, seedRange{first, last})
	}
	return list, nil
}

// ParseSeed reads one seed, decimal or 0x.
func ParseSeed(text string) (uint64, error) {
	digits, base := text, 10
	if hex, ok := strings.CutPrefix(text, "0x"); ok {
		digits, base = hex, 16
	}
	seed, err := strconv.ParseUint(digits, base, 64)
	if err != nil {
		return 0, fmt.Errorf("seed %q: want a number from 0 to 2^64-1, decimal or 0x", text)
	}
	return seed, nil
}

// All yields the seeds.
func (l SeedList) All() iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		for _, r := range l {
			for seed := r.first; ; seed++ {
				if !yield(seed) {
					return
				}
				if seed == r.last {
					break
				}
			}
		}
	}
}

// Endless reports whether some range has no end.
func (l SeedList) Endless() bool {
	for _, r := range l {
		if r.last == math.MaxUint64 {
			return true
		}
	}
	return false
}

// Count is how many seeds there are; 0 if there is no telling.
func (l SeedList) Count() uint64 {
	var n uint64
	for _, r := range l {
		size := r.last - r.first + 1
		if size == 0 || n+size < n || l.Endless() {
			return 0
		}
		n += size
	}
	return n
}

// String returns the list as it was given.
func (l SeedList) String() string {
	items := make([]string, len(l))
	for i, r := range l {
		switch r.last {
		case r.first:
			items[i] = strconv.FormatUint(r.first, 10)
		case math.MaxUint64:
			items[i] = fmt.Sprintf("%d-", r.first)
		default:
			items[i] = fmt.Sprintf("%d-%d", r.first, r.last)
		}
	}
	return strings.Join(items, ",")
}
