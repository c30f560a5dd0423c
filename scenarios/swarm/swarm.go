// Package swarm draws scenarios: whole worlds, or the faults of a world that is
// there (Groce et al., ISSTA 2012). Each kind of trouble is in a run or not, by
// a coin of its own; how much of it there is, how long it lasts and when it
// strikes are drawn besides. What is drawn is text, so that it prints, parses,
// replays and shrinks like what somebody wrote.
//
// Left out on purpose is what no cluster survives, or what changes its meaning:
// wrong directories, lists of servers and numbers, backups that are older than
// what was acknowledged, torn logs, a deleted term.
package swarm

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/simctl/simctl/scenarios"
)

// Name is the family of whole worlds: `simctl sweep swarm`.
const Name = scenarios.Swarm

// A Rnd returns a number in [0,n) that depends on its purpose alone, and on how
// often it was asked for that.
type Rnd func(purpose string, n uint64) uint64

// Drawn replaces the faults of a scenario, and what it says that its own faults
// lead to. Machines, work and clocks stay. Ask [Fits] first.
func Drawn(s scenarios.Scenario, rnd Rnd) scenarios.Scenario {
	out := s.Clone()
	g := newGen(&out, rnd)
	out.Faults = g.faults()
	return Judged(out)
}

// Fits reports whether there is something to search for in a scenario: it is no
// script of single operations, it does not expect a violation whatever happens,
// and nothing is wrong with it from the start.
func Fits(s scenarios.Scenario) bool {
	switch {
	case s.Expect != "" && s.ExpectUnder == "", s.Masters == 0 && len(s.Loads)+len(s.Recipes) == 0:
		return false
	case len(s.Special)+len(s.Given)+len(s.Apart)+s.Ensemble.Defect > 0, s.Masters > 1 && s.Recovery.Mode != "":
		return false
	}
	return true
}

// Judged removes what a scenario says that its own faults lead to, and requires
// what its faults allow to require.
func Judged(s scenarios.Scenario) scenarios.Scenario {
	s.Doc = "the machines and the work of " + s.Name + " under faults that were drawn"
	s.Source, s.Seed, s.ShowVotes, s.Expect, s.ExpectUnder = "", 0, false, "", ""
	s.Sees, s.Must, s.Sometimes = nil, nil, nil
	for i := range s.ZOps {
		s.ZOps[i].Want = ""
	}
	s.Require = Require(s)
	return s
}

// Require lists the optional properties that must hold under a scenario's
// faults. A process that stands still cannot stop believing: without pauses of
// masters no two are Alive at once. A failover is bounded only where one loss comes
// at a time, so that is never required.
func Require(s scenarios.Scenario) []string {
	if s.Masters == 0 {
		return nil
	}
	out := []string{"ready-means-serving"}
	if !pauses(s.Faults, 'm', "active", "standby", "any-master") {
		out = append(out, "at-most-one-alive-master")
	}
	return append(out, "at-most-one-running-incarnation")
}

// pauses reports whether some fault makes a machine of a kind stand still.
func pauses(faults []scenarios.Fault, kind byte, roles ...string) bool {
	for _, f := range faults {
		if f.Class != scenarios.Pause {
			continue
		}
		for _, t := range f.Groups[0] {
			if t[0] == kind || t == "everyone" || contains(roles, t) {
				return true
			}
		}
	}
	return false
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// gen draws one scenario.
type gen struct {
	s        *scenarios.Scenario
	t        scenarios.Timers
	rnd      Rnd
	longJobs int
}

func newGen(s *scenarios.Scenario, rnd Rnd) *gen {
	return &gen{s: s, t: scenarios.TimersFor(s.Timers), rnd: rnd}
}

// below draws a number in [0,n).
func (g *gen) below(purpose string, n int) int { return int(g.rnd(purpose, uint64(n))) }

// coin falls on heads once in n times.
func (g *gen) coin(purpose string, n int) bool { return g.below(purpose, n) == 0 }

// pick draws one of a list.
func pick[T any](g *gen, purpose string, list ...T) T { return list[g.below(purpose, len(list))] }

// octaves are the powers of two by quarters of an octave, from 1, in thousandths.
var octaves = [...]int64{1000, 1189, 1414, 1682}

// scaled multiplies d by 2^(quarters/4).
func scaled(d time.Duration, quarters int) time.Duration {
	for ; quarters < 0; quarters += 4 {
		d /= 2
	}
	for ; quarters >= 4; quarters -= 4 {
		d *= 2
	}
	return d * time.Duration(octaves[quarters]) / 1000
}

// around draws a duration from a quarter of one of the protocol's timeouts to
// four times of it, uniformly by its logarithm, so that some are shorter than
// what would notice them and some longer.
func (g *gen) around(purpose string) time.Duration {
	base := pick(g, purpose+"/timeout", g.t.Heartbeat, g.t.Lease, g.t.Granted(), g.t.WorkerTimeout, g.t.Recovery, g.t.Ask, g.t.WorkerLease/2)
	d := scaled(base, g.below(purpose+"/scale", 17)-8)
	return round(min(d, g.s.Safety*2/3))
}

// round keeps two or three digits, so that a schedule reads well.
func round(d time.Duration) time.Duration {
	switch {
	case d >= time.Second:
		return d.Round(100 * time.Millisecond)
	case d >= 100*time.Millisecond:
		return d.Round(10 * time.Millisecond)
	case d >= time.Millisecond:
		return d.Round(time.Millisecond)
	}
	return d.Round(10 * time.Microsecond)
}

// logarithmic draws from lo to 2^octaves times of it, uniformly by its logarithm.
func (g *gen) logarithmic(purpose string, lo time.Duration, octaves int) time.Duration {
	return round(scaled(lo, g.below(purpose, 4*octaves+1)))
}

// some draws how often a kind of trouble strikes: 1 to 6, uniformly by its logarithm.
func (g *gen) some(purpose string) int { return pick(g, purpose, 1, 1, 2, 3, 4, 6) }

// machines are the names of n machines of a kind.
func machines(prefix string, n int) (names []string) {
	for i := range n {
		names = append(names, prefix+strconv.Itoa(i+1))
	}
	return names
}

func at(d time.Duration) scenarios.Range { return scenarios.Range{Lo: d, Hi: d} }

// key joins words to a purpose.
func key(words ...any) string {
	var b strings.Builder
	for i, w := range words {
		if i > 0 {
			b.WriteByte('/')
		}
		fmt.Fprint(&b, w)
	}
	return b.String()
}
