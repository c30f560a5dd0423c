package reports

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/simctl/simctl/reports/story"
)

// A LatencySample is one failover: why the active master was lost, and how
// long, in nanoseconds, it took until the service noticed (Detect), until a
// successor was elected (Elect) and until it was Alive (Recover).
type LatencySample struct {
	Cause                         string
	Detect, Elect, Recover, Total int64
	Live                          bool // measured on a live cluster, not simulated
}

// Phases are the parts of a failover, in their order, and the whole.
var Phases = []string{"detect", "elect", "recover", "total"}

func (s *LatencySample) phase(name string) int64 {
	switch name {
	case "detect":
		return s.Detect
	case "elect":
		return s.Elect
	case "recover":
		return s.Recover
	}
	return s.Total
}

// A LatencyRow sums one phase of one cause up, in nanoseconds. Percentiles are
// by nearest rank: each is a failover that happened.
type LatencyRow struct {
	Cause string `json:"cause"`
	Live  bool   `json:"live"`
	Phase string `json:"phase"`
	Count int    `json:"count"`
	P50   int64  `json:"p50"`
	P90   int64  `json:"p90"`
	P99   int64  `json:"p99"`
	Max   int64  `json:"max"`
}

// LatencyRows sums the samples up: ordered by cause, simulated before live,
// phases in their order.
func LatencyRows(samples []LatencySample) []LatencyRow {
	var rows []LatencyRow
	for _, g := range groupSamples(samples) {
		for _, phase := range Phases {
			v := g.values(phase)
			rows = append(rows, LatencyRow{
				Cause: g.cause, Live: g.live, Phase: phase, Count: len(v),
				P50: rank(v, 50), P90: rank(v, 90), P99: rank(v, 99), Max: v[len(v)-1],
			})
		}
	}
	return rows
}

// group is the samples of one cause in one kind of run; never empty.
type group struct {
	cause   string
	live    bool
	samples []LatencySample
}

// label is how legends and tables call the group.
func (g *group) label() string {
	if g.live {
		return g.cause + " (live)"
	}
	return g.cause
}

func groupSamples(samples []LatencySample) []group {
	var out []group
	for _, s := range samples {
		i := slices.IndexFunc(out, func(g group) bool { return g.cause == s.Cause && g.live == s.Live })
		if i < 0 {
			out = append(out, group{cause: s.Cause, live: s.Live})
			i = len(out) - 1
		}
		out[i].samples = append(out[i].samples, s)
	}
	slices.SortFunc(out, func(a, b group) int {
		if c := strings.Compare(a.cause, b.cause); c != 0 {
			return c
		}
		switch {
		case a.live == b.live:
			return 0
		case b.live:
			return -1
		}
		return 1
	})
	return out
}

// values returns the sorted lengths of one phase.
func (g *group) values(phase string) []int64 {
	out := make([]int64, len(g.samples))
	for i := range g.samples {
		out[i] = g.samples[i].phase(phase)
	}
	slices.Sort(out)
	return out
}

// mean is the average length of a phase: means of phases add up.
func (g *group) mean(phase string) int64 {
	var sum int64
	for i := range g.samples {
		sum += g.samples[i].phase(phase) / int64(len(g.samples))
	}
	return sum
}

// rank is the nearest-rank percentile of sorted values: the smallest that at
// least p per cent of them do not exceed.
func rank(sorted []int64, p int) int64 {
	n := len(sorted)
	if n == 0 {
		return 0
	}
	return sorted[max(0, (n*p+99)/100-1)]
}

// LatencyTable writes the rows as a Markdown table.
func LatencyTable(w io.Writer, rows []LatencyRow) error {
	var b strings.Builder
	b.WriteString("| cause | run | phase | count | p50 | p90 | p99 | max |\n|---|---|---|---:|---:|---:|---:|---:|\n")
	for _, r := range rows {
		run := "simulated"
		if r.Live {
			run = "live"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %d | %s | %s | %s | %s |\n",
			r.Cause, run, r.Phase, r.Count, story.Seconds(r.P50), story.Seconds(r.P90), story.Seconds(r.P99), story.Seconds(r.Max))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
