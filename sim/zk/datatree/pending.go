package datatree

import (
	"slices"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/zk/jute"
)

// record is what is known of a znode once all proposals are committed.
type record struct {
	zxid     int64 // of the last proposal that concerns the znode
	exists   bool
	version  int32
	cversion int32
	aversion int32
	owner    int64
	kids     int32
	acl      []jute.ACL
}

// A pending change is one record that a proposal has made.
type pendingRecord struct {
	zxid int64
	path string
}

// A Prep is the leader's view of the tree with what it has proposed and not
// yet committed. It validates requests and turns them into transactions.
type Prep struct {
	t       *Tree
	records map[string]*record
	queue   []pendingRecord // in the order of zxids
	undo    []undone        // of the multi being validated
}

type undone struct {
	path string
	was  *record
}

// NewPrep returns the view of a leader that has proposed nothing.
func NewPrep(t *Tree) *Prep { return &Prep{t: t, records: map[string]*record{}} }

// Committed forgets the proposals up to zxid: the tree has them.
func (p *Prep) Committed(zxid int64) {
	n := 0
	for n < len(p.queue) && p.queue[n].zxid <= zxid {
		q := p.queue[n]
		if r := p.records[q.path]; r != nil && r.zxid <= zxid {
			delete(p.records, q.path)
		}
		n++
	}
	p.queue = append(p.queue[:0], p.queue[n:]...)
}

// Clone returns a copy that looks at t.
func (p *Prep) Clone(t *Tree) *Prep {
	c := NewPrep(t)
	for _, q := range p.queue {
		r := *p.records[q.path]
		c.records[q.path] = &r
	}
	c.queue = slices.Clone(p.queue)
	return c
}

// Pending is how many changes are proposed and not committed.
func (p *Prep) Pending() int { return len(p.queue) }

// at returns the record of a path, or nil if there is no such znode.
func (p *Prep) at(path string) *record {
	if path == "" {
		path = "/"
	}
	if r := p.records[path]; r != nil {
		if r.exists {
			return r
		}
		return nil
	}
	n := p.t.nodes[path]
	if n == nil {
		return nil
	}
	return &record{
		exists: true, version: n.version, cversion: n.cversion, aversion: n.aversion,
		owner: n.owner, kids: int32(len(n.kids)), acl: n.acl,
	}
}

func (p *Prep) set(zxid int64, path string, r record) {
	r.zxid = zxid
	p.undo = append(p.undo, undone{path, p.records[path]})
	p.records[path] = &r
	p.queue = append(p.queue, pendingRecord{zxid, path})
}

// rollBack takes back what the multi being validated has proposed.
func (p *Prep) rollBack() {
	for _, u := range slices.Backward(p.undo) {
		if u.was == nil {
			delete(p.records, u.path)
		} else {
			p.records[u.path] = u.was
		}
	}
	p.queue = p.queue[:len(p.queue)-len(p.undo)]
}

// Digest writes what is proposed and not committed into d.
func (p *Prep) Digest(d *host.Digest) {
	d.Uint(uint64(len(p.queue)))
	for _, q := range p.queue {
		d.Int(q.zxid)
		d.Str(q.path)
		r := p.records[q.path]
		d.Int(r.zxid)
		d.Bool(r.exists)
		d.Int(int64(r.version)<<32 | int64(uint32(r.cversion)))
		d.Int(int64(r.aversion)<<32 | int64(uint32(r.kids)))
		d.Int(r.owner)
		d.Any(r.acl)
	}
}
