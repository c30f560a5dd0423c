package quorum

import (
	"encoding/binary"
	"slices"
	"time"

	"github.com/simctl/simctl/sim/zk/server"
)

// Forward implements server.Replicator.
func (p *Peer) Forward(data []byte) {
	if p.f.stage == followServing {
		p.tellLeader(Packet{Type: Request, Data: data})
	}
}

// Sync implements server.Replicator.
func (p *Peer) Sync(id uint64) {
	if p.f.stage == followServing {
		p.tellLeader(Packet{Type: Sync, Zxid: int64(id)})
	}
}

// Revalidate implements server.Replicator.
func (p *Peer) Revalidate(session int64, timeout time.Duration) {
	if p.f.stage == followServing {
		p.tellLeader(Packet{Type: Revalidate, Zxid: session, Data: binary.BigEndian.AppendUint64(nil, uint64(timeout))})
	}
}

// markSync answers a follower's sync once everything proposed so far is
// committed; the connection's order does the rest.
func (p *Peer) markSync(n *learner, id int64) {
	if last := p.st.last(); last > p.l.commit {
		p.l.syncs = append(p.l.syncs, pendingSync{n.conn, id, last})
		return
	}
	p.h.Send(n.conn, Packet{Type: Sync, Zxid: id})
}

func (p *Peer) releaseSyncs() {
	p.l.syncs = slices.DeleteFunc(p.l.syncs, func(s pendingSync) bool {
		if s.after > p.l.commit {
			return false
		}
		p.h.Send(s.conn, Packet{Type: Sync, Zxid: s.id})
		return true
	})
}

func decodeTimeout(b []byte) (time.Duration, bool) {
	if len(b) != 8 {
		return 0, false
	}
	return time.Duration(binary.BigEndian.Uint64(b)), true
}

func encodeTouches(touches []server.Touch) []byte {
	var b []byte
	for _, t := range touches {
		b = binary.BigEndian.AppendUint64(b, uint64(t.Session))
		b = binary.BigEndian.AppendUint64(b, uint64(t.Timeout))
	}
	return b
}

func decodeTouches(b []byte) (touches []server.Touch, ok bool) {
	for ; len(b) >= 16; b = b[16:] {
		touches = append(touches, server.Touch{
			Session: int64(binary.BigEndian.Uint64(b)), Timeout: time.Duration(binary.BigEndian.Uint64(b[8:])),
		})
	}
	return touches, len(b) == 0
}
