package swarm

import (
	"slices"
	"strings"
	"time"

	"github.com/simctl/simctl/scenarios"
	"github.com/simctl/simctl/scenarios/anchor"
)

// A trouble is a kind of fault, or of several that belong together.
type trouble struct {
	name  string
	needs func(s *scenarios.Scenario) bool // nil: anything will do
	// strike draws it once. What it returns has no time yet unless it must have
	// one of its own, behind the others'.
	strike func(g *gen, k string) []scenarios.Fault
	odds   int  // it is in one world of so many, and aims at something; 0 is 2
	work   bool // it needs a driver that runs for long
}

func masters(s *scenarios.Scenario) bool      { return s.Masters > 0 }
func workers(s *scenarios.Scenario) bool      { return s.Workers > 0 }
func servers(s *scenarios.Scenario) bool      { return s.Servers > 0 }
func ensemble(s *scenarios.Scenario) bool     { return s.Servers > 2 }
func applications(s *scenarios.Scenario) bool { return s.HasApplications() }
func sessions(s *scenarios.Scenario) bool     { return s.Servers > 0 && s.Masters+len(s.Probes) > 0 }

// latches reports whether masters have znodes.
func latches(s *scenarios.Scenario) bool {
	return s.Masters > 0 && s.Servers > 0 && s.Recovery.Mode == ""
}

func troubles() []trouble {
	process := func(c scenarios.Class, targets ...string) func(g *gen, k string) []scenarios.Fault {
		return func(g *gen, k string) []scenarios.Fault { return g.process(k, c, targets) }
	}
	leaders := []string{"active", "active", "active", "standby", "any-master", "masters"}
	workhorses := []string{"any-worker", "busy-worker", "driver-worker", "workers"}
	quorum := []string{"zk-leader", "zk-follower", "any-server", "servers"}
	return []trouble{
		{"master stop", masters, process(scenarios.Stop, leaders...), 0, false},
		{"master kill", masters, process(scenarios.KillOff, leaders...), 0, false},
		{"master host-loss", masters, process(scenarios.HostLoss, leaders...), 0, false},
		{"master pause", masters, process(scenarios.Pause, leaders...), 0, false},
		{"worker stop", workers, process(scenarios.Stop, workhorses...), 0, false},
		{"worker kill", workers, process(scenarios.KillOff, workhorses...), 0, false},
		{"worker host-loss", workers, process(scenarios.HostLoss, workhorses...), 0, false},
		{"worker pause", workers, process(scenarios.Pause, workhorses...), 0, false},
		{"server stop", servers, process(scenarios.Stop, quorum...), 0, false},
		{"server kill", servers, process(scenarios.KillOff, quorum...), 0, false},
		{"server host-loss", servers, process(scenarios.HostLoss, quorum...), 0, false},
		{"server pause", servers, process(scenarios.Pause, quorum...), 0, false},
		{"child", workers, (*gen).child, 0, false},
		{"rolling restart", servers, (*gen).rolling, 0, false},
		{"partition", nil, (*gen).partition, 0, false},
		{"swizzle", nil, (*gen).swizzle, 0, false},
		{"one-way", nil, (*gen).oneWay, 0, false},
		{"link", nil, (*gen).link, 0, false},
		{"disk", servers, (*gen).disk, 0, false},
		{"expire", sessions, (*gen).expire, 0, false},
		{"leader loss", ensemble, func(*gen, string) []scenarios.Fault { return []scenarios.Fault{{Class: scenarios.Leader}} }, 0, false},
		{"clock", masters, (*gen).clock, 0, false},
		{"decommission", func(s *scenarios.Scenario) bool { return s.Workers > 2 }, (*gen).decommission, 0, false},
		{"message", masters, (*gen).message, 0, false},
		{"latch", latches, func(*gen, string) []scenarios.Fault {
			return []scenarios.Fault{{Class: scenarios.DeleteZ, What: "latch", Groups: [][]string{{"active"}}}}
		}, 0, false},
		{"operation", sessions, (*gen).operation, 0, false},
		{"session cut", sessions, (*gen).sessionCut, 0, false},
		{"outlasted", leases, (*gen).outlasted, 3, true},
		{"undead", several, (*gen).undead, 6, true},
		{"usurped", fenced, (*gen).usurped, 4, false},
	}
}

// faults draws a schedule: of each kind of trouble or not, or, one time in four, of
// very few kinds. Where much happens, nothing goes on for long enough to show what only
// time shows.
func (g *gen) faults() []scenarios.Fault {
	var out []scenarios.Fault
	fit := g.fitting()
	if g.coin("calm", 4) {
		aimed := slices.DeleteFunc(slices.Clone(fit), func(t trouble) bool { return t.odds == 0 })
		for i := range pick(g, "calm/kinds", 1, 1, 2, 3) {
			t := pick(g, "calm/kind", fit...)
			if len(aimed) > 0 && g.coin("calm/aimed", 2) {
				t = pick(g, "calm/aimed/kind", aimed...)
			}
			out = append(out, g.struck(t, key("calm", i, t.name))...)
		}
		return out
	}
	for _, t := range fit {
		if g.coin(t.name, max(2, t.odds)) {
			out = append(out, g.struck(t, t.name)...)
		}
	}
	return out
}

// struck draws a trouble as often as it strikes.
func (g *gen) struck(t trouble, k string) (out []scenarios.Fault) {
	if t.work { // it takes most of the time that there is
		begin := g.early(k + "/early")
		g.longJob(k, begin)
		return g.timed(k, t.strike(g, k), begin)
	}
	pattern := g.below(k+"/pattern", 4)
	center := g.instant(k + "/center")
	for i := range g.some(k + "/times") {
		one := key(k, i)
		out = append(out, g.timed(one, t.strike(g, one), g.begins(one, i, pattern, center))...)
	}
	return out
}

// fitting are the kinds of trouble that the machines allow.
func (g *gen) fitting() (fit []trouble) {
	for _, t := range troubles() {
		if t.needs == nil || t.needs(g.s) {
			fit = append(fit, t)
		}
	}
	return fit
}

// Strike draws one more fault, or several that belong together, for a schedule.
func Strike(s scenarios.Scenario, rnd Rnd) []scenarios.Fault {
	g := newGen(&s, rnd)
	t := pick(g, "strike", g.fitting()...)
	return g.timed(t.name, t.strike(g, t.name), g.instant(t.name+"/instant"))
}

// instant draws a moment at which faults may begin: the world is up, and the
// safety phase is not over.
func (g *gen) instant(purpose string) time.Duration {
	lo := min(3*time.Second, g.s.Safety/8)
	return lo + time.Duration(g.below(purpose, int((g.s.Safety*9/10-lo)/(10*time.Millisecond))))*10*time.Millisecond
}

// begins draws when a trouble strikes for the i-th time: at any time, in a burst,
// again and again, or late, after a quiet beginning.
func (g *gen) begins(k string, i, pattern int, center time.Duration) time.Duration {
	switch pattern {
	case 0:
		return min(center+time.Duration(g.below(k+"/burst", 300))*10*time.Millisecond, g.s.Safety*9/10)
	case 1:
		return min(center/2+time.Duration(i)*g.s.Safety/7, g.s.Safety*9/10).Round(10 * time.Millisecond)
	case 2:
		return (g.s.Safety*2/3 + time.Duration(g.below(k+"/late", 200))*g.s.Safety/900).Round(10 * time.Millisecond)
	}
	return g.instant(k + "/at")
}

// timed gives what strikes together its moment, and, one time in five, an event
// to wait for.
func (g *gen) timed(k string, fs []scenarios.Fault, begin time.Duration) []scenarios.Fault {
	var on anchor.Event
	if events := g.events(); len(fs) == 1 && len(events) > 0 && g.coin(k+"/on", 5) {
		on, _ = anchor.Parse(pick(g, k+"/on/event", events...)) // each is sound: a test parses them
		on.N = pick(g, k+"/on/count", 0, 0, 2, 3)
	}
	for i := range fs {
		fs[i].At = at(min(fs[i].At.Lo+begin, g.s.Safety))
		fs[i].On = on
	}
	return fs
}

// events are those worth striking at.
func (g *gen) events() []string {
	var out []string
	if g.s.Masters > 0 {
		out = append(out, "masters:state/Recovering", "masters:state/CompletingRecovery", "masters:state/Alive", "masters:elected",
			"masters:intent/put", "masters:intent/delete", "masters:written", "masters:acked", "clients:call/submit", "clients:call/kill")
	}
	if g.s.Workers > 0 && g.s.Masters > 0 {
		out = append(out, "workers:registered", "workers:obeyed/launch", "workers:obeyed/kill", "workers:job/started")
	}
	if g.s.Servers > 2 {
		out = append(out, "servers:role/leading", "servers:role/following", "servers:serving/leading", "servers:serving/following")
	}
	return out
}

// process draws what happens to processes of some role: on its own, or each of
// a set. Three times in four it ends; the others last until the healing. Half of
// them fall between two outputs of a step.
func (g *gen) process(k string, c scenarios.Class, targets []string) []scenarios.Fault {
	f := scenarios.Fault{Class: c}
	target := pick(g, k+"/target", targets...)
	if strings.HasSuffix(target, "s") && !g.coin(k+"/all", 3) {
		target = targets[0] // all of them at once is rarer
	}
	f.Groups = [][]string{{target}}
	if !g.coin(k+"/for ever", 4) || strings.HasSuffix(target, "s") {
		f.For = at(g.around(k + "/for"))
	}
	if g.coin(k+"/between", 2) {
		f.Outputs = g.below(k+"/outputs", 9)
	}
	return []scenarios.Fault{f}
}

// child draws what happens to one driver or executor alone.
func (g *gen) child(k string) []scenarios.Fault {
	target := "any-driver"
	if applications(g.s) {
		target = pick(g, k+"/target", "any-driver", "any-executor")
	}
	f := scenarios.Fault{Class: pick(g, k+"/class", scenarios.KillOff, scenarios.KillOff, scenarios.Stop, scenarios.Pause), Groups: [][]string{{target}}}
	if f.Class == scenarios.Pause {
		f.For = at(g.around(k + "/for"))
	}
	return []scenarios.Fault{f}
}

// rolling restarts servers, or masters, one after another.
func (g *gen) rolling(k string) (out []scenarios.Fault) {
	names := machines("z", g.s.Servers)
	if g.s.Masters > 1 && g.coin(k+"/masters", 3) {
		names = machines("m", g.s.Masters)
	}
	down, apart := g.logarithmic(k+"/down", 200*time.Millisecond, 4), g.logarithmic(k+"/apart", 500*time.Millisecond, 4)
	for i, name := range names {
		out = append(out, scenarios.Fault{
			At: at(time.Duration(i) * apart), For: at(down), Class: scenarios.Stop, Groups: [][]string{{name}},
		})
	}
	return out
}

// holder draws somebody who has sessions.
func (g *gen) holder(k string) [][]string {
	if g.s.Masters == 0 {
		return [][]string{{"any-probe"}}
	}
	return [][]string{{pick(g, k+"/holder", "active", "active", "standby", "any-master", "masters")}}
}

// disk draws a disk that is full or slow: a server's, or that of a master which
// keeps its records in files.
func (g *gen) disk(k string) []scenarios.Fault {
	targets := []string{"zk-leader", "zk-follower", "any-server"}
	if g.s.Recovery.Mode == "filesystem" {
		targets = []string{"active"}
	}
	f := scenarios.Fault{Class: scenarios.DiskFull, Groups: [][]string{{pick(g, k+"/who", targets...)}}, For: at(g.around(k + "/for"))}
	if !g.coin(k+"/full", 3) {
		f.Class, f.Extra = scenarios.SlowDisk, g.logarithmic(k+"/by", 2*time.Millisecond, 9)
	}
	return []scenarios.Fault{f}
}

func (g *gen) expire(k string) []scenarios.Fault {
	return []scenarios.Fault{{Class: scenarios.Expire, Groups: g.holder(k)}}
}

func (g *gen) clock(k string) []scenarios.Fault {
	by := g.logarithmic(k+"/by", 100*time.Millisecond, 10)
	if g.coin(k+"/back", 2) {
		by = -by
	}
	return []scenarios.Fault{{Class: scenarios.ClockJump, Groups: [][]string{{pick(g, k+"/who", "masters", "workers", "active", "any-worker", "everyone")}}, Extra: by}}
}

func (g *gen) decommission(k string) []scenarios.Fault {
	return []scenarios.Fault{{Class: scenarios.Decommission, Groups: [][]string{{pick(g, k+"/who", machines("w", g.s.Workers-1)...)}}}}
}

// operation draws trouble with operations of the service.
func (g *gen) operation(k string) []scenarios.Fault {
	what := pick(g, k+"/what", "write", "write", "read", "create", "delete", "set", "multi")
	if g.coin(k+"/lost", 2) {
		return []scenarios.Fault{{Class: scenarios.LostReply, What: what, Groups: g.holder(k), N: pick(g, k+"/n", 0, 2, 4), For: at(g.around(k + "/for"))}}
	}
	return []scenarios.Fault{{
		Class: scenarios.SlowOp, What: what, Groups: g.holder(k), For: at(g.around(k + "/for")), Extra: g.logarithmic(k+"/by", 10*time.Millisecond, 9),
	}}
}

func (g *gen) sessionCut(k string) []scenarios.Fault {
	what := "all"
	if g.s.Masters > 0 {
		what = pick(g, k+"/what", "latch", "store", "all")
	}
	return []scenarios.Fault{{Class: scenarios.CutOff, What: what, Groups: g.holder(k), For: at(g.around(k + "/for"))}}
}
