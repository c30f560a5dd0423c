package zk

import (
	"strings"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/sim/zk/proto"
)

// Watches belong to a connection, as in ZooKeeper: they end with it, and the
// client sets them again on its next one. Watches for data and for existence
// share a table; several of one kind on one path are one.

// table is the paths that one connection watches, in one way.
type table map[string]struct{}

// take reports whether the path is watched, and ends the watch.
func (t table) take(path string) bool {
	if _, ok := t[path]; !ok {
		return false
	}
	delete(t, path)
	return true
}

// fire tells every connection what the last transaction did that it watches,
// in the order of its operations.
func (s *Service) fire() {
	for _, c := range s.tree.changes {
		for _, sv := range s.servers {
			for _, cn := range sv.conns {
				cn.changed(c)
			}
		}
	}
}

// changed sends the events of one change. A deleted znode's data watch and
// child watch on one connection are one event.
func (c *conn) changed(x change) {
	if len(c.data) == 0 && len(c.kids) == 0 {
		return
	}
	hit := c.data.take(x.path)
	if x.typ == coord.Deleted {
		hit = c.kids.take(x.path) || hit
	}
	if hit {
		c.event(proto.WatchEvent{Type: x.typ, Path: x.path})
	}
	if x.typ == coord.DataChanged || len(c.kids) == 0 {
		return
	}
	parent := "/"
	if i := strings.LastIndexByte(x.path, '/'); i > 0 {
		parent = x.path[:i]
	}
	if c.kids.take(parent) {
		c.event(proto.WatchEvent{Type: coord.ChildrenChanged, Path: parent})
	}
}

// event sends a watch event, or keeps it while its server does not hear of
// transactions.
func (c *conn) event(m proto.WatchEvent) {
	if c.sv.s.touches(c.sv) {
		c.catchUp()
		c.send(m)
		return
	}
	c.late = append(c.late, m)
}

// catchUp sends the events that were kept: before anything that shows what
// they announce.
func (c *conn) catchUp() {
	for _, m := range c.late {
		c.send(m)
	}
	c.late = nil
}

// watch leaves the watch of a read. On a missing znode only Exists leaves one.
func (c *conn) watch(op *coord.Op, err error) {
	switch op.Kind {
	case coord.Exists:
		c.data.add(op.Path)
	case coord.Get:
		if err == nil {
			c.data.add(op.Path)
		}
	case coord.Children:
		if err == nil {
			c.kids.add(op.Path)
		}
	default:
	}
}

func (t table) add(path string) { t[path] = struct{}{} }

// setWatches arms a session's watches on its new connection, or fires them for
// what has changed after the zxid that the client knows of. A znode that was
// created and deleted meanwhile is not noticed.
func (c *conn) setWatches(m *proto.SetWatches) {
	nodes := c.sv.s.tree.nodes
	for _, path := range m.Data {
		switch z := nodes[path]; {
		case z == nil:
			c.send(proto.WatchEvent{Type: coord.Deleted, Path: path})
		case z.mzxid > m.Zxid:
			c.send(proto.WatchEvent{Type: coord.DataChanged, Path: path})
		default:
			c.data.add(path)
		}
	}
	for _, path := range m.Exist {
		if nodes[path] != nil {
			c.send(proto.WatchEvent{Type: coord.Created, Path: path})
		} else {
			c.data.add(path)
		}
	}
	for _, path := range m.Kids {
		switch z := nodes[path]; {
		case z == nil:
			c.send(proto.WatchEvent{Type: coord.Deleted, Path: path})
		case z.pzxid > m.Zxid:
			c.send(proto.WatchEvent{Type: coord.ChildrenChanged, Path: path})
		default:
			c.kids.add(path)
		}
	}
}
