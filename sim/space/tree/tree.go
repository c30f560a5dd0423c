// Package tree is the znodes of a coordination service as a value: a write makes
// another tree, which shares what did not change. Results are those of sim/zk,
// with times left out, and a zxid counts what changed anything but a queue of
// candidates: writes that failed, or only checked, share the one before.
package tree

import (
	"fmt"
	"slices"
	"strings"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/host"
)

// znode is one node of the tree. It never changes: a change replaces it.
type znode struct {
	path                string
	data                []byte
	czxid, mzxid, pzxid int64
	version             int32
	made                int32 // children ever created
	owner               int64 // session of an ephemeral, else 0
}

// A Tree is the znodes, sorted by path, as of one zxid. It never changes. Writes
// follow sim/zk's tree; the root is there without a znode of its own parent.
type Tree struct {
	nodes  []*znode
	zxid   int64
	digest uint64
}

// A Change is what a transaction did, for the watches.
type Change struct {
	Type coord.EventType
	Path string
}

// New returns the tree that holds the root only.
func New() *Tree {
	t := &Tree{nodes: []*znode{{path: "/"}}}
	t.finish()
	return t
}

func (t *Tree) at(path string) (int, bool) {
	return slices.BinarySearchFunc(t.nodes, path, func(z *znode, p string) int { return strings.Compare(z.path, p) })
}

func (t *Tree) find(path string) *znode {
	if i, ok := t.at(path); ok {
		return t.nodes[i]
	}
	return nil
}

func (t *Tree) put(z *znode) {
	i, ok := t.at(z.path)
	if ok {
		t.nodes[i] = z
		return
	}
	t.nodes = slices.Insert(t.nodes, i, z)
}

// Parent is the path of a znode's parent.
func Parent(path string) string {
	if i := strings.LastIndexByte(path, '/'); i > 0 {
		return path[:i]
	}
	return "/"
}

// children returns the names of a znode's children, sorted.
func (t *Tree) children(path string) []string {
	var out []string
	for _, z := range t.nodes {
		if z.path != "/" && Parent(z.path) == path {
			out = append(out, z.path[strings.LastIndexByte(z.path, '/')+1:])
		}
	}
	return out
}

func (t *Tree) stat(z *znode) coord.Stat {
	n := int32(len(t.children(z.path)))
	return coord.Stat{
		Czxid: z.czxid, Mzxid: z.mzxid, Pzxid: z.pzxid, Version: z.version, Cversion: 2*z.made - n,
		EphemeralOwner: z.owner, DataLength: int32(len(z.data)), NumChildren: n,
	}
}

// queue is the directory whose changes take no zxid of their own.
const queue = "/leader_election"

// counts reports whether a path's changes have a zxid of their own.
func counts(path string) bool { return !strings.Contains(path, queue) }

// Apply returns the tree after a write, which is whole or nothing, and what it did.
func (t *Tree) Apply(session int64, op *coord.Op) (*Tree, coord.Result, []Change) {
	n := &Tree{nodes: slices.Clone(t.nodes), zxid: t.zxid}
	ops := []coord.Op{*op}
	if op.Kind == coord.Multi {
		ops = op.Ops
	}
	if slices.ContainsFunc(ops, func(o coord.Op) bool { return o.Kind != coord.Check && counts(o.Path) }) {
		n.zxid++
	}
	var did []Change
	results := make([]coord.Result, len(ops))
	for i := range ops {
		results[i] = n.one(session, &ops[i], &did)
		if err := results[i].Err; err != nil {
			if op.Kind != coord.Multi {
				return t, coord.Result{Err: err, Zxid: t.zxid}, nil
			}
			for j := range results {
				results[j] = coord.Result{Err: coord.ErrRolledBack}
			}
			results[i].Err = err
			return t, coord.Result{Err: err, Results: results, Zxid: t.zxid}, nil
		}
	}
	n.finish()
	if op.Kind != coord.Multi {
		results[0].Zxid = n.zxid
		return n, results[0], did
	}
	return n, coord.Result{Results: results, Zxid: n.zxid}, did
}

func (t *Tree) one(session int64, op *coord.Op, did *[]Change) coord.Result {
	if op.Kind == coord.Create {
		return t.create(session, op, did)
	}
	z := t.find(op.Path)
	switch {
	case z == nil:
		return coord.Result{Err: coord.ErrNoNode}
	case op.Version != coord.AnyVersion && op.Version != z.version:
		return coord.Result{Err: coord.ErrBadVersion}
	}
	switch op.Kind {
	case coord.Delete:
		if len(t.children(op.Path)) > 0 {
			return coord.Result{Err: coord.ErrNotEmpty}
		}
		t.remove(op.Path, did)
	case coord.Set:
		c := *z
		c.data, c.mzxid = op.Data, t.zxid
		c.version++
		t.put(&c)
		*did = append(*did, Change{coord.DataChanged, op.Path})
		return coord.Result{Stat: t.stat(&c)}
	}
	return coord.Result{}
}

func (t *Tree) create(session int64, op *coord.Op, did *[]Change) coord.Result {
	path := op.Path
	up := t.find(Parent(path))
	if up == nil {
		return coord.Result{Err: coord.ErrNoNode}
	}
	if op.Mode == coord.PersistentSequential || op.Mode == coord.EphemeralSequential {
		path = fmt.Sprintf("%s%010d", path, up.made)
	}
	switch {
	case t.find(path) != nil:
		return coord.Result{Err: coord.ErrNodeExists}
	case up.owner != 0:
		return coord.Result{Err: coord.ErrNoChildrenForEphemerals}
	}
	z := &znode{path: path, data: op.Data, czxid: t.zxid, mzxid: t.zxid, pzxid: t.zxid}
	if op.Mode == coord.Ephemeral || op.Mode == coord.EphemeralSequential {
		z.owner = session
	}
	c := *up
	c.made++
	c.pzxid = t.zxid
	t.put(&c)
	t.put(z)
	*did = append(*did, Change{coord.Created, path})
	return coord.Result{Path: path, Stat: t.stat(z)}
}

func (t *Tree) remove(path string, did *[]Change) {
	i, _ := t.at(path)
	t.nodes = slices.Delete(t.nodes, i, i+1)
	up := *t.find(Parent(path))
	up.pzxid = t.zxid
	t.put(&up)
	*did = append(*did, Change{coord.Deleted, path})
}

// EndSession returns the tree without a session's ephemerals.
func (t *Tree) EndSession(session int64) (*Tree, []Change) {
	n := &Tree{nodes: slices.Clone(t.nodes), zxid: t.zxid}
	var did []Change
	for _, z := range t.nodes {
		if z.owner == session {
			if counts(z.path) && len(did) == 0 {
				n.zxid++
			}
			n.remove(z.path, &did)
		}
	}
	n.finish()
	return n, did
}

// Read answers a read.
func (t *Tree) Read(op *coord.Op) coord.Result {
	r := coord.Result{Zxid: t.zxid}
	if op.Kind == coord.Sync {
		r.Path = op.Path
		return r
	}
	z := t.find(op.Path)
	if z == nil {
		r.Err = coord.ErrNoNode
		return r
	}
	r.Stat = t.stat(z)
	switch op.Kind {
	case coord.Get:
		r.Data = z.data
	case coord.Children:
		r.Children = t.children(op.Path)
	}
	return r
}

// finish makes the digest.
func (t *Tree) finish() {
	var d host.Digest
	d.Int(t.zxid)
	d.Uint(uint64(len(t.nodes)))
	for _, z := range t.nodes {
		d.Str(z.path)
		d.Bytes(z.data)
		for _, x := range [...]int64{z.czxid, z.mzxid, z.pzxid, int64(z.version), int64(z.made), z.owner} {
			d.Int(x)
		}
	}
	t.digest = d.Sum()
}

// Sum is a digest of all that can be read of it.
func (t *Tree) Sum() uint64 { return t.digest }

// String lists the znodes, a line each.
func (t *Tree) String() string {
	var b strings.Builder
	for _, z := range t.nodes {
		fmt.Fprintf(&b, "%s version %d", z.path, z.version)
		if z.owner != 0 {
			fmt.Fprintf(&b, ", of session %#x", z.owner)
		}
		b.WriteByte('\n')
	}
	return b.String()
}
