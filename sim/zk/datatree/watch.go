package datatree

import (
	"maps"
	"slices"
	"strings"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/zk/jute"
)

// A mode is how long a watch lives and how far it looks.
type mode uint8

const (
	once mode = iota
	persistent
	recursive
)

// A watch is one connection's interest in one path.
type watch struct {
	conn host.ConnID
	mode mode
}

// table is one kind of watches, by path. A connection has one watch a path,
// and the mode of the last that it asked for, as in ZooKeeper 3.8.
type table struct {
	byPath    map[string][]watch // sorted by connection
	byConn    map[host.ConnID]map[string]bool
	recursive int // how many are
}

func newTable() table {
	return table{byPath: map[string][]watch{}, byConn: map[host.ConnID]map[string]bool{}}
}

func (t *table) find(path string, conn host.ConnID) (int, bool) {
	return slices.BinarySearchFunc(t.byPath[path], conn, func(w watch, c host.ConnID) int {
		if w.conn < c {
			return -1
		} else if w.conn > c {
			return 1
		}
		return 0
	})
}

func (t *table) add(path string, conn host.ConnID, m mode) {
	t.remove(path, conn)
	at, _ := t.find(path, conn)
	t.byPath[path] = slices.Insert(t.byPath[path], at, watch{conn, m})
	of := t.byConn[conn]
	if of == nil {
		of = map[string]bool{}
		t.byConn[conn] = of
	}
	of[path] = true
	if m == recursive {
		t.recursive++
	}
}

func (t *table) remove(path string, conn host.ConnID) bool {
	at, ok := t.find(path, conn)
	if !ok {
		return false
	}
	ws := t.byPath[path]
	if ws[at].mode == recursive {
		t.recursive--
	}
	if len(ws) == 1 {
		delete(t.byPath, path)
	} else {
		t.byPath[path] = slices.Delete(ws, at, at+1)
	}
	of := t.byConn[conn]
	delete(of, path)
	if len(of) == 0 {
		delete(t.byConn, conn)
	}
	return true
}

// fire returns the connections to be told of an event, sorted, and removes
// those of their watches that fire once.
func (t *table) fire(typ int32, path string, but []host.ConnID) []host.ConnID {
	var told []host.ConnID
	for _, w := range slices.Clone(t.byPath[path]) {
		if w.mode == recursive && typ == jute.EventChildrenChanged {
			continue
		}
		if w.mode == once {
			t.remove(path, w.conn)
		}
		told = append(told, w.conn)
	}
	for at := path; t.recursive > 0 && at != "/" && typ != jute.EventChildrenChanged; {
		at = Parent(at)
		for _, w := range t.byPath[at] {
			if w.mode == recursive {
				told = append(told, w.conn)
			}
		}
	}
	slices.Sort(told)
	told = slices.Compact(told)
	return slices.DeleteFunc(told, func(c host.ConnID) bool { return slices.Contains(but, c) })
}

func (t *table) drop(conn host.ConnID) {
	for _, path := range slices.Sorted(maps.Keys(t.byConn[conn])) {
		t.remove(path, conn)
	}
}

func (t *table) clone() table {
	c := newTable()
	c.recursive = t.recursive
	for _, path := range slices.Sorted(maps.Keys(t.byPath)) {
		c.byPath[path] = slices.Clone(t.byPath[path])
	}
	for _, conn := range slices.Sorted(maps.Keys(t.byConn)) {
		c.byConn[conn] = maps.Clone(t.byConn[conn])
	}
	return c
}

func (t *table) digest(d *host.Digest) {
	for _, path := range slices.Sorted(maps.Keys(t.byPath)) {
		d.Str(path)
		for _, w := range t.byPath[path] {
			d.Uint(uint64(w.conn)<<2 | uint64(w.mode))
		}
	}
	d.Uint(uint64(len(t.byPath)))
}

// Watches are those of one server's connections.
type Watches struct{ data, child table }

// NewWatches returns no watches.
func NewWatches() *Watches { return &Watches{newTable(), newTable()} }

// A Notice says that a connection is to be told of something about a znode, if
// its client may read what has the ACL.
type Notice struct {
	Conn host.ConnID
	Type int32 // one of jute.Event...
	Path string
	ACL  []jute.ACL
}

// Data arms a watch of exists or getData.
func (w *Watches) Data(path string, c host.ConnID) { w.data.add(path, c, once) }

// Child arms a watch of getChildren.
func (w *Watches) Child(path string, c host.ConnID) { w.child.add(path, c, once) }

// Persist arms a watch that stays, for path or for all below it too.
func (w *Watches) Persist(path string, c host.ConnID, below bool) {
	m := persistent
	if below {
		m = recursive
	}
	w.data.add(path, c, m)
	w.child.add(path, c, m)
}

// Has reports whether there is a watch of a kind (WatcherChildren,
// WatcherData, WatcherAny) of a path: of any connection, as in ZooKeeper 3.8.
// It fails as there if it would have to look for the parents of what is no
// path: where there is no slash, even if there is a watch.
func (w *Watches) Has(path string, kind int32) jute.Code {
	isPath := path == "" || path[0] == '/'
	code := jute.NoWatcher
	for _, t := range []struct {
		*table
		not int32
	}{{&w.child, jute.WatcherData}, {&w.data, jute.WatcherChildren}} {
		if kind == t.not {
			continue
		}
		armed := len(t.byPath[path]) > 0 && path != ""
		if t.recursive > 0 && !isPath && !(armed && strings.Contains(path, "/")) {
			return jute.MarshallingError
		}
		if armed {
			code = jute.OK
		}
	}
	return code
}

// Remove disarms a connection's watches of a kind, and reports whether there
// were any.
func (w *Watches) Remove(path string, c host.ConnID, kind int32) bool {
	data := kind != jute.WatcherChildren && w.data.remove(path, c)
	child := kind != jute.WatcherData && w.child.remove(path, c)
	return data || child
}

// Drop forgets a connection.
func (w *Watches) Drop(c host.ConnID) { w.data.drop(c); w.child.drop(c) }

// Fire returns who is to be told of an event, and of what, in order.
func (w *Watches) Fire(e Event) []Notice {
	var out []Notice
	tell := func(to []host.ConnID, typ int32, path string, acl []jute.ACL) {
		for _, c := range to {
			out = append(out, Notice{c, typ, path, acl})
		}
	}
	told := w.data.fire(e.Type, e.Path, nil)
	tell(told, e.Type, e.Path, e.ACL)
	if e.Type == jute.EventDataChanged {
		return out
	}
	if e.Type == jute.EventDeleted {
		tell(w.child.fire(e.Type, e.Path, told), e.Type, e.Path, e.ACL)
	}
	up := Parent(e.Path)
	tell(w.child.fire(jute.EventChildrenChanged, up, nil), jute.EventChildrenChanged, up, e.Above)
	return out
}

// Count returns how many connections watch how many paths, and how many
// watches there are.
func (w *Watches) Count() (conns, paths, all int) {
	for _, t := range []*table{&w.data, &w.child} {
		conns = max(conns, len(t.byConn))
		paths += len(t.byPath)
		for _, path := range slices.Sorted(maps.Keys(t.byPath)) {
			all += len(t.byPath[path])
		}
	}
	return conns, paths, all
}

// Of returns the paths that a connection watches, sorted, one watched in two
// ways twice.
func (w *Watches) Of(c host.ConnID) []string {
	return append(sortedPaths(w.data.byConn[c]), sortedPaths(w.child.byConn[c])...)
}

// Clone returns a deep copy.
func (w *Watches) Clone() *Watches { return &Watches{w.data.clone(), w.child.clone()} }

// Digest writes the watches into d.
func (w *Watches) Digest(d *host.Digest) { w.data.digest(d); w.child.digest(d) }

// sortedPaths returns the keys of a set, sorted.
func sortedPaths(set map[string]bool) []string { return slices.Sorted(maps.Keys(set)) }
