package scenarios

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/simctl/simctl/scenarios/anchor"
	"github.com/simctl/simctl/scenarios/order"
	"github.com/simctl/simctl/scenarios/reach"
)

// drawScenario makes any legal scenario.
func drawScenario(t *rapid.T) Scenario {
	s := Scenario{
		Name:        rapid.StringMatching(`[a-z][a-z0-9-]{0,8}(/[a-zA-Z0-9-]{1,8}){0,2}`).Draw(t, "name"),
		Doc:         rapid.StringMatching(`([a-zäλ#=|]+( [a-z,.:=#]+){0,4})?`).Draw(t, "doc"),
		Masters:     rapid.IntRange(1, 9).Draw(t, "masters"),
		Workers:     rapid.IntRange(1, 9).Draw(t, "workers"),
		Clients:     rapid.IntRange(1, 9).Draw(t, "clients"),
		Servers:     rapid.IntRange(1, 9).Draw(t, "servers"),
		WorkerCores: rapid.Int64Range(8, 64).Draw(t, "cores"), WorkerMemory: rapid.Int64Range(2048, 1<<20).Draw(t, "memory"),
		Timers: rapid.SampledFrom([]TimersName{Fast, Spark}).Draw(t, "timers"),
		Safety: time.Hour + drawSpan(t, "safety").Hi,
		Drift:  rapid.Int64Range(0, 500).Draw(t, "drift"),
	}
	s.Restart, s.KeepAll = drawSpan(t, "restart"), rapid.Bool().Draw(t, "core all")
	s.Seed = rapid.Uint64Range(0, 9).Draw(t, "seed")
	s.Source = rapid.SampledFrom([]string{"", "Master.scala; D-1"}).Draw(t, "source")
	if s.Curator = rapid.SampledFrom([]string{"", "2.13", "5.6", "5.7"}).Draw(t, "curator"); s.Curator == "2.13" {
		s.CuratorLag = drawSpan(t, "lag").Lo
	}
	between := drawSpan(t, "delay")
	s.Delay = Delay{Min: between.Lo, Max: between.Hi}
	if rapid.Bool().Draw(t, "tail") {
		s.Delay.Tail, s.Delay.TailMax = rapid.Int64Range(0, 1_000_000).Draw(t, "ppm"), between.Hi+time.Second
	}
	s.Order = rapid.SampledFrom([]Order{
		{}, {Kind: order.POS, Window: time.Millisecond}, {Kind: order.PCT, Depth: 3, Steps: 900, Window: 2500 * time.Microsecond},
	}).Draw(t, "order")
	if rapid.Bool().Draw(t, "works") {
		s.Work = drawWork(t)
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "ops") {
		s.Ops = append(s.Ops, drawOps(t, fmt.Sprintf("tag-%d", i), s.Clients)...)
	}
	if rapid.Bool().Draw(t, "zookeeper alone") {
		s.Masters, s.Workers, s.Clients, s.WorkerCores, s.WorkerMemory, s.Work, s.Ops = 0, 0, 0, 0, 0, Work{}, nil
	}
	drawGiven(t, &s)
	if len(s.Apart) == 0 && rapid.Bool().Draw(t, "probes") {
		drawProbes(t, &s)
	}
	for range rapid.IntRange(0, 5).Draw(t, "faults") {
		s.Faults = append(s.Faults, drawFault(t, s))
	}
	var names []string
	for _, r := range reach.All() {
		names = append(names, r.Name)
	}
	s.Must = drawNames(t, "must", names)
	s.Sometimes = drawNames(t, "sometimes", names)
	for i := range rapid.IntRange(0, 2).Draw(t, "settings") {
		s.Conf = append(s.Conf, fmt.Sprintf("spark.a.k%d=%s", i, rapid.SampledFrom([]string{"1", "20s", "a=b"}).Draw(t, "value")))
	}
	s.Require = drawNames(t, "require", []string{"at-most-one-alive-master", "x-1"})
	if rapid.Bool().Draw(t, "expects") {
		s.Expect, s.ExpectUnder = "acked-is-recovered", rapid.SampledFrom([]string{"", "spark"}).Draw(t, "under")
	}
	return s
}

func drawNames(t *rapid.T, label string, from []string) []string {
	n := rapid.IntRange(0, 2).Draw(t, label)
	if n == 0 {
		return nil
	}
	return slices.Clone(rapid.Permutation(from).Draw(t, label)[:n])
}

// drawSpan favours times that do not print in whole units.
func drawSpan(t *rapid.T, label string) Range {
	unit := rapid.SampledFrom([]time.Duration{1, time.Microsecond, time.Millisecond, 100 * time.Millisecond, time.Second}).Draw(t, label)
	lo := time.Duration(rapid.IntRange(0, 3000).Draw(t, label)) * unit
	hi := lo + time.Duration(rapid.IntRange(0, 600).Draw(t, label))*rapid.SampledFrom([]time.Duration{0, 1, time.Second}).Draw(t, label)
	return Range{Lo: lo, Hi: min(hi, time.Hour)}
}

func drawWork(t *rapid.T) Work {
	w := Work{
		Jobs:       rapid.IntRange(0, 30).Draw(t, "jobs"),
		Cores:      rapid.Int64Range(0, 8).Draw(t, "jobcores"),
		Memory:     rapid.Int64Range(0, 2048).Draw(t, "jobmemory"),
		RunFor:     drawSpan(t, "run"),
		Kill:       rapid.IntRange(0, 100).Draw(t, "kill"),
		Supervised: rapid.IntRange(0, 100).Draw(t, "supervised"),
		Fail:       rapid.IntRange(0, 100).Draw(t, "fail"),
		Status:     drawSpan(t, "status"),
	}
	w.Status.Lo++
	w.Status.Hi++
	w.App = drawApplication(t, []Mode{"", InCluster, InClient, InAny})
	return w
}

func drawOps(t *rapid.T, tag string, clients int) []Op {
	client := fmt.Sprintf("c%d", rapid.IntRange(1, clients).Draw(t, "client"))
	ops := []Op{{
		At: drawSpan(t, "at"), Client: client, Kind: Submit, Tag: tag,
		Cores: rapid.Int64Range(0, 8).Draw(t, "cores"), RunFor: drawSpan(t, "for"),
		Memory: rapid.Int64Range(0, 1).Draw(t, "memory"), Poll: drawSpan(t, "poll").Lo,
		Supervise: rapid.Bool().Draw(t, "supervise"), Exit: rapid.Int64Range(0, 255).Draw(t, "exit"),
	}}
	ops[0].App = drawApplication(t, []Mode{"", InCluster, InClient})
	if ops[0].App.Mode == InClient {
		ops[0].Supervise = false
		return ops
	}
	if rapid.Bool().Draw(t, "more") {
		ops = append(ops, Op{At: drawSpan(t, "at"), Client: client, Kind: rapid.SampledFrom([]OpKind{Kill, Status}).Draw(t, "kind"), Tag: tag})
	}
	return ops
}

// drawWhat draws the word behind a class that has one.
func drawWhat(t *rapid.T, sh shape) string {
	switch sh.what {
	case "":
		return ""
	case "message":
		return rapid.SampledFrom([]string{"any", "MasterChanged"}).Draw(t, "what")
	}
	return rapid.SampledFrom(strings.Split(strings.ReplaceAll(sh.what, " or ", ", "), ", ")).Draw(t, "what")
}

func drawApplication(t *rapid.T, modes []Mode) Application {
	if rapid.Bool().Draw(t, "no application") {
		return Application{}
	}
	a := Application{
		Job:    rapid.SampledFrom([]JobKind{Pi, Ledger, LedgerPlain}).Draw(t, "job"),
		Stages: rapid.IntRange(0, 9).Draw(t, "stages"), Tasks: rapid.IntRange(0, 99).Draw(t, "tasks"), Task: drawSpan(t, "task"),
		Executors: rapid.IntRange(0, 9).Draw(t, "executors"), Cores: rapid.Int64Range(0, 8).Draw(t, "ecores"),
		Memory: rapid.Int64Range(0, 2048).Draw(t, "ememory"), Mode: rapid.SampledFrom(modes).Draw(t, "mode"),
	}
	for _, d := range []*Demand{&a.Asks, &a.Ends} {
		if d.N = rapid.IntRange(0, 9).Draw(t, "demand"); d.N > 0 {
			d.After = drawSpan(t, "after")
			d.After.Lo++
			d.After.Hi++
		}
	}
	return a
}

func drawFault(t *rapid.T, s Scenario) Fault {
	sh := rapid.SampledFrom(shapes()).Draw(t, "class")
	f := Fault{Class: sh.class, At: drawSpan(t, "at"), P: rapid.IntRange(0, 100).Draw(t, "p")}
	if sh.lasts {
		f.For = drawSpan(t, "for")
	}
	if sh.extra {
		f.Extra = drawSpan(t, "by").Hi + 1
		if f.Class == ClockJump && rapid.Bool().Draw(t, "back") {
			f.Extra = -f.Extra
		}
	}
	f.What = drawWhat(t, sh)
	if sh.counts {
		f.N = rapid.IntRange(0, 9).Draw(t, "n")
	}
	if sh.late && rapid.Bool().Draw(t, "late") {
		f.Extra = drawSpan(t, "by").Hi
	}
	if sh.outputs {
		f.Outputs = rapid.IntRange(-1, 9).Draw(t, "outputs")
	}
	if rapid.Bool().Draw(t, "anchored") {
		f.On = anchor.Event{
			Process: rapid.SampledFrom([]string{"z1", "masters"}).Draw(t, "teller"), Kind: rapid.SampledFrom(anchor.Kinds()).Draw(t, "event"),
			Value: rapid.SampledFrom([]string{"", "Alive", "a-b.c_1"}).Draw(t, "value"), N: rapid.IntRange(0, 9).Draw(t, "n"),
		}
	}
	if sh.id {
		f.ID = rapid.IntRange(1, 255).Draw(t, "id")
	}
	targets := []string{"masters", "everyone", "active", "standby", "any-master"}
	if s.Masters > 0 {
		targets = append(targets, "m1")
	}
	if s.Masters > 0 && !sh.sessions() {
		targets = append(targets, "w1", "c1")
	}
	switch {
	case f.Class == Decommission:
		targets = []string{"workers", "any-worker", "busy-worker", "driver-worker"}
	case sh.operator:
		targets = []string{"servers", "any-server", "z1", "zk-leader", "zk-follower"}
	case f.Class == DeleteZ:
	case sh.sessions():
		targets = append(targets, "probes", "any-probe")
	default:
		targets = append(targets, "z1", "zk-leader", "zk-follower", "probes", "any-probe", "workers", "clients", "servers", "busy-worker", "any-server")
	}
	if sh.links {
		targets = append(targets, "rest")
	}
	if f.strikesProcess() {
		targets = append(targets, "any-driver", "any-executor")
		if s.Masters > 0 {
			targets = append(targets, "w1/driver-1#1")
		}
	}
	targets = rapid.Permutation(targets).Draw(t, "targets")
	groups := rapid.IntRange(sh.groups, min(sh.most, 3)).Draw(t, "groups")
	for range groups {
		n := rapid.IntRange(1, 2).Draw(t, "size")
		f.Groups = append(f.Groups, slices.Clone(targets[:n]))
		targets = targets[n:]
	}
	return f
}

// drawGiven draws where masters keep records, and who is told what.
func drawGiven(t *rapid.T, s *Scenario) {
	if s.Masters == 0 {
		return
	}
	s.Recovery = rapid.SampledFrom([]Recovery{{}, {Mode: "none"}, {Mode: "filesystem"}, {Mode: "filesystem", Shared: true}}).Draw(t, "recovery")
	if s.Servers > 1 && rapid.Bool().Draw(t, "apart") {
		s.Apart = [][]string{{"z1"}, nil}
		for i := range s.Servers - 1 {
			s.Apart[1] = append(s.Apart[1], fmt.Sprintf("z%d", i+2))
		}
	}
	if rapid.Bool().Draw(t, "given") {
		g := Given{Who: "m1", Dir: rapid.SampledFrom([]string{"", "/a", "/a/b-2"}).Draw(t, "dir"), Format: rapid.IntRange(0, 9).Draw(t, "format")}
		g.Servers = []string{fmt.Sprintf("z%d", rapid.IntRange(1, s.Servers).Draw(t, "server"))}
		s.Given = append(s.Given, g)
		s.Given = append(s.Given, Given{Who: rapid.SampledFrom([]string{"w1", "c1"}).Draw(t, "who"), Masters: []string{"m1"}})
	}
}
