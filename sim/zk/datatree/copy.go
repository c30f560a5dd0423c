package datatree

import (
	"fmt"
	"maps"
	"slices"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/zk/jute"
)

func (n *node) link(name string) {
	at, _ := slices.BinarySearch(n.kids, name)
	n.kids = slices.Insert(n.kids, at, name)
}

func (n *node) unlink(name string) {
	if at, ok := slices.BinarySearch(n.kids, name); ok {
		n.kids = slices.Delete(n.kids, at, at+1)
	}
}

// Clone returns a deep copy.
func (t *Tree) Clone() *Tree {
	c := *t
	c.nodes = maps.Clone(t.nodes)
	for _, path := range slices.Sorted(maps.Keys(c.nodes)) {
		n := *c.nodes[path]
		n.kids = slices.Clone(n.kids)
		c.nodes[path] = &n
	}
	c.ephemerals = maps.Clone(t.ephemerals)
	for _, id := range slices.Sorted(maps.Keys(c.ephemerals)) {
		c.ephemerals[id] = maps.Clone(c.ephemerals[id])
	}
	c.special, c.sessions = maps.Clone(t.special), maps.Clone(t.sessions)
	return &c
}

// Digest writes the state into d, in time that does not depend on the number
// of znodes.
func (t *Tree) Digest(d *host.Digest) {
	d.Int(t.zxid)
	d.Uint(uint64(len(t.nodes)))
	d.Uint(t.sum)
	for _, id := range t.Sessions() {
		d.Int(id)
		d.Int(int64(t.sessions[id]))
	}
}

// The version of the encoding of a snapshot.
const snapshotVersion = 1

// Encode returns the state as bytes.
func (t *Tree) Encode() []byte {
	var e jute.Encoder
	e.Int(snapshotVersion)
	e.Long(t.zxid)
	e.Int(int32(len(t.sessions)))
	for _, id := range t.Sessions() {
		e.Long(id)
		e.Int(t.sessions[id])
	}
	e.Int(int32(len(t.nodes)))
	for _, path := range slices.Sorted(maps.Keys(t.nodes)) {
		n := t.nodes[path]
		e.String(path)
		e.Buffer(n.data)
		jute.EncodeACL(&e, n.acl)
		for _, x := range [...]int64{n.czxid, n.mzxid, n.pzxid, n.ctime, n.mtime, n.owner} {
			e.Long(x)
		}
		e.Int(n.version)
		e.Int(n.cversion)
		e.Int(n.aversion)
	}
	return e.Buf
}

// Decode returns the state that Encode encoded.
func Decode(b []byte) (*Tree, error) {
	d := jute.NewDecoder(b)
	t := empty()
	if v := d.Int(); v != snapshotVersion {
		return nil, fmt.Errorf("decode snapshot: version %d, want %d", v, snapshotVersion)
	}
	t.zxid = d.Long()
	for n := d.Int(); n > 0 && d.Err() == nil; n-- {
		t.sessions[d.Long()] = d.Int()
	}
	for n := d.Int(); n > 0 && d.Err() == nil; n-- {
		path := d.String()
		z := &node{data: slices.Clone(d.Buffer()), acl: jute.DecodeACL(d)}
		for _, x := range [...]*int64{&z.czxid, &z.mzxid, &z.pzxid, &z.ctime, &z.mtime, &z.owner} {
			*x = d.Long()
		}
		z.version, z.cversion, z.aversion = d.Int(), d.Int(), d.Int()
		if d.Err() == nil {
			t.put(path, z)
		}
	}
	if err := d.Err(); err != nil {
		return nil, fmt.Errorf("decode snapshot: %w", err)
	}
	for _, path := range slices.Sorted(maps.Keys(t.nodes)) {
		if path == "/" {
			continue
		}
		parent := t.nodes[Parent(path)]
		if parent == nil {
			return nil, fmt.Errorf("decode snapshot: %s has no parent", path)
		}
		parent.link(name(path))
	}
	if t.nodes["/"] == nil {
		return nil, fmt.Errorf("decode snapshot: no root")
	}
	return t, nil
}
