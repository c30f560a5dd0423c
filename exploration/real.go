package exploration

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/checker/explore"
	"github.com/simctl/simctl/checker/linear"
	"github.com/simctl/simctl/checker/refine"
	"github.com/simctl/simctl/checker/suite"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/scenarios/hint"
	"github.com/simctl/simctl/sim/space"
	"github.com/simctl/simctl/sim/space/judge"
)

// realRules are what every search of real code has besides its bounds.
var realRules = []string{
	"clocks stand still for who reads them, and draws are constants: what is decided by them is not explored",
	"a timer rings when nothing is under way and no other is due earlier, but for `late` queues that are held up",
	"a dial is accepted or refused at once where it arrives; a connection ends for both sides, none is silent",
	"the coordination service is one, linearizable and always there (ZooKeeper's servers are not explored here)",
	"no timer rings behind the horizon",
	"what follows a violation is not explored",
}

// bounds of real code; what a system has not is 0 there.
func realBounds(defaults map[string]string) (out []Bound) {
	for _, b := range []Bound{
		{Name: "candidates", Says: "bare latches that stand for election"},
		{Name: "keepers", Says: "processes that keep records and do nothing else: the first that is elected"},
		{Name: "records", Says: "records that can be put and removed"},
		{Name: "puts", Says: "records that each incarnation of a keeper puts at most"},
		{Name: "removals", Says: "records that each incarnation of a keeper removes at most"},
		{Name: "masters", Says: "masters"},
		{Name: "workers", Says: "workers"},
		{Name: "clients", Says: "clients"},
		{Name: "ops", Says: "jobs that each client submits"},
		{Name: "cores", Says: "cores that each job needs, of the one that a worker has"},
		{Name: "supervise", Says: "yes: jobs are run again when their worker is lost"},
		{Name: "run", Says: "how long a job runs"},
		{Name: "poll", Says: "time between a client's questions about its job; 0s: none"},
		{Name: "crashes", Says: "processes that crash on a path, and may start again"},
		{Name: "crash", Says: "who crashes, by first letters: m, w, c (candidates), k (keepers)"},
		{Name: "expiries", Says: "sessions that end before their time on a path"},
		{Name: "cuts", Says: "connections that are cut on a path"},
		{Name: "drops", Says: "messages that are lost on a path"},
		{Name: "late", Says: "queues that are held up on a path while timers ring"},
		{Name: "horizon", Says: "time on a path"},
		{Name: "drift", Says: "by how much a timer may ring before one that is due earlier"},
		{Name: "grain", Says: "fine: every delivery is a step; requests: reads are asked at once; reads: and answered"},
		{Name: "order", Says: "any: what is under way arrives in any order; sent: in the order in which it was sent"},
		{Name: "begin", Says: "start: processes start; settled: they have settled before"},
	} {
		if d, has := defaults[b.Name]; has {
			b.Default = d
			out = append(out, b)
		}
	}
	return out
}

// with is a map of defaults and some others.
func with(base map[string]string, more ...string) map[string]string {
	m := map[string]string{}
	for k, v := range base {
		m[k] = v
	}
	for i := 0; i < len(more); i += 2 {
		m[more[i]] = more[i+1]
	}
	return m
}

func realSystems() []System {
	candidates := map[string]string{
		"candidates": "3", "crashes": "0", "expiries": "0", "cuts": "0", "drops": "0", "late": "0", "horizon": "30s", "drift": "0s",
		"grain": "reads", "order": "any", "begin": "start",
	}
	whole := map[string]string{
		"masters": "2", "workers": "1", "clients": "1", "ops": "1", "cores": "1", "supervise": "no", "run": "3s", "poll": "0s",
		"crashes": "1", "crash": "mw", "expiries": "1", "cuts": "1", "drops": "0", "late": "0", "horizon": "24s", "drift": "0s",
		"grain": "reads", "order": "sent", "begin": "settled",
	}
	return []System{{
		Name: "failover", Doc: "masters, workers and clients, one job: the active master is lost", Real: true, Policy: true,
		Bounds: realBounds(whole), Rules: realRules, open: openReal,
	}, {
		Name: "election", Doc: "candidates that elect through the latch and create terms, from their start", Real: true, Policy: true,
		Bounds: realBounds(candidates), Rules: realRules, open: openReal,
	}, {
		Name: "latch", Doc: "two candidates at the finest grain, a session that ends and a connection that is cut", Real: true, Policy: true,
		Bounds: realBounds(with(candidates, "candidates", "2", "expiries", "1", "grain", "requests")), Rules: realRules, open: openReal,
	}, {
		Name: "recovery", Doc: "one master that crashes and recovers what it had stored, with a worker and a job", Real: true, Policy: true,
		Bounds: realBounds(with(whole, "masters", "1", "crash", "m", "expiries", "0", "cuts", "0")), Rules: realRules, open: openReal,
	}, persistSystem(), {
		Name: "persist-zk", Doc: "records in ZooKeeper: a crash, a cut or an expiry between any two requests or answers, and recovery", Real: true, Policy: true,
		Bounds: realBounds(with(candidates, "candidates", "0", "keepers", "1", "records", "2", "puts", "1", "removals", "1", "crashes", "1", "crash", "k", "cuts", "1",
			"begin", "settled", "late", "1", "order", "sent", "horizon", "40s")), Rules: realRules, open: openReal,
	}}
}

// required are the optional properties that explored worlds are held to: their
// clocks do not drift by more than is allowed for, and nobody stands still.
var required = []string{"at-most-one-alive-master", "ready-means-serving"}

// judged lists the properties that an exploration judges: all of its policy, or
// those that were asked for.
func (v *values) judged() []checker.Property {
	return v.among(slices.DeleteFunc(judged(), func(p checker.Property) bool { return p.Under != "" && p.Under != v.policy.String() }))
}

// among lists those of the properties that were asked for; all of them if none was.
func (v *values) among(all []checker.Property) []checker.Property {
	all = slices.Clone(all)
	if len(v.properties) == 0 {
		return all
	}
	var names []string
	for _, p := range all {
		names = append(names, p.Name)
	}
	for _, name := range v.properties {
		if !slices.Contains(names, name) && v.mistaken == nil {
			v.mistaken = fmt.Errorf("no explorable property %q%s", name, hint.For(name, names, "; simctl list properties"))
		}
	}
	return slices.DeleteFunc(all, func(p checker.Property) bool { return !slices.Contains(v.properties, p.Name) })
}

// judged lists the properties that explorations can judge.
func judged() []checker.Property {
	all := slices.Clone(suite.Properties())
	for i := range all {
		switch all[i].Name {
		case "jobs-linearizable":
			all[i].New = func() checker.Monitor { return linear.NewTracker() }
		case refine.Refines.Name:
			all[i].New = func() checker.Monitor { return refine.NewTracker() }
		}
	}
	return explorable(all)
}

// explorable lists those whose monitors can be parts of states.
func explorable(all []checker.Property) []checker.Property {
	return slices.DeleteFunc(all, func(p checker.Property) bool {
		_, can := p.New().(checker.Explorable)
		return !can
	})
}

func openReal(v *values) (*subject, error) {
	c := space.Config{
		Candidates: v.number("candidates", 0, 9), Masters: v.number("masters", 0, 9), Workers: v.number("workers", 0, 9), Clients: v.number("clients", 0, 9),
		Keepers: v.number("keepers", 0, 9), Records: v.number("records", 0, 9), Puts: v.number("puts", 0, 9), Removals: v.number("removals", 0, 9),
		Jobs: v.number("ops", 0, 9), Cores: int64(v.number("cores", 0, 99)), Supervise: v.choice("supervise", "no", "yes") == 1, RunFor: v.span("run"), Poll: v.span("poll"), Policy: v.policy,
		Crashes: v.number("crashes", 0, 99), Cuts: v.number("cuts", 0, 99), Expiries: v.number("expiries", 0, 99), Drops: v.number("drops", 0, 99),
		Late: v.number("late", 0, 99), Crash: v.all["crash"], Horizon: v.span("horizon"), Drift: v.span("drift"),
		Grain:   []space.Grain{space.Fine, space.Requests, space.Reads}[v.choice("grain", "fine", "requests", "reads")],
		InOrder: v.choice("order", "any", "sent") == 1, Settled: v.choice("begin", "start", "settled") == 1,
		Monitors: judge.Of(v.judged(), required...),
	}
	if v.mistaken != nil {
		return nil, v.mistaken
	}
	if v.seen != nil {
		c.Monitors = v.seen.beside(c.Monitors)
	}
	sys, err := space.New(c)
	if err != nil {
		return nil, err
	}
	if err := begins(sys); err != nil {
		return &subject{}, err
	}
	if v.seen != nil {
		v.seen.begin()
	}
	m := bind(explore.System[*space.World](sys), (*space.World).String)
	m.events = func(_ int, path []explore.Action) []trace.Event {
		events, _ := sys.Run(path)
		return events
	}
	return m, nil
}

// errUnsettled is a system without an initial state: nothing of it is explored.
var errUnsettled = errors.New("the system does not come to its initial state")

// begins says why a system has no initial state: it never settles.
func begins[S any](sys explore.System[S]) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v", errUnsettled, r)
		}
	}()
	sys.Initial()
	return nil
}

// span is a bound as a length of time; one that the system has not is none.
func (v *values) span(name string) time.Duration {
	text, has := v.all[name]
	if !has {
		return 0
	}
	d, err := time.ParseDuration(text)
	if (err != nil || d < 0) && v.mistaken == nil {
		v.mistaken = fmt.Errorf("%s=%s: want a length of time, as 30s", name, text)
	}
	return d
}

// choice is which of some words a bound is; the first for one that the system has
// not.
func (v *values) choice(name string, words ...string) int {
	text, has := v.all[name]
	if !has {
		return 0
	}
	i := slices.Index(words, text)
	if i < 0 && v.mistaken == nil {
		v.mistaken = fmt.Errorf("%s=%s: want one of %v", name, text, words)
	}
	return max(0, i)
}
