package election

import (
	"fmt"
	"time"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/wire"
)

// TermFile is the file with the term in the directory of the records.
const TermFile = "term"

// NewTermFile is what the name of its next content begins with, before that is
// renamed.
const NewTermFile = "term_new_"

// A Monarchy elects without a service: the one master leads as soon as it has
// started (Spark's MonarchyLeaderAgent). Who starts a second one has two.
//
// With fencing and a directory for its records a reign begins by writing a
// higher term there, before the records are read. The term tells the reigns of
// one master apart; a second master on the directory takes it over, and the
// first stops at its next look at the term and does not lead again. Without
// fencing or directory the term is the process's incarnation.
type Monarchy struct {
	h     host.Host
	owner Owner
	cfg   MonarchyConfig

	round    uint64 // answers of older rounds are ignored
	refused  bool
	began    bool // a reign began in this incarnation
	term     wire.TermRecord
	released bool // the predecessor stopped gracefully
	first    bool // there was none, or it was this process's
}

// MonarchyConfig says how a monarchy behaves.
type MonarchyConfig struct {
	Path   string        // the directory of the records; empty for none
	Fenced bool          // with a term that is kept there
	Retry  time.Duration // pause after a failure of the disk
}

// NewMonarchy makes an agent that belongs to owner.
func NewMonarchy(h host.Host, owner Owner, cfg MonarchyConfig) *Monarchy {
	return &Monarchy{h: h, owner: owner, cfg: cfg}
}

// Claim begins a reign: at the start of the process, and again after one ended.
func (m *Monarchy) Claim() {
	m.round++
	if m.refused {
		return
	}
	host.After(m.h, 0, (*Monarchy).claim, m.round)
}

// Rejoin begins another reign after a pause, unless somebody else reigns.
func (m *Monarchy) Rejoin() {
	m.round++
	host.After(m.h, m.cfg.Retry, (*Monarchy).claim, m.round)
}

func (m *Monarchy) claim(round uint64) {
	switch {
	case round != m.round || m.refused:
	case m.cfg.Fenced && m.cfg.Path != "":
		m.h.ReadFile(m.file(TermFile), host.BindResult((*Monarchy).termRead, m.round))
	default:
		m.owner.TermSent()
		m.term.Term = int64(m.h.Incarnation())
		m.owner.LatchElected(Win{Term: m.term.Term, Zxid: m.term.Term << 32, First: true})
	}
}

func (m *Monarchy) termRead(round uint64, r host.ReadResult) {
	if round != m.round {
		return
	}
	rec, err := wire.DecodeTerm(r.Data)
	switch {
	case r.Err == host.FileNotExist:
		rec = wire.TermRecord{}
	case r.Err != "":
		m.again("read the term: " + r.Err)
		return
	case err != nil:
		m.refuse("term file " + m.file(TermFile) + ": " + err.Error())
		return
	}
	if m.began && rec.Owner != m.h.Self() {
		m.refuse(fmt.Sprintf("directory %s has been taken over by %s in term %d", m.cfg.Path, rec.Owner, rec.Term))
		return
	}
	m.released, m.first = rec.Released, rec.Term == 0 || rec.Owner == m.h.Self()
	m.term = wire.TermRecord{Term: rec.Term + 1, Owner: m.h.Self(), Nonce: m.h.Draw("latch", 1<<32)}
	m.write()
}

// write replaces the term file: as a whole, or not at all.
func (m *Monarchy) write() {
	data, err := wire.AppendRecord(nil, m.term)
	if err != nil {
		m.refuse("term file: " + err.Error())
		return
	}
	fresh := m.fresh()
	m.owner.TermSent()
	m.h.RemoveFile(fresh, host.BindResult((*Monarchy).cleared, m.round)) // of a claim that failed half way
	m.h.AppendFile(fresh, data, host.BindResult((*Monarchy).appended, m.round))
}

// cleared is told of that removal: what is appended to what stays is no term.
func (m *Monarchy) cleared(round uint64, r host.DiskResult) {
	if r.Err != host.FileNotExist {
		m.went(round, r)
	}
}

func (m *Monarchy) appended(round uint64, r host.DiskResult) {
	if m.went(round, r) {
		m.h.SyncFile(m.fresh(), host.BindResult((*Monarchy).synced, m.round))
	}
}

func (m *Monarchy) synced(round uint64, r host.DiskResult) {
	if m.went(round, r) {
		m.h.RenameFile(m.fresh(), m.file(TermFile), host.BindResult((*Monarchy).renamed, m.round))
	}
}

func (m *Monarchy) renamed(round uint64, r host.DiskResult) {
	if m.went(round, r) {
		m.h.SyncFile(m.file(TermFile), host.BindResult((*Monarchy).reigns, m.round))
	}
}

// reigns begins the reign, or ends the one that was released.
func (m *Monarchy) reigns(round uint64, r host.DiskResult) {
	switch {
	case !m.went(round, r):
	case m.term.Released:
		m.owner.LatchReleased()
	default:
		m.began = true
		m.owner.LatchElected(Win{Term: m.term.Term, Zxid: m.term.Term << 32, Released: m.released, First: m.first})
	}
}

// went reports whether a step of this round is done.
func (m *Monarchy) went(round uint64, r host.DiskResult) bool {
	if round == m.round && r.Err != "" {
		m.again("write the term: " + r.Err)
	}
	return round == m.round && r.Err == ""
}

// again claims anew after a pause. A release that fails is left.
func (m *Monarchy) again(why string) {
	m.h.Note(host.Note{Kind: host.NoteFailed, Value: why})
	m.round++
	if m.term.Released {
		m.owner.LatchReleased()
		return
	}
	host.After(m.h, m.cfg.Retry, (*Monarchy).claim, m.round)
}

// Release writes that this reign is over, if it still is the latest; the owner
// acts no more.
func (m *Monarchy) Release() {
	m.round++
	if !m.cfg.Fenced || m.cfg.Path == "" || !m.began || m.refused {
		m.owner.LatchReleased()
		return
	}
	m.h.ReadFile(m.file(TermFile), host.BindResult((*Monarchy).release, m.round))
}

func (m *Monarchy) release(round uint64, r host.ReadResult) {
	switch rec, err := wire.DecodeTerm(r.Data); {
	case round != m.round:
	case r.Err != "" || err != nil || rec != m.term:
		m.owner.LatchReleased()
	default:
		m.term.Released = true
		m.write()
	}
}

// refuse does not lead any more, for the life of the process.
func (m *Monarchy) refuse(why string) {
	m.refused = true
	m.round++
	m.owner.LatchRefused(why)
}

func (m *Monarchy) file(name string) string { return m.cfg.Path + "/" + name }
func (m *Monarchy) fresh() string           { return m.file(NewTermFile + string(m.h.Self())) }

// Clone returns a deep copy that runs on h and belongs to owner.
func (m *Monarchy) Clone(h host.Host, owner Owner) *Monarchy {
	c := *m
	c.h, c.owner = h, owner
	return &c
}

// Digest writes the complete state into d.
func (m *Monarchy) Digest(d *host.Digest) {
	d.Uint(m.round)
	d.Bool(m.refused)
	d.Bool(m.began)
	d.Any(m.term)
	d.Bool(m.released)
	d.Bool(m.first)
}
