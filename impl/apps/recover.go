package apps

import (
	"slices"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/persist"
	"github.com/simctl/simctl/impl/wire"
)

// Load takes over what the store holds. Spark's applications are UNKNOWN until
// they answer; of two with one address only the one read first is known (D-12).
func (a *Apps) Load(stored []persist.App) {
	for _, s := range stored {
		rec := s.Record
		if !a.pol.DurableDriverState {
			rec.State, rec.Next = wire.AppWaiting, 0
		}
		if !a.pol.DurableTargetsAndMarks { // D-15
			rec.Target, rec.Failures = rec.Desc.Limit, 0
		}
		rec.Next = a.firstID(rec.Next)
		if rec.State.Terminal() {
			a.loadEnded(rec, s.Zxid)
			continue
		}
		if twin := a.apps[a.addrs[rec.Desc.Driver]]; twin != nil && !(rec.Desc.Key != "" && a.pol.IdempotencyKeys) {
			a.tell(twin, wire.MasterChanged{Master: a.cfg.Addr, Term: a.term()})
			continue
		}
		p := a.add(rec)
		p.told, p.zxid, p.asked, p.first = rec, s.Zxid, true, rec.Next
	}
	slices.SortStableFunc(a.ended, func(x, y wire.AppID) int {
		return int(min(1, max(-1, a.apps[x].zxid-a.apps[y].zxid)))
	})
	for _, id := range slices.Clone(a.order) {
		a.ask(id)
	}
}

func (a *Apps) loadEnded(rec wire.AppRecord, zxid int64) {
	a.apps[rec.ID] = &app{rec: rec, told: rec, zxid: zxid, over: true}
	a.ended = append(a.ended, rec.ID)
	if rec.Desc.Key != "" && a.pol.IdempotencyKeys {
		a.keys[rec.Desc.Key] = rec.ID
	}
}

// ask sends MasterChanged to an application that has not answered. Spark sends
// it once; if it is lost, so is the application (D-13).
func (a *Apps) ask(id wire.AppID) {
	p := a.live(id)
	if p == nil || !p.asked {
		return
	}
	p.again = 0
	if a.owner.Phase() != Holding {
		a.tell(p, wire.MasterChanged{Master: a.cfg.Addr, Term: a.term()})
	}
	if a.pol.AdoptOrKill {
		p.again = host.After(a.h, a.cfg.Again, (*Apps).ask, id)
	}
}

// acknowledged is an application's answer to MasterChanged. In Spark it is
// WAITING from now on, whatever it was.
func (a *Apps) acknowledged(c host.ConnID, id wire.AppID) {
	p := a.known(c, id)
	if p == nil {
		return
	}
	if !a.pol.DurableDriverState {
		next := p.rec
		next.State = wire.AppWaiting
		a.decide(p, next, false, decision{})
	}
	a.found(p)
}

// found ends the asking of p.
func (a *Apps) found(p *app) {
	if !p.asked {
		return
	}
	p.asked = false
	a.h.StopTimer(p.again)
	p.again = 0
	a.owner.MayComplete()
	a.owner.Schedule()
}

// Unheard reports whether recovery waits for an application.
func (a *Apps) Unheard() bool {
	return slices.ContainsFunc(a.order, func(id wire.AppID) bool { return a.apps[id].asked })
}

// GiveUp returns the steps that end recovery for those that were not heard of:
// Spark's are FINISHED. With connection-incarnation they have as long as any
// other that is silent.
func (a *Apps) GiveUp() []host.Call {
	var steps []host.Call
	for _, id := range a.order {
		if a.apps[id].asked && !a.pol.ConnectionIncarnation {
			steps = append(steps, host.Bind((*Apps).giveUp, id))
		}
	}
	if len(a.order) > 0 && !a.pol.DurableDriverState {
		steps = append(steps, host.Bind((*Apps).allRun, a.term()))
	}
	return steps
}

func (a *Apps) giveUp(id wire.AppID) {
	if p := a.live(id); p != nil && p.asked {
		state := wire.AppFinished
		if a.pol.AdoptOrKill {
			state = wire.AppFailed
		}
		a.end(p, state, "it did not answer", decision{})
	}
}

// allRun makes every application RUNNING, also one without an executor
// (SPARK-28014).
func (a *Apps) allRun(term int64) {
	for _, id := range slices.Clone(a.order) {
		if p := a.apps[id]; term == a.term() && p.rec.State == wire.AppWaiting {
			next := p.rec
			next.State = wire.AppRunning
			a.decide(p, next, false, decision{})
		}
	}
}

// Recovered tells what is known when the master begins to act.
func (a *Apps) Recovered() {
	for _, id := range slices.Concat(a.order, a.ended) {
		p := a.apps[id]
		if p.told.ID != "" {
			a.h.Note(host.Note{Kind: host.NoteRecovered, Subject: "app/" + string(id), Value: string(a.state(p)),
				Detail: p.told.Desc.Tag, Term: a.term()})
		}
	}
}

// Resume sends what the reign decided before it could act.
func (a *Apps) Resume() {
	for _, id := range slices.Clone(a.order) {
		a.launchCommitted(a.apps[id])
	}
}

// state is an application's state as others are told.
func (a *Apps) state(p *app) wire.AppState {
	if p.asked {
		return wire.AppUnknown
	}
	return p.told.State
}
