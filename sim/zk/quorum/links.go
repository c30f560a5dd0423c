package quorum

import (
	"time"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/zk/fle"
)

// link is this server's connection to another one for elections. There is one
// a pair, and the larger id dials: a smaller one that dials is only asking to
// be dialled.
type link struct {
	conn host.ConnID // 0 if there is none
	up   bool
	has  bool         // something was ever sent
	last Notification // the latest; sent again on a new connection
}

// ballots are how a server's election reaches the others.
type ballots struct{ *Peer }

var _ fle.Ballots = ballots{}

// Notify implements fle.Ballots.
func (p ballots) Notify(to int64, n Notification) {
	i := p.el.Index(to)
	l := &p.links[i]
	l.last, l.has = n, true
	if l.up {
		p.h.Send(l.conn, n)
		return
	}
	p.connect(i)
}

// connect dials, unless that is under way.
func (p *Peer) connect(i int) {
	if l := &p.links[i]; l.conn == 0 {
		l.conn = p.h.Dial(p.cfg.Members[i].Addr, Codec{})
	}
}

// ConnectAll implements fle.Ballots.
func (p ballots) ConnectAll() {
	for i := range p.links {
		if int64(p.cfg.Members[i].ID) != p.el.Me() {
			p.connect(i)
		}
	}
}

// Delivered implements fle.Ballots.
func (p ballots) Delivered() bool {
	for i := range p.links {
		if p.links[i].up {
			return true
		}
	}
	return false
}

// Poll implements fle.Ballots.
func (p ballots) Poll(d time.Duration) {
	p.h.StopTimer(p.pollTimer)
	p.pollTimer = host.After(p.h, d, (*Peer).polled, p.phase)
}

func (p *Peer) polled(phase uint64) {
	if phase == p.phase {
		p.el.Timeout()
	}
}

// rise is told that a link stands.
func (p *Peer) rise(i int, c host.ConnID) {
	l := &p.links[i]
	if l.conn != c && l.conn != 0 {
		p.h.Close(l.conn)
	}
	l.conn, l.up = c, true
	if l.has {
		p.h.Send(c, l.last)
	}
}

// hello is told who dialled.
func (p *Peer) hello(c host.ConnID, from int64) {
	i := p.el.Index(from)
	switch {
	case i < 0 || from == p.el.Me():
		p.h.Close(c)
	case from > p.el.Me():
		p.rise(i, c)
	default: // dial back, also if there is a link: the peer has lost it
		l := &p.links[i]
		if l.conn != 0 {
			p.h.Close(l.conn)
		}
		p.h.Close(c)
		l.conn, l.up = 0, false
		p.connect(i)
	}
}

// Votes implements fle.Ballots.
func (p ballots) Votes(v Vote) { p.noteVote(0, Looking.String(), v) }

func (p *Peer) noteVote(from int64, state string, v Vote) {
	p.h.Note(host.Note{Kind: host.NoteVote, Value: state, N: from, M: v.Leader, Zxid: v.Zxid, P: v.Epoch, Q: v.Round})
}

// linkOf is the index of the link with a connection, -1 if none has it.
func (p *Peer) linkOf(c host.ConnID) int {
	for i := range p.links {
		if p.links[i].conn == c {
			return i
		}
	}
	return -1
}

// Connected implements server.Replicator.
func (p *Peer) Connected(c host.ConnID) {
	if c == p.f.conn {
		p.leaderConnected()
		return
	}
	i := p.linkOf(c)
	if i < 0 {
		p.h.Close(c)
		return
	}
	p.h.Send(c, Hello{p.el.Me()})
	if p.el.Me() > int64(p.cfg.Members[i].ID) {
		p.rise(i, c)
	}
}

// Received implements server.Replicator.
func (p *Peer) Received(c host.ConnID, m host.Message) {
	if p.ended {
		return
	}
	switch m := m.(type) {
	case Hello:
		p.hello(c, m.From)
	case Notification:
		if i := p.linkOf(c); i >= 0 {
			from := int64(p.cfg.Members[i].ID)
			p.noteVote(from, m.State.String(), m.Vote)
			p.el.Receive(from, m)
		}
	case Packet:
		if c == p.f.conn {
			p.fromLeader(m)
		} else {
			p.fromLearner(c, m)
		}
	default:
		p.h.Close(c)
	}
}

// Closed implements server.Replicator.
func (p *Peer) Closed(c host.ConnID, why host.Reason) {
	if p.ended {
		return
	}
	if c == p.f.conn {
		p.f.conn = 0
		p.leaderClosed()
		return
	}
	if i := p.linkOf(c); i >= 0 {
		p.links[i].conn, p.links[i].up = 0, false
		return
	}
	p.learnerClosed(c)
}
