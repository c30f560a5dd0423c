package apps

import (
	"slices"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/wire"
)

// tell says msg to an application.
func (a *Apps) tell(p *app, msg host.Message) {
	a.owner.Say(Output{App: p.rec.ID, Msg: msg})
}

// loss tells an application of something that it must not miss: it would wait
// for what is gone. With connection-incarnation it is told again whenever a
// new connection to it stands.
func (a *Apps) loss(p *app, msg host.Message) {
	if a.pol.ConnectionIncarnation && !slices.Contains(p.news, msg) {
		p.news = append(p.news, msg)
	}
	a.tell(p, msg)
}

// Deliver sends msg over the connection to an application, which is dialled if
// there is none.
func (a *Apps) Deliver(id wire.AppID, msg host.Message) {
	p := a.apps[id]
	switch {
	case p == nil:
	case p.up:
		a.h.Send(p.out, msg)
	default:
		p.outbox = append(p.outbox, msg)
		if p.out == 0 {
			p.out = a.h.Dial(p.rec.Desc.Driver, wire.Codec{})
			a.conns[p.out] = id
		}
	}
}

// Connected sends what waited for the connection to an application. It reports
// whether c is one.
func (a *Apps) Connected(c host.ConnID) bool {
	p := a.apps[a.conns[c]]
	if p == nil || p.out != c {
		return false
	}
	if a.mute(p) {
		a.owner.Post(host.Bind((*Apps).reached, p.rec.ID))
	}
	p.up = true
	for _, msg := range p.news {
		a.h.Send(c, msg)
	}
	for _, msg := range p.outbox {
		if !slices.Contains(p.news, msg) {
			a.h.Send(c, msg)
		}
	}
	p.outbox = nil
	return true
}

// Closed is the end of a connection. It reports whether c was an application's.
// Spark: that application is over at once, whichever of its connections it
// was, and is not told so (D-13).
func (a *Apps) Closed(c host.ConnID) bool {
	id, ok := a.conns[c]
	if !ok {
		return false
	}
	delete(a.conns, c)
	a.kills = slices.DeleteFunc(a.kills, func(k killing) bool { return k.Conn == c })
	p := a.apps[id]
	if p == nil {
		return true
	}
	stood := c != p.out || p.up
	if c == p.out {
		p.out, p.up, p.outbox = 0, false, nil
	}
	if c == p.conn {
		p.conn = 0
	}
	if stood && !p.over && !a.pol.ConnectionIncarnation {
		a.owner.Then(host.Bind((*Apps).checkRecovery, id))
		a.end(p, wire.AppFinished, "", decision{})
	}
	return true
}

func (a *Apps) checkRecovery(wire.AppID) { a.owner.MayComplete() }
