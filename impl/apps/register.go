package apps

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/persist"
	"github.com/simctl/simctl/impl/wire"
)

// request is an application's request on a connection.
type request struct {
	App  wire.AppID
	Conn host.ConnID
	Req  int64
}

// newID names an application. Spark counts from 0 in every master process
// behind the second of the wall clock (D-17).
func (a *Apps) newID() wire.AppID {
	a.issued++
	moment := strconv.FormatInt(int64(a.h.Wall())/1_000_000_000, 10)
	if a.pol.TermInIDs {
		moment = fmt.Sprintf("t%d", a.term())
	}
	return wire.AppID(a.cfg.IDs.Make([]string{moment}, a.issued-1))
}

// register takes an application in: memory, then its record, then the
// acknowledgement (Master.scala, RegisterApplication). A standby says nothing.
func (a *Apps) register(c host.ConnID, desc wire.AppDesc) {
	if a.owner.Phase() == Idle {
		return
	}
	if p := a.keyed(desc.Key); p != nil {
		a.registerAgain(p, c)
		return
	}
	id := a.newID()
	rec := wire.AppRecord{ID: id, Desc: desc, State: wire.AppWaiting, Target: desc.Limit, Next: a.firstID(0), Start: int64(a.h.Wall())}
	if old := a.apps[a.addrs[desc.Driver]]; old != nil {
		if desc.Key == "" || !a.pol.IdempotencyKeys {
			// Stored and acknowledged, and nowhere in memory (D-12, D-27).
			a.conns[c] = old.rec.ID
			a.store.CreateApp(rec, host.BindResult((*Apps).unlisted, request{App: id, Conn: c}))
			return
		}
		a.end(old, wire.AppFailed, "another application has its address", decision{})
	}
	p := a.add(rec)
	a.heard(p, c)
	p.pending = append(p.pending, decision{Rec: rec, What: registration, Conn: c})
	a.store.CreateApp(rec, host.BindResult((*Apps).written, id))
}

// keyed is the application that registered with a key.
func (a *Apps) keyed(key string) *app {
	if key == "" || !a.pol.IdempotencyKeys {
		return nil
	}
	return a.apps[a.keys[key]]
}

// registerAgain answers a registration that was taken before.
func (a *Apps) registerAgain(p *app, c host.ConnID) {
	switch {
	case p.told.State.Terminal():
		a.tellRemoved(c, p.rec.ID)
		return
	case p.rec.State.Terminal():
		return // its end is on its way
	case p.told.ID == "":
		p.pending[0].Conn = c // the commit will answer
	default:
		a.owner.Confirm(host.BindResult((*Apps).welcome, request{App: p.rec.ID, Conn: c}))
	}
	a.heard(p, c)
	a.found(p)
}

func (a *Apps) welcome(q request, r persist.Result) {
	if p := a.live(q.App); p != nil && r.Err == nil {
		a.registered(p, q.Conn)
	}
	a.owner.Settle()
}

func (a *Apps) registered(p *app, c host.ConnID) {
	a.owner.Say(Output{Conn: c, Note: a.ack("app", p.rec.ID, p.zxid),
		Msg: wire.RegisteredApplication{App: p.rec.ID, Master: a.cfg.Addr, Term: a.term(), Decision: p.zxid}})
}

func (a *Apps) unlisted(q request, r persist.Result) {
	if r.Err != nil {
		a.owner.Fail(r.Err)
	} else {
		a.owner.Say(Output{Conn: q.Conn, Note: a.ack("app", q.App, r.Zxid),
			Msg: wire.RegisteredApplication{App: q.App, Master: a.cfg.Addr, Term: a.term(), Decision: r.Zxid}})
		a.owner.Schedule()
	}
	a.owner.Settle()
}

// firstID is the lowest ID of an executor that may be given now, of an
// application whose record says next.
func (a *Apps) firstID(next int64) int64 {
	if !a.pol.TermInIDs {
		return 0
	}
	return max(next, a.term()*idsOfTerm)
}

// add takes rec into memory.
func (a *Apps) add(rec wire.AppRecord) *app {
	p := &app{rec: rec}
	if a.apps[rec.ID] != nil { // two masters gave one name: the older is forgotten (D-17)
		same := func(id wire.AppID) bool { return id == rec.ID }
		a.order, a.ended = slices.DeleteFunc(a.order, same), slices.DeleteFunc(a.ended, same)
	}
	a.apps[rec.ID] = p
	a.order = append(a.order, rec.ID)
	a.addrs[rec.Desc.Driver] = rec.ID
	if rec.Desc.Key != "" && a.pol.IdempotencyKeys {
		a.keys[rec.Desc.Key] = rec.ID
	}
	if a.pol.ConnectionIncarnation {
		p.timer = host.After(a.h, a.cfg.Silence/4, (*Apps).beat, rec.ID)
	}
	return p
}

// live is an application that has not ended.
func (a *Apps) live(id wire.AppID) *app {
	if p := a.apps[id]; p != nil && !p.over {
		return p
	}
	return nil
}

// heard notes that p spoke on c.
func (a *Apps) heard(p *app, c host.ConnID) {
	if a.mute(p) && !p.asked && p.told.ID != "" {
		a.owner.Post(host.Bind((*Apps).reached, p.rec.ID))
	}
	p.conn, p.missed = c, 0
	a.conns[c] = p.rec.ID
}

// mute reports whether no connection to p stands, in either direction.
func (a *Apps) mute(p *app) bool { return a.pol.ConnectionIncarnation && p.conn == 0 && !p.up }

// reached gives an application what it was not given while it was mute.
func (a *Apps) reached(wire.AppID) { a.owner.Schedule() }

// known is the live application of a message on c. To one that is not, a table
// that adopts or kills says so.
func (a *Apps) known(c host.ConnID, id wire.AppID) *app {
	if a.owner.Phase() == Idle {
		return nil
	}
	p := a.live(id)
	if p != nil {
		a.heard(p, c)
	} else if a.pol.AdoptOrKill {
		a.tellRemoved(c, id)
	}
	return p
}

// tellRemoved says on c that an application is no more.
func (a *Apps) tellRemoved(c host.ConnID, id wire.AppID) {
	msg := wire.ApplicationRemoved{App: id, State: wire.AppFailed, Reason: "not known", Term: a.term()}
	if p := a.apps[id]; p != nil {
		msg.State, msg.Reason = p.rec.State, p.why
	}
	a.owner.Say(Output{Conn: c, Msg: msg})
}

// beat asks for a sign of life, and loses an application that gives none.
func (a *Apps) beat(id wire.AppID) { a.owner.Post(host.Bind((*Apps).sign, id)) }

func (a *Apps) sign(id wire.AppID) {
	p := a.live(id)
	if p == nil {
		return
	}
	p.timer = host.After(a.h, a.cfg.Silence/4, (*Apps).beat, id)
	switch {
	case a.owner.Phase() == Holding: // it may be the master who is cut off
	case p.missed == 4:
		a.end(p, wire.AppFailed, "it is silent", decision{})
	default:
		p.missed++
		a.tell(p, wire.MasterChanged{Master: a.cfg.Addr, Term: a.term()})
	}
}

// unregister ends an application as it asks.
func (a *Apps) unregister(c host.ConnID, id wire.AppID) {
	if a.owner.Phase() == Idle {
		return
	}
	p := a.apps[id]
	switch {
	case p != nil && !p.over && !p.rec.State.Terminal():
		a.heard(p, c)
		a.end(p, wire.AppFinished, "", decision{What: unregistration, Conn: c})
	case !a.pol.IdempotencyKeys:
	case p != nil && !p.over:
		last := &p.pending[len(p.pending)-1] // the commit will answer
		last.What, last.Conn = unregistration, c
	default:
		a.owner.Confirm(host.BindResult((*Apps).gone, request{App: id, Conn: c}))
	}
}

func (a *Apps) gone(q request, r persist.Result) {
	if r.Err == nil {
		a.unregistered(q.App, q.Conn, r.Zxid)
	}
	a.owner.Settle()
}

func (a *Apps) unregistered(id wire.AppID, c host.ConnID, zxid int64) {
	if a.pol.IdempotencyKeys {
		a.owner.Say(Output{Conn: c, Note: a.ack("unregister", id, zxid), Msg: wire.UnregisteredApplication{App: id, Term: a.term()}})
	}
}

func (a *Apps) ack(what string, id wire.AppID, zxid int64) host.Note {
	return host.Note{Kind: host.NoteAcked, Subject: what, Value: string(id), Term: a.term(), Zxid: zxid}
}

// requestExecutors sets how many executors an application wants. One that asks once
// more for what is on its way to the store is not answered before that is there.
func (a *Apps) requestExecutors(c host.ConnID, q wire.RequestExecutors) {
	p := a.known(c, q.App)
	switch {
	case p != nil && !p.rec.State.Terminal():
		next := p.rec
		next.Target = q.Total
		if a.pol.DurableTargetsAndMarks && next == p.rec && len(p.pending) > 0 {
			return // it asks again
		}
		a.decide(p, next, a.pol.DurableTargetsAndMarks && next != p.rec, decision{What: targets, Conn: c, Req: q.Req})
		a.owner.Schedule()
	case a.owner.Phase() != Idle || !a.pol.AdoptOrKill:
		a.respond(c, q.Req, false)
	}
}

func (a *Apps) respond(c host.ConnID, req int64, ok bool) {
	a.owner.Say(Output{Conn: c, Msg: wire.ExecutorsResponse{Req: req, OK: ok, Term: a.term()}})
}

// killExecutors ends executors as their application asks. With release-on-exit
// it is answered once they have ended.
func (a *Apps) killExecutors(c host.ConnID, q wire.KillExecutors) {
	p := a.known(c, q.App)
	if p == nil {
		if a.owner.Phase() != Idle || !a.pol.AdoptOrKill {
			a.respond(c, q.Req, false)
		}
		return
	}
	for _, id := range q.IDs {
		if i := p.at(id); i >= 0 && !p.execs[i].Gone {
			a.kill(p, a.take(p, i))
		}
	}
	k := killing{Conn: c, Req: q.Req, App: q.App, IDs: q.IDs}
	if a.running(k) {
		a.kills = append(a.kills, k)
	} else {
		a.respond(c, q.Req, true)
	}
	a.owner.Schedule()
}

// running reports whether some of the executors of k have not ended.
func (a *Apps) running(k killing) bool {
	return slices.ContainsFunc(a.strays, func(s stray) bool { return s.App == k.App && slices.Contains(k.IDs, s.ID) })
}

// answerKills answers those whose executors have ended by now.
func (a *Apps) answerKills() {
	a.kills = slices.DeleteFunc(a.kills, func(k killing) bool {
		if a.running(k) {
			return false
		}
		a.respond(k.Conn, k.Req, true)
		return true
	})
}
