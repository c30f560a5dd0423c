package apps

import (
	"slices"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/wire"
)

// WorkerLost ends what ran on a lost worker.
func (a *Apps) WorkerLost(id wire.WorkerID) {
	for _, on := range slices.Clone(a.order) {
		p := a.apps[on]
		for i := len(p.execs) - 1; i >= 0; i-- {
			if p.execs[i].Worker == id {
				x := a.take(p, i)
				a.loss(p, wire.ExecutorUpdated{App: on, ID: x.ID, State: wire.ExecutorLost, Reason: "worker lost", Term: a.term()})
			}
		}
	}
	a.strays = slices.DeleteFunc(a.strays, func(s stray) bool {
		if s.Worker == id {
			a.h.StopTimer(s.Timer)
		}
		return s.Worker == id
	})
	a.answerKills()
}

// WorkerGone tells every application that a worker is lost.
func (a *Apps) WorkerGone(id wire.WorkerID) {
	for _, on := range a.order {
		a.loss(a.apps[on], wire.WorkerRemoved{App: on, Worker: id, Term: a.term()})
	}
}

// Decommissioned takes what runs on a worker from its applications: it runs on,
// and is not to be used.
func (a *Apps) Decommissioned(id wire.WorkerID) {
	for _, on := range a.order {
		p := a.apps[on]
		for i := range p.execs {
			x := &p.execs[i]
			if x.Worker != id || x.Gone {
				continue
			}
			a.h.StopTimer(x.Timer)
			x.Timer, x.Gone, x.State = 0, true, wire.ExecutorDecommissioned
			p.granted -= x.Cores
			a.loss(p, wire.ExecutorUpdated{App: on, ID: x.ID, State: x.State, Reason: "worker decommissioned", Term: a.term()})
		}
	}
}

// Adopt takes over the executors that a worker says it runs, of applications
// that are known; the rest is dropped (D-16), and what is told twice counts
// twice (D-36).
func (a *Apps) Adopt(w wire.WorkerID, reported []wire.ExecutorOnWorker) {
	for _, on := range reported {
		if p := a.live(on.App); p != nil {
			a.adopt(p, w, on)
		}
	}
}

func (a *Apps) adopt(p *app, w wire.WorkerID, on wire.ExecutorOnWorker) {
	a.count(p, executor{ID: on.ID, Worker: w, Cores: on.Cores, Memory: on.Memory, State: on.State, Sent: true, Confirmed: true})
	p.rec.Next = max(p.rec.Next, on.ID+1)
}

// KillUnlisted ends the executors that a worker says it runs and that are not on
// record for it, which may be all of them (D-01).
func (a *Apps) KillUnlisted(w wire.WorkerID, reported []wire.ExecutorOnWorker) {
	for _, on := range reported {
		p := a.apps[on.App]
		if p == nil || !slices.ContainsFunc(p.execs, func(x executor) bool { return x.ID == on.ID && x.Worker == w }) {
			a.sendKill(stray{App: on.App, ID: on.ID, Worker: w})
		}
	}
}

// Reconcile makes both sides agree on what w runs: each executor that it reports
// is taken over or told to end; each on record that it does not report is
// launched again if it never did, and else is lost.
func (a *Apps) Reconcile(w wire.WorkerID, reported []wire.ExecutorOnWorker) {
	for _, on := range reported {
		if on.State.Finished() || a.strayAt(strayID{on.App, on.ID, w}) >= 0 {
			continue // its report will come; or it is being ended already
		}
		p := a.live(on.App)
		switch {
		case p != nil && p.at(on.ID) >= 0 && p.execs[p.at(on.ID)].Worker == w:
			x := &p.execs[p.at(on.ID)] // it is counted, also if the end of p is on its way
			a.confirm(x)
			if !x.Gone {
				x.State = on.State
			}
		case p != nil && !p.rec.State.Terminal() && a.adoptable(p, on.ID):
			a.adopt(p, w, on)
		default:
			a.owner.Use(w, on.Cores, on.Memory)
			a.expel(stray{App: on.App, ID: on.ID, Worker: w, Cores: on.Cores, Memory: on.Memory})
		}
	}
	a.missing(w, reported)
}

// adoptable reports whether p may have an executor that is not on record: one
// of an earlier reign, which this one has not seen end.
func (a *Apps) adoptable(p *app, id int64) bool {
	if p.at(id) >= 0 || a.pol.TermInIDs && id >= p.first {
		return false
	}
	return !slices.ContainsFunc(p.news, func(msg host.Message) bool {
		u, ok := msg.(wire.ExecutorUpdated)
		return ok && u.ID == id && u.State.Finished()
	})
}

// missing deals with what is on record for w and that it does not report.
func (a *Apps) missing(w wire.WorkerID, reported []wire.ExecutorOnWorker) {
	said := func(app wire.AppID, id int64) bool {
		return slices.ContainsFunc(reported, func(on wire.ExecutorOnWorker) bool { return on.App == app && on.ID == id })
	}
	if !a.pol.ReportRetryTolerant { // else it answers every kill
		for i := len(a.strays) - 1; i >= 0; i-- {
			if s := a.strays[i]; s.Worker == w && !said(s.App, s.ID) {
				a.strayEnded(i)
			}
		}
	}
	for _, id := range slices.Clone(a.order) {
		p := a.apps[id]
		for i := len(p.execs) - 1; i >= 0; i-- {
			x := &p.execs[i]
			switch {
			case x.Worker != w || said(id, x.ID):
			case !x.Confirmed && !x.Gone && x.Sent:
				a.pursue(p, x)
			case x.Confirmed || x.Gone:
				gone := a.take(p, i)
				a.owner.Use(w, -gone.Cores, -gone.Memory)
				a.loss(p, wire.ExecutorUpdated{App: id, ID: gone.ID, State: wire.ExecutorLost, Reason: "its worker does not run it", Term: a.term()})
				a.expel(stray{App: id, ID: gone.ID, Worker: w})
			}
		}
	}
}
