package spec

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"github.com/simctl/simctl/model/history"
)

// A Tree is what one perfect ZooKeeper would hold, as a value: a step makes
// another one. Its numbers are known as far as transactions are; 0 stands for
// one that is not. Nothing is claimed of "/" and of what is below /zookeeper.
type Tree struct {
	nodes []*znode // sorted by path; never changed
	ended []int64  // sessions that are over, sorted
	last  int64    // the greatest zxid so far
}

// znode is one node. It is never changed.
type znode struct {
	path, data          string
	version             int64
	created, children   int64 // children made ever, and there now
	czxid, mzxid, pzxid int64
	owner               int64 // session ID
}

func (n *znode) stat() history.ZStat {
	return history.ZStat{
		Version: n.version, Cversion: 2*n.created - n.children, Czxid: n.czxid, Mzxid: n.mzxid, Pzxid: n.pzxid,
		Owner: n.owner, Children: n.children,
	}
}

// Blind reports whether an operation tells nothing that the tree could
// contradict: it was answered with an error that is none of the tree's, or is a
// sync, or concerns what the tree does not claim.
func Blind(o *history.ZOp) bool {
	if o.Err == "bad-arguments" || o.Err == "error" || len(o.Parts) == 0 || o.Parts[0].Kind == "sync" {
		return true
	}
	return !o.Write() && (o.Err == "" || unclaimed(o.Parts[0].Path))
}

func unclaimed(path string) bool {
	return path == "/" || path == "/zookeeper" || strings.HasPrefix(path, "/zookeeper/")
}

func parentOf(path string) string {
	if i := strings.LastIndexByte(path, '/'); i > 0 {
		return path[:i]
	}
	return "/"
}

func (t *Tree) find(path string) (int, bool) {
	return slices.BinarySearchFunc(t.nodes, path, func(n *znode, p string) int { return strings.Compare(n.path, p) })
}

func (t *Tree) get(path string) *znode {
	if i, ok := t.find(path); ok {
		return t.nodes[i]
	}
	return nil
}

// put replaces or adds a node. The slice must be the caller's own.
func (t *Tree) put(n *znode) {
	if i, ok := t.find(n.path); ok {
		t.nodes[i] = n
	} else {
		t.nodes = slices.Insert(t.nodes, i, n)
	}
}

func (t *Tree) drop(path string) {
	if i, ok := t.find(path); ok {
		t.nodes = slices.Delete(t.nodes, i, i+1)
	}
}

// parent changes the numbers of a path's parent.
func (t *Tree) parent(path string, created, children, zxid int64) {
	if p := t.get(parentOf(path)); p != nil {
		n := *p
		n.created += created
		n.children += children
		n.pzxid = zxid
		t.put(&n)
	}
}

// Do is the tree after an operation that was answered as it says, or why it
// cannot have been. Operations come in the order of their zxids, a read after
// the transaction whose zxid it has.
func (t Tree) Do(o *history.ZOp) (Tree, string) {
	write := o.Write()
	switch {
	case o.Zxid == 0:
	case write && o.Zxid <= t.last, o.Zxid < t.last:
		return t, fmt.Sprintf("zxid %#x comes after %#x", o.Zxid, t.last)
	}
	t.last = max(t.last, o.Zxid)
	if _, over := slices.BinarySearch(t.ended, o.ID); over && write && o.ID != 0 {
		switch {
		case o.Took():
			return t, fmt.Sprintf("session %#x was over", o.ID)
		case o.Err == "":
			return t, "" // it never happened
		}
	}
	if Blind(o) {
		return t, ""
	}
	if !write {
		return t, t.read(&o.Parts[0])
	}
	return t.write(o)
}

// write carries out a write. One without an answer did what it could.
func (t Tree) write(o *history.ZOp) (Tree, string) {
	before := t
	t.nodes = slices.Clone(t.nodes)
	failed, at, why := "", -1, ""
	for i := range o.Parts {
		if failed = t.apply(&o.Parts[i], o.ID, o.Zxid); failed != "" {
			at = i
			break
		}
		if why == "" && o.Err == "ok" {
			why = t.told(&o.Parts[i])
		}
	}
	switch {
	case o.Err == "" && failed != "" && o.Committed:
		return before, fmt.Sprintf("it was committed, but must fail: %s", failed)
	case failed != "" && o.Err != "" && o.Err != failed:
		return before, fmt.Sprintf("it must be answered %s", failed)
	case failed != "":
		before.last = t.last
		if o.Multi && o.Err != "" {
			return before, wrongPart(o, at)
		}
		return before, ""
	case o.Err != "ok" && o.Err != "":
		return before, "it must be answered ok"
	}
	if why != "" {
		return before, why
	}
	return t, ""
}

// wrongPart says whether a failed multi names another culprit than part at.
func wrongPart(o *history.ZOp, at int) string {
	for i := range o.Parts {
		if err := o.Parts[i].Err; err != "" && err != "ok" && err != "rolled-back" && i != at {
			return fmt.Sprintf("its part %d must fail, not %d", at+1, i+1)
		}
	}
	return ""
}

// apply changes the tree, or returns the error.
func (t *Tree) apply(p *history.ZPart, session, zxid int64) string {
	if unclaimed(p.Path) {
		return p.Err
	}
	if p.Kind == "create" {
		return t.create(p, session, zxid)
	}
	n := t.get(p.Path)
	switch {
	case n == nil:
		return "no-node"
	case p.Version >= 0 && p.Version != n.version:
		return "bad-version"
	case p.Kind == "set":
		x := *n
		x.data, x.mzxid = p.Data, zxid
		x.version++
		t.put(&x)
	case p.Kind == "delete" && n.children > 0:
		return "not-empty"
	case p.Kind == "delete":
		t.drop(p.Path)
		t.parent(p.Path, 0, -1, zxid)
	}
	return ""
}

func (t *Tree) create(p *history.ZPart, session, zxid int64) string {
	up := t.get(parentOf(p.Path))
	path := p.Path
	switch {
	case parentOf(p.Path) == "/":
		if p.Sequential {
			path = p.Made
		}
	case up == nil:
		return "no-node"
	case p.Sequential:
		path = fmt.Sprintf("%s%010d", p.Path, up.created)
	}
	switch {
	case path == "":
		return "" // a sequential child of "/" that nobody was told of
	case t.get(path) != nil:
		return "node-exists"
	case up != nil && up.owner != 0:
		return "ephemeral-parent"
	}
	n := &znode{path: path, data: p.Data, czxid: zxid, mzxid: zxid, pzxid: zxid}
	if p.Ephemeral {
		n.owner = session
	}
	t.put(n)
	t.parent(path, 1, 1, zxid)
	return ""
}

// told holds what a successful write was told against the tree after it.
func (t *Tree) told(p *history.ZPart) string {
	switch {
	case unclaimed(p.Path) || p.Kind == "delete" || p.Kind == "check":
		return ""
	case p.Kind == "create" && t.get(p.Made) == nil:
		return fmt.Sprintf("it cannot have made %s", p.Made)
	case !p.HasStat:
		return ""
	}
	path := p.Path
	if p.Kind == "create" {
		path = p.Made
	}
	return t.get(path).differs(p)
}

// read holds the answer of a read against the tree.
func (t *Tree) read(p *history.ZPart) string {
	n := t.get(p.Path)
	switch {
	case n == nil && p.Err != "no-node":
		return "the znode did not exist"
	case n == nil:
		return ""
	case p.Err == "no-node":
		return fmt.Sprintf("the znode existed, made by zxid %#x", n.czxid)
	case p.Kind == "get" && p.Read != n.data:
		return fmt.Sprintf("its datum was %q", n.data)
	case p.Kind == "children":
		if names := t.names(p.Path); names != p.Read {
			return fmt.Sprintf("its children were %q", names)
		}
	}
	if !p.HasStat {
		return ""
	}
	return n.differs(p)
}

func (t *Tree) names(path string) string {
	var names []string
	i, _ := t.find(path + "/")
	for ; i < len(t.nodes) && strings.HasPrefix(t.nodes[i].path, path+"/"); i++ {
		if name := t.nodes[i].path[len(path)+1:]; !strings.Contains(name, "/") {
			names = append(names, name)
		}
	}
	return strings.Join(names, ",")
}

// differs says what an answer tells of a node that is not so. A zxid that is
// not known is whatever was told; so are what the session's ID and the length
// of a long datum are.
func (n *znode) differs(p *history.ZPart) string {
	want, got := n.stat(), p.Stat
	for _, f := range [...]struct {
		name      string
		want, got int64
		free      bool
	}{
		{"version", want.Version, got.Version, false},
		{"cversion", want.Cversion, got.Cversion, false},
		{"children", want.Children, got.Children, false},
		{"czxid", want.Czxid, got.Czxid, want.Czxid == 0},
		{"mzxid", want.Mzxid, got.Mzxid, want.Mzxid == 0},
		{"pzxid", want.Pzxid, got.Pzxid, want.Pzxid == 0},
		{"owner", want.Owner, got.Owner, false},
	} {
		if f.want != f.got && !f.free {
			return fmt.Sprintf("its %s was %d", f.name, f.want)
		}
	}
	return ""
}

// End is the tree after the end of a session, at zxid, or why it cannot have
// ended there.
func (t Tree) End(id, zxid int64) (Tree, string) {
	if zxid != 0 && zxid <= t.last {
		return t, fmt.Sprintf("zxid %#x comes after %#x", zxid, t.last)
	}
	t.last = max(t.last, zxid)
	if i, over := slices.BinarySearch(t.ended, id); !over {
		t.ended = slices.Insert(slices.Clone(t.ended), i, id)
	}
	var gone []string
	for _, n := range t.nodes {
		if n.owner == id {
			gone = append(gone, n.path)
		}
	}
	if len(gone) > 0 {
		t.nodes = slices.Clone(t.nodes)
		for _, path := range gone {
			t.drop(path)
			t.parent(path, 0, -1, zxid)
		}
	}
	return t, ""
}

// Equal reports whether two trees are the same.
func (t *Tree) Equal(u *Tree) bool {
	if t.last != u.last || !slices.Equal(t.ended, u.ended) || len(t.nodes) != len(u.nodes) {
		return false
	}
	for i := range t.nodes {
		if t.nodes[i] != u.nodes[i] && *t.nodes[i] != *u.nodes[i] {
			return false
		}
	}
	return true
}

// Hash gives equal trees equal numbers.
func (t *Tree) Hash() uint64 {
	h := fnv.New64a()
	fmt.Fprint(h, t.last, t.ended)
	for _, n := range t.nodes {
		fmt.Fprint(h, *n)
	}
	return h.Sum64()
}
