package quorum

import (
	"time"

	"github.com/simctl/simctl/impl/host"
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

// notify implements ballots.
func (p *Peer) notify(to int64, n Notification) {
	i := p.el.index(to)
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

// connectAll implements ballots.
func (p *Peer) connectAll() {
	for i := range p.links {
		if int64(p.cfg.Members[i].ID) != p.el.me {
			p.connect(i)
		}
	}
}

// delivered implements ballots.
func (p *Peer) delivered() bool {
	for i := range p.links {
		if p.links[i].up {
			return true
		}
	}
	return false
}

// poll implements ballots.
func (p *Peer) poll(d time.Duration) {
	p.h.StopTimer(p.pollTimer)
	p.pollTimer = host.After(p.h, d, (*Peer).polled, p.phase)
}

func (p *Peer) polled(phase uint64) {
	if phase == p.phase {
		p.el.timeout()
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
	i := p.el.index(from)
	switch {
	case i < 0 || from == p.el.me:
		p.h.Close(c)
	case from > p.el.me:
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

// votes implements ballots.
func (p *Peer) votes(v Vote) { p.noteVote(0, Looking.String(), v) }

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
	p.h.Send(c, Hello{p.el.me})
	if p.el.me > int64(p.cfg.Members[i].ID) {
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
			p.el.receive(from, m)
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
