package election

import (
	"errors"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/wire"
)

// readTerm begins to turn the head of the queue into a reign.
func (l *Latch) readTerm() {
	l.round++
	l.do(coord.Op{Kind: coord.Sync, Path: l.cfg.Dir}, (*Latch).ignored, "")
	l.do(coord.Op{Kind: coord.Get, Path: TermPath(l.cfg.Dir)}, (*Latch).termRead, "")
}

func (l *Latch) termRead(a at, r coord.Result) {
	switch {
	case a.Round != l.round:
		return
	case errors.Is(r.Err, coord.ErrNoNode):
		l.createTerm()
		return
	case r.Err != nil:
		l.later(r.Err)
		return
	}
	rec, err := wire.DecodeTerm(r.Data)
	if err != nil {
		l.refuse("term znode " + TermPath(l.cfg.Dir) + ": " + err.Error())
		return
	}
	l.version = r.Stat.Version
	if l.sent && rec == l.term {
		// The commit whose answer was lost did happen.
		l.begin(rec, r.Stat.Mzxid)
		return
	}
	l.released, l.first = rec.Released, rec.Term == 0
	l.commitTerm(wire.TermRecord{Term: rec.Term + 1, Owner: l.h.Self(), Nonce: l.nonce})
}

// createTerm makes the term znode together with the store's root, so that a
// root without it can only be one whose term znode was deleted, and versions
// are never used twice.
func (l *Latch) createTerm() {
	data, err := wire.AppendRecord(nil, wire.TermRecord{})
	if err != nil {
		l.refuse("term znode: " + err.Error())
		return
	}
	op := coord.Op{Kind: coord.Multi, Ops: []coord.Op{
		{Kind: coord.Create, Path: TermPath(l.cfg.Dir), Data: data},
		{Kind: coord.Create, Path: StorePath(l.cfg.Dir)},
	}}
	l.do(op, (*Latch).termCreated, "")
}

func (l *Latch) termCreated(a at, r coord.Result) {
	if a.Round != l.round {
		return
	}
	i := Failing(r)
	switch {
	case r.Err == nil || i == 0 && errors.Is(r.Results[0].Err, coord.ErrNodeExists):
		l.readTerm()
	case i == 1 && errors.Is(r.Results[1].Err, coord.ErrNodeExists):
		l.refuse("store " + StorePath(l.cfg.Dir) + " has no term znode: it was deleted, and no reign can be told from another")
	default:
		l.later(r.Err)
	}
}

// commitTerm begins the reign: one transaction which fails if the own latch
// znode is gone, or if another reign began since the term was read.
func (l *Latch) commitTerm(rec wire.TermRecord) {
	data, err := wire.AppendRecord(nil, rec)
	if err != nil {
		l.refuse("term znode: " + err.Error())
		return
	}
	l.term, l.sent = rec, true
	op := coord.Op{Kind: coord.Multi, Tag: coord.Tag{Term: rec.Term}, Ops: []coord.Op{
		{Kind: coord.Check, Path: l.dir() + "/" + l.own, Version: 0},
		{Kind: coord.Set, Path: TermPath(l.cfg.Dir), Data: data, Version: l.version},
	}}
	l.owner.TermSent()
	l.do(op, (*Latch).termCommitted, "")
}

func (l *Latch) termCommitted(a at, r coord.Result) {
	if a.Round != l.round {
		return
	}
	switch i := Failing(r); {
	case r.Err == nil:
		l.version++
		l.begin(l.term, r.Zxid)
	case i == 0:
		l.list()
	case i == 1:
		l.readTerm()
	default:
		l.later(r.Err)
	}
}

func (l *Latch) begin(rec wire.TermRecord, zxid int64) {
	l.term, l.leading, l.sent = rec, true, false
	l.owner.LatchElected(Win{Term: rec.Term, Version: l.version, Zxid: zxid, Released: l.released, First: l.first})
}

// Release writes into the term znode that this reign is over, for the
// successor not to wait; the owner acts no more. Without a reign or a
// connection there is nothing to write.
func (l *Latch) Release() {
	rec := l.term
	rec.Released = true
	data, err := wire.AppendRecord(nil, rec)
	if !l.cfg.Policy.TermFencing || !l.leading || !l.connected || err != nil {
		l.owner.LatchReleased()
		return
	}
	op := coord.Op{Kind: coord.Set, Path: TermPath(l.cfg.Dir), Data: data, Version: l.version, Tag: coord.Tag{Term: rec.Term}}
	l.do(op, (*Latch).termReleased, "")
}

func (l *Latch) termReleased(at, coord.Result) { l.owner.LatchReleased() }

// refuse leaves the queue for the life of the process.
func (l *Latch) refuse(why string) {
	l.refused = true
	l.round++
	l.dropOwn()
	l.owner.LatchRefused(why)
}

// TermPath is the term znode under dir.
func TermPath(dir string) string { return dir + "/term" }

// StorePath is the store's root under dir, with Spark's name.
func StorePath(dir string) string { return dir + "/master_status" }

// Failing is the index of the operation that made a multi fail, or -1 if none
// is named.
func Failing(r coord.Result) int {
	if r.Err == nil {
		return -1
	}
	for i := range r.Results {
		if err := r.Results[i].Err; err != nil && !errors.Is(err, coord.ErrRolledBack) {
			return i
		}
	}
	return -1
}

// Clone returns a deep copy that runs on h and belongs to owner.
func (l *Latch) Clone(h host.Host, owner Owner) *Latch {
	c := *l
	c.h, c.owner = h, owner
	c.garbage = append([]string(nil), l.garbage...)
	return &c
}

// Digest writes the complete state into d.
func (l *Latch) Digest(d *host.Digest) {
	d.Uint(uint64(l.session))
	d.Int(l.id)
	d.Bool(l.connected)
	d.Uint(l.round)
	d.Str(l.guid)
	d.Str(l.own)
	d.Str(l.watched)
	d.Any(l.garbage)
	d.Timer(l.starting)
	d.Bool(l.leading)
	d.Bool(l.refused)
	d.Uint(l.nonce)
	d.Any(l.term)
	d.Bool(l.sent)
	d.Int(int64(l.version))
	d.Bool(l.released)
	d.Bool(l.first)
}
