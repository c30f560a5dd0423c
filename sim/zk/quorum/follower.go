package quorum

import (
	"encoding/binary"
	"time"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/zk/server"
)

// How a follower dials its leader.
const (
	dialTries = 5
	dialPause = 100 * time.Millisecond
)

// following is what a follower knows of its leader.
type following struct {
	leader  int64
	conn    host.ConnID
	tries   int
	stage   followStage
	epoch   int64
	commit  int64  // the latest it may apply, once it serves
	acked   int64  // the latest it said it has logged
	synced  int64  // the latest that came before NEWLEADER
	need    uint64 // records that its disk must hold for that
	saving  bool   // of the current epoch has begun
	unsaved bool   // the leader's snapshot is in memory only (a defect)
}

type followStage uint8

const (
	followDial       followStage = iota
	followInfo                   // FOLLOWERINFO is sent
	followSync                   // the new epoch is accepted
	followLogging                // NEWLEADER came; the disk is behind
	followEpochSaved             // the disk is still behind, though it has the epoch (a defect)
	followAcked                  // ACK is sent
	followServing
)

// follow dials the leader that was elected.
func (p *Peer) follow(leader int64) {
	p.enter(Following)
	p.f.leader = leader
	p.patience(p.cfg.Init)
	p.dialLeader(p.phase)
}

func (p *Peer) dialLeader(phase uint64) {
	if phase != p.phase {
		return
	}
	p.f.tries++
	p.f.stage = followDial
	p.f.conn = p.h.Dial(p.cfg.Members[p.el.Index(p.f.leader)].Addr, Codec{})
}

func (p *Peer) leaderConnected() {
	p.f.stage = followInfo
	p.tellLeader(Packet{Type: FollowerInfo, Zxid: opening(p.st.accepted), Data: []byte{byte(p.el.Me())}})
}

func (p *Peer) tellLeader(m Packet) { p.h.Send(p.f.conn, m) }

// leaderClosed gives the leader up, or tries again if it never was there.
func (p *Peer) leaderClosed() {
	if p.f.stage == followDial && p.f.tries < dialTries {
		host.After(p.h, dialPause, (*Peer).dialLeader, p.phase)
		return
	}
	p.look()
}

// fromLeader takes what the leader sent.
func (p *Peer) fromLeader(m Packet) {
	switch m.Type {
	case Refusal:
		p.noteVote(p.f.leader, "refused", Vote{})
		p.h.Close(p.f.conn)
		p.f.conn, p.f.stage = 0, followDial
		p.leaderClosed()
	case LeaderInfo:
		p.acceptEpoch(epochOf(m.Zxid))
	case Diff: // the proposals follow
		if p.cfg.Defects.ClaimBeforeRead {
			p.claimed = m.Zxid
		}
	case Trunc:
		p.truncate(m.Zxid)
	case Snap:
		p.install(m)
	case Proposal:
		p.proposed(server.Txn{Zxid: m.Zxid, Data: m.Data})
	case NewLeader:
		p.newLeader(m.Zxid)
	case UpToDate:
		p.upToDate(m.Zxid)
	case Commit:
		p.f.commit = max(p.f.commit, m.Zxid)
		if p.f.stage == followServing {
			p.apply(p.f.commit)
		}
	case Ping:
		p.patience(p.cfg.Sync)
		p.tellLeader(Packet{Type: Ping, Data: encodeTouches(p.m.Touches())})
	case Sync:
		p.m.Synced(uint64(m.Zxid))
	case Revalidate:
		p.m.Revalidated(m.Zxid, len(m.Data) == 1 && m.Data[0] == 1)
	default:
		p.look()
	}
}

// acceptEpoch answers LEADERINFO.
func (p *Peer) acceptEpoch(epoch int64) {
	if p.f.stage != followInfo || epoch < p.st.accepted {
		p.look()
		return
	}
	p.f.stage, p.f.epoch = followSync, epoch
	p.st.held = p.cfg.Defects.EpochBeforeLog || p.cfg.Defects.LogWhenServing
	if epoch == p.st.accepted {
		p.ackEpoch(true)
		return
	}
	p.save(acceptedFile, epoch, thenAckEpoch)
}

// ackEpoch tells the leader how far this server's history goes. One that has
// accepted the epoch before must not count for it again.
func (p *Peer) ackEpoch(again bool) {
	epoch := p.st.current
	if again {
		epoch = -1
	}
	data := binary.BigEndian.AppendUint64(nil, uint64(epoch))
	p.tellLeader(Packet{Type: AckEpoch, Zxid: p.last(), Data: data})
}

// truncate forgets what the leader's history does not hold. What was applied
// cannot be undone in memory, so the server reads its disk again.
func (p *Peer) truncate(zxid int64) {
	p.opened, p.claimed = 0, 0
	if zxid < p.st.base {
		p.fail("the leader takes back more than the log holds")
		return
	}
	p.cut(zxid)
	if zxid < p.applied {
		p.enter(Looking)
		p.state = reloading
		p.reload()
	}
}

// reloading is the state of a server that must read its disk again, once what
// it has in memory is written.
const reloading State = 255

func (p *Peer) reload() {
	if p.state == reloading && p.st.settled() && len(p.st.saves) == 0 {
		p.load()
	}
}

// install replaces everything by the leader's snapshot.
func (p *Peer) install(m Packet) {
	s, ok := carried(m)
	if !ok {
		p.look()
		return
	}
	if err := p.restore(s); err != nil {
		p.fail("the leader's snapshot: " + err.Error())
		return
	}
	p.h.Note(host.Note{Kind: host.NoteRestored, Value: "leader", Zxid: s.zxid, M: int64(s.told)})
	p.opened, p.claimed = 0, 0
	p.st.txns, p.st.base = nil, s.zxid
	p.onDisk(min(p.st.durable, s.zxid))
	p.st.cuts++
	if p.cfg.Defects.UnsavedSnapshot {
		p.f.unsaved = true
		return
	}
	p.st.buf = nil
	p.roll(s)
}

// proposed logs a transaction, of the synchronisation or of service.
func (p *Peer) proposed(t server.Txn) {
	if t.Zxid <= p.st.last() {
		p.look() // the leader thinks that this server had less
		return
	}
	p.log(t)
}

// newLeader is told that the synchronisation is complete.
func (p *Peer) newLeader(zxid int64) {
	if p.f.stage != followSync || epochOf(zxid) != p.f.epoch {
		p.look()
		return
	}
	if p.f.unsaved {
		p.roll(p.snapshot())
	}
	p.f.stage = followLogging
	p.f.synced, p.f.need = p.st.last(), p.st.seq
	switch {
	case p.cfg.Defects.AckBeforeLog, p.cfg.Defects.LogWhenServing:
		p.save(currentFile, p.f.epoch, thenNothing)
		p.sendNewLeaderAck(p.phase)
	case p.cfg.Defects.EpochBeforeLog:
		p.f.saving = true
		p.save(currentFile, p.f.epoch, thenAckNewLeader)
	default:
		p.followerLogged()
	}
}

// ackNewLeader says that this server has what the leader has.
func (p *Peer) ackNewLeader() {
	if p.st.held {
		p.st.held = false
		p.flush()
		p.f.stage = followEpochSaved
		p.followerLogged()
		return
	}
	if d := p.cfg.Pace.Follow.draw(p.h, "pace follow"); d > 0 {
		host.After(p.h, d, (*Peer).sendNewLeaderAck, p.phase)
		return
	}
	p.sendNewLeaderAck(p.phase)
}

func (p *Peer) sendNewLeaderAck(phase uint64) {
	if phase != p.phase || p.f.stage == followAcked {
		return
	}
	p.f.stage, p.f.acked = followAcked, p.f.synced
	p.tellLeader(Packet{Type: Ack, Zxid: opening(p.f.epoch)})
	p.followerLogged()
}

// followerLogged acknowledges what has come to the disk.
func (p *Peer) followerLogged() {
	switch p.f.stage {
	case followLogging:
		if p.st.holds(p.f.need) && !p.f.saving {
			p.f.saving = true
			p.save(currentFile, p.f.epoch, thenAckNewLeader)
		}
	case followEpochSaved:
		if p.st.holds(p.f.need) {
			p.sendNewLeaderAck(p.phase)
		}
	case followAcked, followServing:
		if p.st.durable > p.f.acked {
			p.f.acked = p.st.durable
			p.tellLeader(Packet{Type: Ack, Zxid: p.f.acked})
		}
	}
}

// upToDate begins to serve. What came before NEWLEADER is the history that a
// quorum has agreed on.
func (p *Peer) upToDate(zxid int64) {
	if p.f.stage != followAcked {
		p.look()
		return
	}
	p.f.stage = followServing
	p.el.Established(p.f.epoch)
	p.patience(p.cfg.Sync)
	p.f.commit = max(p.f.commit, zxid)
	if p.st.held {
		p.st.held = false
		p.flush()
	}
	phase := p.phase
	if p.cfg.Defects.ServeBeforeRead {
		host.After(p.h, Span{0, overlap}.draw(p.h, "late apply"), (*Peer).applyLate, phase)
	} else {
		p.apply(p.f.commit)
	}
	if p.phase == phase {
		p.serve(server.Following, p.f.epoch, p.applied)
	}
}
