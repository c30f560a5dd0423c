package apps

import (
	"slices"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/persist"
	"github.com/simctl/simctl/impl/wire"
)

// decide makes next the record of p, and acts on it: once it is committed if it
// is durable, else at once.
func (a *Apps) decide(p *app, next wire.AppRecord, durable bool, d decision) {
	p.rec = next
	d.Rec = next
	if !durable {
		a.apply(p, d, p.told)
		return
	}
	p.pending = append(p.pending, d)
	a.store.PutApp(next, host.BindResult((*Apps).written, next.ID))
}

// written takes the answer to the oldest record on its way.
func (a *Apps) written(id wire.AppID, r persist.Result) {
	p := a.apps[id]
	if p != nil && len(p.pending) > 0 {
		d := p.pending[0]
		p.pending = p.pending[1:]
		if r.Err != nil {
			if p.told.ID == "" {
				p.told = p.rec // it stays in memory, unanswered
			}
			a.owner.Fail(r.Err)
		} else {
			p.zxid = r.Zxid
			a.apply(p, d, d.Rec)
		}
	}
	a.owner.Settle()
}

// apply makes rec what others are told, with the present value of every field
// that is not durable, and acts on what changed.
func (a *Apps) apply(p *app, d decision, rec wire.AppRecord) {
	prev := p.told
	p.told = rec
	if !a.pol.DurableDriverState {
		p.told.State, p.told.Next = p.rec.State, p.rec.Next
	}
	if !a.pol.DurableTargetsAndMarks {
		p.told.Target, p.told.Failures = p.rec.Target, p.rec.Failures
	}
	switch d.What {
	case registration:
		a.registered(p, d.Conn)
	case targets:
		a.respond(d.Conn, d.Req, true)
	}
	switch {
	case a.pol.DurableDriverState && p.told.State.Terminal() && !prev.State.Terminal():
		a.endedNow(p, d)
	case p.told.ID != "":
		a.launchCommitted(p)
	}
	if prev.ID == "" && p.told.ID != "" {
		a.owner.Schedule()
	}
}

// end decides that an application is over.
func (a *Apps) end(p *app, s wire.AppState, why string, d decision) {
	if p.rec.State.Terminal() {
		return
	}
	p.why = why
	if !a.pol.DurableDriverState {
		a.remove(p, s)
		return
	}
	next := p.rec
	next.State = s
	a.decide(p, next, true, d)
}

// Kill ends an application because an operator wants it, behind everything
// that waits. A master that does not act ends none.
func (a *Apps) Kill(id wire.AppID) { a.owner.Post(host.Bind((*Apps).killed, id)) }

func (a *Apps) killed(id wire.AppID) {
	if p := a.live(id); p != nil && a.owner.Phase() == Acting {
		a.end(p, wire.AppKilled, "an operator killed it", decision{})
	}
}

// endedNow is the committed end of an application.
func (a *Apps) endedNow(p *app, d decision) {
	a.bury(p)
	a.killAll(p)
	if p.told.State != wire.AppFinished {
		a.tell(p, wire.ApplicationRemoved{App: p.rec.ID, State: p.told.State, Reason: p.why, Term: a.term()})
	}
	if d.What == unregistration {
		a.unregistered(p.rec.ID, d.Conn, p.zxid)
	}
	a.tellWorkers(p)
	a.remember(p)
	a.owner.MayComplete()
	a.owner.Schedule()
}

// remove (Master.scala, removeApplication): memory, its executors, then the
// deletion. An application that is FINISHED is not told so.
func (a *Apps) remove(p *app, s wire.AppState) {
	a.bury(p)
	a.killAll(p)
	p.rec.State = s
	p.told = p.rec
	if s != wire.AppFinished {
		a.tell(p, wire.ApplicationRemoved{App: p.rec.ID, State: s, Reason: p.why, Term: a.term()})
	}
	a.store.DeleteApp(p.rec.ID, host.BindResult((*Apps).deleted, p.rec.ID))
	a.remember(p)
}

func (a *Apps) deleted(id wire.AppID, r persist.Result) {
	if r.Err != nil {
		a.owner.Fail(r.Err)
	} else {
		a.owner.Schedule()
		if p := a.apps[id]; p != nil {
			p.zxid = r.Zxid
			a.tellWorkers(p)
		}
	}
	a.owner.Settle()
}

func (a *Apps) tellWorkers(p *app) {
	for _, w := range a.owner.Everyone() {
		a.owner.Say(Output{Worker: w, Msg: wire.ApplicationFinished{Term: a.term(), App: p.rec.ID, Decision: p.zxid}})
	}
}

// bury takes an application out of the running ones.
func (a *Apps) bury(p *app) {
	id := p.rec.ID
	a.disarm(p)
	p.over, p.asked, p.until = true, false, a.h.Wall()
	p.news = nil
	a.order = slices.DeleteFunc(a.order, func(other wire.AppID) bool { return other == id })
	if a.addrs[p.rec.Desc.Driver] == id {
		delete(a.addrs, p.rec.Desc.Driver)
	}
}

// remember counts p among the ended and forgets the oldest of too many, a tenth
// at a time as Spark does. In recovery it forgets none.
func (a *Apps) remember(p *app) {
	a.ended = append(a.ended, p.rec.ID)
	if len(a.ended) <= a.cfg.Retained || a.owner.Phase() == Recovering {
		return
	}
	drop := max(1, a.cfg.Retained/10)
	for _, id := range a.ended[:drop] {
		old := a.apps[id]
		if a.keys[old.rec.Desc.Key] == id {
			delete(a.keys, old.rec.Desc.Key)
		}
		if old.out != 0 {
			a.h.Close(old.out)
			delete(a.conns, old.out)
		}
		delete(a.apps, id)
		if a.pol.DurableDriverState {
			a.store.DeleteApp(id, host.Call{})
		}
	}
	a.ended = slices.Delete(a.ended, 0, drop)
}
