package quorum

import (
	"fmt"
	"strconv"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/zk/server"
	"github.com/simctl/simctl/sim/zk/txnlog"
)

// load reads the disk, one file after another, and then looks for a leader.
func (p *Peer) load() {
	p.st = store{}
	p.h.ReadFile(acceptedFile, host.BindResult((*Peer).readEpoch, acceptedFile))
}

const notExist = "not exist"

// read returns false if a file could not be read; one that is not there is
// empty.
func (p *Peer) read(name string, r host.ReadResult) bool {
	if r.Err != "" && r.Err != notExist {
		p.fail(fmt.Sprintf("read %s: %s", name, r.Err))
	}
	return !p.ended
}

func (p *Peer) readEpoch(name string, r host.ReadResult) {
	if !p.read(name, r) {
		return
	}
	var n int64
	if r.Err == "" {
		var err error
		if n, err = strconv.ParseInt(string(r.Data), 10, 64); err != nil {
			p.fail(fmt.Sprintf("read %s: %q is no epoch", name, r.Data))
			return
		}
	}
	if name == acceptedFile {
		p.st.accepted = n
		p.h.ReadFile(currentFile, host.BindResult((*Peer).readEpoch, currentFile))
		return
	}
	p.st.current = n
	p.h.ReadFile(snapshotFile, host.BindResult((*Peer).readSnapshot, struct{}{}))
}

func (p *Peer) readSnapshot(_ struct{}, r host.ReadResult) {
	if !p.read(snapshotFile, r) {
		return
	}
	var s snapshot
	if r.Err == "" {
		var err error
		if p.st.gen, s, err = decodeSnapshot(r.Data); err != nil {
			p.fail(err.Error())
			return
		}
	}
	if err := p.restore(s); err != nil {
		p.fail(fmt.Sprintf("restore the snapshot of %#x: %v", s.zxid, err))
		return
	}
	p.st.base, p.st.durable = s.zxid, s.zxid
	p.st.snapZxid, p.st.snapSize = s.zxid, len(r.Data)
	name := logFile(p.st.gen)
	p.h.ReadFile(name, host.BindResult((*Peer).readLog, name))
}

// restore replaces the machine's state.
func (p *Peer) restore(s snapshot) error {
	p.applied, p.told = s.zxid, s.told
	return p.m.Restore(server.Txn{Zxid: s.zxid, Data: s.data})
}

func (p *Peer) readLog(name string, r host.ReadResult) {
	if !p.read(name, r) {
		return
	}
	txns, whole := txnlog.Read(r.Data, p.st.base)
	if a, b, ok := gap(p.st.base, txns); ok && p.cfg.Defects == (Defects{}) {
		p.fail(fmt.Sprintf("read %s: %#x follows %#x", name, b, a))
		return
	}
	p.st.txns = txns
	p.st.since = len(txns)
	p.st.durable = p.st.last()
	p.h.Note(host.Note{Kind: host.NoteRestored, Value: "disk", Zxid: p.applied, M: int64(p.told), N: p.st.last(), Term: p.st.current})
	if whole == len(r.Data) {
		p.loaded()
		return
	}
	// The last record is torn: nothing may be appended behind it.
	tmp := name + temporary
	p.h.RemoveFile(tmp, host.Call{})
	p.h.AppendFile(tmp, append(txnlog.AppendCut(nil, 1<<63-1), r.Data[:whole]...),
		host.BindResult((*Peer).mended, uint8(0)))
}

// gap finds two transactions next to each other, the first behind the zxid
// base, between which one is missing. A server that has lost some that it has
// acknowledged must not vote. ZooKeeper does not look, nor does a server with a
// defect of its.
func gap(base int64, txns []server.Txn) (a, b int64, ok bool) {
	a = base
	for _, t := range txns {
		if b = t.Zxid; b != a+1 && counterOf(b) != 1 {
			return a, b, true
		}
		a = b
	}
	return 0, 0, false
}

// mended replaces a log by its whole records.
func (p *Peer) mended(step uint8, r host.DiskResult) {
	if !p.must("mend the log", r) {
		return
	}
	name := logFile(p.st.gen)
	c := host.BindResult((*Peer).mended, step+1)
	switch step {
	case 0:
		p.h.SyncFile(name+temporary, c)
	case 1:
		p.h.RenameFile(name+temporary, name, c)
	case 2:
		p.h.SyncFile(name, c)
	default:
		p.loaded()
	}
}

// loaded begins the first election.
func (p *Peer) loaded() { p.look() }
