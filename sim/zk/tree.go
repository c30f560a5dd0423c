package zk

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/host"
)

// znode is one node of the tree. Its cversion counts creations of children
// only; what users see is derived from it: see stat.
type znode struct {
	data                []byte
	czxid, mzxid, pzxid int64
	ctime, mtime        int64 // milliseconds since 1970
	version, cversion   int32
	aversion            int32
	owner               int64    // session of an ephemeral, else 0
	kids                []string // names, sorted
}

// stat is the znode's metadata as users see it. Users are told of creations
// and deletions of children together, which is 2 x creations - children.
func (z *znode) stat() coord.Stat {
	n := int32(len(z.kids))
	return coord.Stat{
		Czxid: z.czxid, Mzxid: z.mzxid, Pzxid: z.pzxid, Ctime: z.ctime, Mtime: z.mtime,
		Version: z.version, Cversion: 2*z.cversion - n, Aversion: z.aversion,
		EphemeralOwner: z.owner, DataLength: int32(len(z.data)), NumChildren: n,
	}
}

// change is one thing that a transaction did, for the watches.
type change struct {
	typ  coord.EventType // Created, Deleted or DataChanged
	path string
}

// undo takes one operation of a failed multi back.
type undo struct {
	path    string
	was     *znode // nil: the operation created it
	set     bool   // it set was; else it created or deleted path
	data    []byte // of was
	zxid    int64  // mzxid of was, or pzxid of the parent
	mtime   int64  // of was
	version int32  // of was, or cversion of the parent
}

// tree is the znodes. A transaction is applied whole or not at all.
type tree struct {
	nodes   map[string]*znode
	changes []change // of the transaction that was applied last
	journal []undo
	results []coord.Result // of the multi that was applied last
}

// newTree returns the tree of a new ensemble, with the znodes that ZooKeeper
// makes for itself.
func newTree() *tree {
	t := &tree{nodes: map[string]*znode{
		"/":                 {kids: []string{"zookeeper"}},
		"/zookeeper":        {kids: []string{"config", "quota"}},
		"/zookeeper/config": {aversion: -1},
		"/zookeeper/quota":  {},
	}}
	return t
}

// validPath is the check that clients make before they send: an absolute path
// without empty, "." or ".." parts. Only a sequential create may end in "/".
func validPath(path string, sequential bool) bool {
	if path == "/" {
		return true
	}
	if sequential {
		path = strings.TrimSuffix(path, "/")
	}
	if !strings.HasPrefix(path, "/") || strings.IndexByte(path, 0) >= 0 {
		return false
	}
	for part := range strings.SplitSeq(path[1:], "/") {
		if part == "" || part == "." || part == ".." {
			return false
		}
	}
	return true
}

// split returns the parent and the name of a path.
func split(path string) (parent, name string) {
	i := strings.LastIndexByte(path, '/')
	if i == 0 {
		return "/", path[1:]
	}
	return path[:i], path[i+1:]
}

// txn says who writes, and when.
type txn struct {
	zxid    int64
	now     int64 // milliseconds since 1970
	session int64
}

// write applies a write as one transaction, and leaves what it did in changes.
// The results of a multi's operations are valid until the next write.
func (t *tree) write(x txn, op *coord.Op) coord.Result {
	t.changes, t.journal = t.changes[:0], t.journal[:0]
	if op.Kind != coord.Multi {
		r := t.one(x, op)
		r.Zxid = x.zxid
		return r
	}
	r := coord.Result{Zxid: x.zxid, Results: slices.Grow(t.results[:0], len(op.Ops))[:len(op.Ops)]}
	t.results = r.Results
	for i := range op.Ops {
		r.Results[i] = t.one(x, &op.Ops[i])
		if err := r.Results[i].Err; err != nil {
			t.rollBack()
			for j := range r.Results { // also those that were not tried
				r.Results[j] = coord.Result{Err: coord.ErrRolledBack}
			}
			r.Results[i].Err, r.Err = err, err
			return r
		}
	}
	return r
}

func (t *tree) one(x txn, op *coord.Op) coord.Result {
	switch op.Kind {
	case coord.Create:
		return t.create(x, op)
	case coord.Delete:
		return t.delete(x, op.Path, op.Version)
	case coord.Set:
		return t.set(x, op)
	case coord.Check:
		return t.check(op)
	default:
		return coord.Result{Err: coord.ErrBadArguments}
	}
}

func (t *tree) create(x txn, op *coord.Op) coord.Result {
	sequential := op.Mode == coord.PersistentSequential || op.Mode == coord.EphemeralSequential
	if op.Mode > coord.Container || !strings.HasPrefix(op.Path, "/") {
		return coord.Result{Err: coord.ErrBadArguments}
	}
	path := op.Path
	parentPath, _ := split(path)
	parent := t.nodes[parentPath]
	if parent == nil {
		return coord.Result{Err: coord.ErrNoNode}
	}
	if sequential {
		path = fmt.Sprintf("%s%010d", path, parent.cversion)
	}
	if !validPath(path, false) {
		return coord.Result{Err: coord.ErrBadArguments}
	}
	if t.nodes[path] != nil {
		return coord.Result{Err: coord.ErrNodeExists}
	}
	if parent.owner != 0 {
		return coord.Result{Err: coord.ErrNoChildrenForEphemerals}
	}
	z := &znode{data: op.Data, czxid: x.zxid, mzxid: x.zxid, pzxid: x.zxid, ctime: x.now, mtime: x.now}
	if op.Mode == coord.Ephemeral || op.Mode == coord.EphemeralSequential {
		z.owner = x.session
	}
	t.journal = append(t.journal, undo{path: path, zxid: parent.pzxid, version: parent.cversion})
	parent.cversion++
	parent.pzxid = x.zxid
	t.link(path, z)
	t.changes = append(t.changes, change{coord.Created, path})
	return coord.Result{Path: path, Stat: z.stat()}
}

func (t *tree) delete(x txn, path string, version int32) coord.Result {
	if path == "/" || path == "/zookeeper" {
		return coord.Result{Err: coord.ErrBadArguments}
	}
	z := t.nodes[path]
	switch {
	case z == nil:
		return coord.Result{Err: coord.ErrNoNode}
	case version != coord.AnyVersion && version != z.version:
		return coord.Result{Err: coord.ErrBadVersion}
	case len(z.kids) > 0:
		return coord.Result{Err: coord.ErrNotEmpty}
	}
	parentPath, _ := split(path)
	parent := t.nodes[parentPath]
	t.journal = append(t.journal, undo{path: path, was: z, zxid: parent.pzxid, version: parent.cversion})
	parent.pzxid = x.zxid
	t.unlink(path)
	t.changes = append(t.changes, change{coord.Deleted, path})
	return coord.Result{}
}

func (t *tree) set(x txn, op *coord.Op) coord.Result {
	z := t.nodes[op.Path]
	switch {
	case z == nil:
		return coord.Result{Err: coord.ErrNoNode}
	case op.Version != coord.AnyVersion && op.Version != z.version:
		return coord.Result{Err: coord.ErrBadVersion}
	}
	t.journal = append(t.journal, undo{was: z, set: true, data: z.data, zxid: z.mzxid, mtime: z.mtime, version: z.version})
	z.data, z.mzxid, z.mtime = op.Data, x.zxid, x.now
	z.version++
	t.changes = append(t.changes, change{coord.DataChanged, op.Path})
	return coord.Result{Stat: z.stat()}
}

func (t *tree) check(op *coord.Op) coord.Result {
	z := t.nodes[op.Path]
	switch {
	case z == nil:
		return coord.Result{Err: coord.ErrNoNode}
	case op.Version != coord.AnyVersion && op.Version != z.version:
		return coord.Result{Err: coord.ErrBadVersion}
	}
	return coord.Result{}
}

// closeSession deletes every ephemeral of a session, in the order of paths.
// (ZooKeeper 3.8 deletes them in the order of a hash table.)
func (t *tree) closeSession(x txn, id int64) {
	t.changes, t.journal = t.changes[:0], t.journal[:0]
	for _, path := range t.ephemerals(id) {
		t.delete(x, path, coord.AnyVersion)
	}
}

func (t *tree) ephemerals(id int64) []string {
	var paths []string
	for _, path := range slices.Sorted(maps.Keys(t.nodes)) {
		if t.nodes[path].owner == id {
			paths = append(paths, path)
		}
	}
	return paths
}

// rollBack takes back what the operations of a failed multi did. No sequence
// number is spent; the zxid is.
func (t *tree) rollBack() {
	for i := len(t.journal) - 1; i >= 0; i-- {
		u := &t.journal[i]
		if u.set {
			z := u.was
			z.data, z.mzxid, z.mtime, z.version = u.data, u.zxid, u.mtime, u.version
			continue
		}
		if u.was == nil {
			t.unlink(u.path)
		} else {
			t.link(u.path, u.was)
		}
		parent, _ := split(u.path)
		p := t.nodes[parent]
		p.pzxid, p.cversion = u.zxid, u.version
	}
	t.changes, t.journal = t.changes[:0], t.journal[:0]
}

func (t *tree) link(path string, z *znode) {
	parent, name := split(path)
	p := t.nodes[parent]
	at, _ := slices.BinarySearch(p.kids, name)
	p.kids = slices.Insert(p.kids, at, name)
	t.nodes[path] = z
}

func (t *tree) unlink(path string) {
	parent, name := split(path)
	p := t.nodes[parent]
	if at, ok := slices.BinarySearch(p.kids, name); ok {
		p.kids = slices.Delete(p.kids, at, at+1)
	}
	delete(t.nodes, path)
}

// read answers a read. The zxid is the service's last.
func (t *tree) read(zxid int64, op *coord.Op) coord.Result {
	r := coord.Result{Zxid: zxid}
	if op.Kind == coord.Sync {
		r.Path = op.Path
		return r
	}
	z := t.nodes[op.Path]
	if z == nil {
		r.Err = coord.ErrNoNode
		return r
	}
	r.Stat = z.stat()
	switch op.Kind {
	case coord.Get:
		r.Data = z.data
	case coord.Children:
		r.Children = slices.Clone(z.kids)
	}
	return r
}

// digest writes every znode, in the order of paths.
func (t *tree) digest(d *host.Digest) {
	d.Uint(uint64(len(t.nodes)))
	for _, path := range slices.Sorted(maps.Keys(t.nodes)) {
		z := t.nodes[path]
		d.Str(path)
		d.Bytes(z.data)
		for _, x := range [...]int64{
			z.czxid, z.mzxid, z.pzxid, z.ctime, z.mtime, int64(z.version), int64(z.cversion), int64(z.aversion), z.owner,
		} {
			d.Int(x)
		}
	}
}
