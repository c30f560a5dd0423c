package quorum

import (
	"fmt"
	"strconv"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/zk/server"
	"github.com/simctl/simctl/sim/zk/txnlog"
)

// store is what a server keeps on its disk, and the latest part of it in
// memory. Memory runs ahead: a transaction is in the log when durable says so.
type store struct {
	accepted, current int64 // epochs

	gen               uint64
	snapZxid          int64        // of the snapshot on the disk, behind which its log begins
	snapSize          int          // bytes of it; 0 if there is none
	base              int64        // zxid before the first of txns
	txns              []server.Txn // the latest, committed or not
	since             int          // transactions since the last snapshot
	buf               []byte       // records that are not written yet
	flushed           int64        // zxid of the flush under way
	seq               uint64       // records ever made; flushSeq and doneSeq: of the flush under way, of the last one done
	flushSeq, doneSeq uint64
	busy              bool   // a flush is under way
	cuts              uint64 // takings back: a flush begun before one says nothing
	durable           int64
	held              bool // nothing is written for now (a defect)

	rolling rolling
	next    *rolling // asked for while one was under way
	saves   []save   // of epochs; the first is under way
}

// rolling is a snapshot being written, and then its log.
type rolling struct {
	step rollStep
	snap snapshot
	last int64 // of the new log
}

type rollStep uint8

const (
	rollIdle rollStep = iota
	rollWait          // for the flush under way
	rollWrite
	rollSync
	rollLog
	rollLogSync
	rollRename
	rollNameSync
)

// save is one epoch to be written, and what is to be done then.
type save struct {
	file  string
	value int64
	then  then
	phase uint64 // of the server, in which it is still wanted
}

type then uint8

const (
	thenNothing      then = iota
	thenOfferEpoch        // leader: LEADERINFO
	thenAckEpoch          // follower: ACKEPOCH
	thenAckNewLeader      // follower: ACK of NEWLEADER
	thenAckSelf           // leader: its own such ACK
)

type saveStep uint8

const (
	saveAppend saveStep = iota
	saveSync
	saveRename
	saveNameSync
)

// last is the zxid of the last transaction in memory.
func (s *store) last() int64 {
	if n := len(s.txns); n > 0 {
		return s.txns[n-1].Zxid
	}
	return s.base
}

// settled reports whether the disk holds all that memory does.
func (s *store) settled() bool {
	return !s.busy && len(s.buf) == 0 && s.rolling.step == rollIdle && s.next == nil
}

// holds reports whether the disk holds the first seq records.
func (s *store) holds(seq uint64) bool {
	return s.doneSeq >= seq && s.rolling.step == rollIdle && s.next == nil
}

// log appends a transaction and begins to write it.
func (p *Peer) log(t server.Txn) {
	s := &p.st
	s.txns = append(s.txns, t)
	s.buf = txnlog.Append(s.buf, t)
	s.since++
	s.seq++
	p.flush()
}

// cut forgets what is behind a zxid.
func (p *Peer) cut(zxid int64) {
	s := &p.st
	s.txns = s.txns[:txnlog.Behind(s.txns, zxid)]
	s.buf = txnlog.AppendCut(s.buf, zxid)
	s.cuts++
	s.seq++
	p.onDisk(min(s.durable, zxid))
	p.flush()
}

// onDisk notes how far the disk is.
func (p *Peer) onDisk(zxid int64) {
	if zxid != p.st.durable {
		p.st.durable = zxid
		p.h.Note(host.Note{Kind: host.NoteLogged, Zxid: zxid})
	}
}

// trim keeps so many committed transactions in memory, and what the log behind
// a snapshot under way will have to hold.
func (s *store) trim(applied int64, window int) {
	if s.rolling.step != rollIdle {
		applied = min(applied, s.rolling.snap.zxid)
	}
	if s.next != nil {
		applied = min(applied, s.next.snap.zxid)
	}
	over := txnlog.Behind(s.txns, applied) - window
	if over < window { // in large steps
		return
	}
	s.base = s.txns[over-1].Zxid
	s.txns = append([]server.Txn(nil), s.txns[over:]...)
}

// flush writes what waits, unless a write is under way: then the next one
// takes it, so many transactions share a sync.
func (p *Peer) flush() {
	s := &p.st
	if s.busy || s.held || len(s.buf) == 0 || s.rolling.step > rollWait {
		return
	}
	s.busy = true
	s.flushed, s.flushSeq = s.last(), s.seq
	name := logFile(s.gen)
	p.h.AppendFile(name, s.buf, host.BindResult((*Peer).appended, s.gen))
	p.h.SyncFile(name, host.BindResult((*Peer).flushDone, s.cuts))
	s.buf = nil
}

func (p *Peer) appended(gen uint64, r host.DiskResult) {
	if r.Err != "" {
		p.must("append to "+logFile(gen), r)
	}
}

func (p *Peer) flushDone(cuts uint64, r host.DiskResult) {
	if !p.must("sync the log", r) {
		return
	}
	s := &p.st
	s.busy, s.doneSeq = false, s.flushSeq
	if cuts == s.cuts {
		p.onDisk(max(s.durable, s.flushed))
	}
	if s.rolling.step == rollWait {
		p.rollOn(rollWrite)
	}
	p.flush()
	p.logged()
}

// must ends the process if the disk failed: a server that cannot log must not
// go on.
func (p *Peer) must(what string, r host.DiskResult) bool {
	if r.Err == "" || p.ended {
		return !p.ended
	}
	p.fail(fmt.Sprintf("%s: %s", what, r.Err))
	return false
}

// roll replaces snapshot and log on the disk.
func (p *Peer) roll(snap snapshot) {
	s := &p.st
	s.since = 0
	r := rolling{step: rollWait, snap: snap}
	if s.rolling.step != rollIdle {
		s.next = &r
		return
	}
	s.rolling = r
	if !s.busy {
		p.rollOn(rollWrite)
	}
}

// rollOn carries out one step; its completion is the next.
func (p *Peer) rollOn(step rollStep) {
	s := &p.st
	s.rolling.step = step
	c := host.BindResult((*Peer).rolled, uint8(step))
	fresh := logFile(s.gen + 1)
	switch step {
	case rollWrite:
		p.h.RemoveFile(snapshotFile+temporary, host.Call{})
		p.h.AppendFile(snapshotFile+temporary, encodeSnapshot(s.gen+1, s.rolling.snap), c)
	case rollSync:
		p.h.SyncFile(snapshotFile+temporary, c)
	case rollLog:
		p.h.RemoveFile(fresh, host.Call{})
		p.h.AppendFile(fresh, p.freshLog(), c)
	case rollLogSync:
		p.h.SyncFile(fresh, c)
	case rollRename:
		p.h.RenameFile(snapshotFile+temporary, snapshotFile, c)
	case rollNameSync:
		p.h.SyncFile(snapshotFile, c)
	}
}

// freshLog is the log that follows the snapshot being written.
func (p *Peer) freshLog() []byte {
	s := &p.st
	b := txnlog.AppendCut(nil, s.rolling.snap.zxid) // so that it is not empty
	for _, t := range s.txns[txnlog.Behind(s.txns, s.rolling.snap.zxid):] {
		b = txnlog.Append(b, t)
	}
	s.buf, s.flushed = nil, max(s.last(), s.rolling.snap.zxid)
	s.rolling.last, s.flushSeq = s.flushed, s.seq
	return b
}

func (p *Peer) rolled(step uint8, r host.DiskResult) {
	if !p.must("write a snapshot", r) {
		return
	}
	s := &p.st
	if rollStep(step) < rollRename && s.next != nil {
		// Memory need no longer reach back to this snapshot: a leader's has
		// replaced it. What the disk has stays until the next one is there.
		s.rolling, s.next = *s.next, nil
		p.rollOn(rollWrite)
		return
	}
	if rollStep(step) != rollNameSync {
		p.rollOn(rollStep(step) + 1)
		return
	}
	p.h.RemoveFile(logFile(s.gen), host.Call{})
	s.gen++
	s.snapZxid, s.snapSize = s.rolling.snap.zxid, snapshotHeader+len(s.rolling.snap.data)
	s.doneSeq = s.flushSeq
	p.onDisk(min(max(s.durable, s.rolling.last), s.last()))
	s.rolling = rolling{}
	if s.next != nil {
		s.rolling, s.next = *s.next, nil
		p.rollOn(rollWrite)
	}
	p.flush()
	p.logged()
}

// save begins to write an epoch.
func (p *Peer) save(file string, value int64, do then) {
	s := &p.st
	if file == acceptedFile {
		s.accepted = value
	} else {
		s.current = value
	}
	s.saves = append(s.saves, save{file, value, do, p.phase})
	if len(s.saves) == 1 {
		p.saveOn(saveAppend)
	}
}

func (p *Peer) saveOn(step saveStep) {
	v := &p.st.saves[0]
	c := host.BindResult((*Peer).saved, uint8(step))
	switch tmp := v.file + temporary; step {
	case saveAppend:
		p.h.RemoveFile(tmp, host.Call{})
		p.h.AppendFile(tmp, strconv.AppendInt(nil, v.value, 10), c)
	case saveSync:
		p.h.SyncFile(tmp, c)
	case saveRename:
		p.h.RenameFile(tmp, v.file, c)
	case saveNameSync:
		p.h.SyncFile(v.file, c)
	}
}

func (p *Peer) saved(step uint8, r host.DiskResult) {
	if !p.must("write an epoch", r) {
		return
	}
	if saveStep(step) != saveNameSync {
		p.saveOn(saveStep(step) + 1)
		return
	}
	s := &p.st
	v := s.saves[0]
	s.saves = s.saves[1:]
	if len(s.saves) > 0 {
		p.saveOn(saveAppend)
	}
	if v.phase == p.phase {
		p.afterSave(v.then)
	}
	p.reload()
}
