package cluster

import (
	"slices"
	"strings"
	"time"

	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/sim/cluster/bound"
	"github.com/simctl/simctl/sim/kernel"
)

// heal ends the safety phase. Every fault ends; a core of machines is chosen,
// all of them by one half, and everything outside it is stopped for good, so
// that a master which reaches ZooKeeper but no worker cannot lead for ever. It
// returns the longest liveness bound.
func (w *World) heal() int64 {
	w.fault.HealAll()
	w.core = w.chooseCore()
	w.closed = true
	for _, m := range w.machines {
		switch {
		case w.core[m.name]:
			w.Resume(m.name)
			w.Start(m.name)
		default:
			w.Kill(m.name, 0)
		}
	}
	w.tell(&trace.Event{Kind: trace.Healed, Detail: strings.Join(w.sorted(), " ")})
	longest := int64(0)
	with := w.bounds()
	for _, b := range append(with.Healed(), with.Quorum()...) {
		w.tell(&trace.Event{Kind: trace.Bound, Subject: b.Property, N: b.Total(), Detail: b.String()})
		longest = max(longest, b.Total())
	}
	return longest
}

// bounds is what the liveness bounds follow from now.
func (w *World) bounds() bound.World {
	b := bound.World{Scenario: w.s, Timers: w.timers, Blocking: w.opts.Policy.BlockingStore, Client: w.opts.Client}
	if w.ens != nil {
		b.Servers, b.LongestWait = len(w.ens.servers), w.ens.longestWait()
	}
	return b
}

// tellBounds tells the judges what a failover may take, if the scenario requires
// it to be judged, what outage running work must outlive, if it requires that
// or has applications, and how long sessions live.
func (w *World) tellBounds() {
	var told []bound.Bound
	if slices.Contains(w.s.Require, "failover-within-bound") {
		told = w.bounds().Failovers()
	}
	if outage := w.bounds().Outage(); w.s.HasApplications() || slices.Contains(w.s.Require, outage.Property) {
		told = append(told, outage)
	}
	if w.s.Masters > 0 && w.s.Servers > 0 {
		told = append(told, w.bounds().Session())
	}
	for _, b := range told {
		w.tell(&trace.Event{Kind: trace.Bound, Subject: b.Property, Value: b.Cause, N: b.Total(), Detail: b.String()})
	}
}

// chooseCore picks the machines that live on: a majority of the servers at
// least, one master at least, one worker at least, and every client.
func (w *World) chooseCore() map[string]bool {
	core := map[string]bool{}
	all := w.k.Below(kernel.KeyOf("core"), 0, 2) == 0
	keep := func(kind string, atLeast int) {
		members := w.Expand(kind, 0)
		n := len(members)
		if !all && !w.s.KeepAll && atLeast < n {
			n = atLeast + int(w.k.Below(kernel.KeyOf("core "+kind), 0, uint64(n-atLeast)+1))
		}
		first := int(w.k.Below(kernel.KeyOf("core first "+kind), 0, uint64(max(1, len(members)))))
		for i := range n {
			core[members[(first+i)%len(members)]] = true
		}
	}
	keep("masters", min(1, w.s.Masters))
	keep("workers", min(1, w.s.Workers))
	keep("servers", w.s.Servers/2+1)
	keep("clients", w.s.Clients)
	keep("probes", len(w.s.Probes))
	for _, m := range w.machines {
		if m.proc != nil && m.proc.kind == "ledger" {
			core[m.name] = true
		}
	}
	return core
}

// The liveness phase looks for quiet this often, and ends when it has lasted.
const (
	settleEvery = 250 * time.Millisecond
	quietNeeded = 8
)

func (w *World) postSettle() {
	w.k.Post(w.k.Now()+int64(settleEvery), kernel.Event{
		Actor: w.self, Kind: kernel.Service, A: settleEvent, Name: "settled?", Sum: uint64(kernel.KeyOf("settle")),
	})
}

// settle ends the run once the core has been quiet for a while: one master is
// Alive, every worker follows it, and every client has done its plan.
func (w *World) settle() {
	if w.isQuiet() {
		w.quiet++
	} else {
		w.quiet = 0
	}
	if w.quiet >= quietNeeded {
		w.k.Stop()
		return
	}
	w.postSettle()
}

func (w *World) isQuiet() bool {
	if w.ens != nil && !w.ens.up {
		return false
	}
	var alive *process
	for _, m := range w.machines {
		if m.runs("master") && m.proc.state == "Alive" {
			if alive != nil {
				return false
			}
			alive = m.proc
		}
	}
	if alive == nil && w.s.Masters > 0 || w.open > 0 {
		return false
	}
	if w.s.Masters == 0 && w.ens != nil && !w.ens.up || !w.probesQuiet() {
		return false
	}
	for _, m := range w.machines {
		if w.core[m.name] && m.proc != nil && m.proc.kind == "worker" && m.proc.life == dead {
			return false // it gave up: it is watched until the bounds have passed
		}
		if m.runs("worker") && (alive == nil || m.proc.follows != alive.machine.name+masterPort || m.proc.term != alive.term || !alive.countsFor(m.proc)) {
			return false
		}
		if m.runs("client") && !w.submitterDone(m.proc) {
			return false
		}
	}
	return true
}
