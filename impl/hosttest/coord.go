package hosttest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/host"
)

// A Coord is a coordination service for tests, moved by hand like [Host]: what
// machines ask waits until Settle. It has one tree, and knows neither latency
// nor clocks; sessions break, return and expire when the test says so.
type Coord struct {
	zxid     int64
	session  int64
	tree     map[string]*znode
	machines []*Machine
}

type znode struct {
	data  []byte
	stat  coord.Stat
	names int64 // children created so far
	watch []watch
}

type watch struct {
	m        *Machine
	session  coord.Session
	children bool
	fire     host.Call
}

// NewCoord returns a service with an empty tree.
func NewCoord() *Coord { return &Coord{tree: map[string]*znode{"/": {}}} }

// A Machine is a [Host] that reaches a [Coord].
type Machine struct {
	*Host
	svc      *Coord
	sessions []*session
	ops      []op
	// Stalled: nothing that this machine asks is carried out or answered.
	Stalled bool
	absent  map[string][]watch // exists-watches on what is not there
}

type session struct {
	id      int64
	state   coord.State
	changed host.Call
	name    string
	dead    bool // at the service; the machine may not know
}

type op struct {
	session coord.Session
	op      coord.Op
	done    host.Call
	watch   host.Call
	applied *coord.Result // carried out, the answer is under way
	state   coord.State   // instead of an operation: the session's new state
}

// Machine returns a new machine that reaches the service.
func (c *Coord) Machine(id host.ProcessID, inc uint32) *Machine {
	m := &Machine{Host: New(id, inc), svc: c, absent: map[string][]watch{}}
	c.machines = append(c.machines, m)
	return m
}

// Start starts p on the machine.
func (m *Machine) Start(p host.Process) {
	m.p = p
	p.Start(m)
}

// Settle carries out and answers everything that waits, in order, until
// nothing does.
func (c *Coord) Settle() {
	for busy := true; busy; {
		busy = false
		for _, m := range c.machines {
			if !m.Stalled && len(m.ops) > 0 && !m.gone {
				busy = true
				m.next()
			}
			busy = m.Answer() || busy
		}
	}
}

// Step carries out or answers at most n things that wait at m, stalled or not.
func (m *Machine) Step(n int) {
	for ; n > 0 && len(m.ops) > 0 && !m.gone; n-- {
		m.next()
	}
}

// Find returns the first znode whose path contains part, or "".
func (c *Coord) Find(part string) string {
	for _, p := range c.sorted() {
		if strings.Contains(p, part) {
			return p
		}
	}
	return ""
}

func (m *Machine) next() {
	o := m.ops[0]
	m.ops = m.ops[1:]
	s := m.sessions[o.session-1]
	switch {
	case o.state != 0:
		s.state = o.state
		s.changed.Run(m.p, &coord.StateChange{Session: o.session, State: o.state, ID: s.id})
	case o.applied != nil:
		o.done.Run(m.p, o.applied)
	case s.state == coord.Connected && s.dead:
		o.done.Run(m.p, &coord.Result{Err: coord.ErrExpired})
	case s.state == coord.Connected:
		r := m.svc.apply(m, o)
		o.done.Run(m.p, &r)
	default:
		o.done.Run(m.p, &coord.Result{Err: lost(s.state)})
	}
}

func lost(s coord.State) error {
	switch s {
	case coord.Expired:
		return coord.ErrExpired
	case coord.Closed:
		return coord.ErrClosed
	}
	return coord.ErrConnectionLoss
}

// Cut breaks the connections of m's sessions. What is in flight is carried out
// if applied says so, and answered with a connection loss in either case.
func (m *Machine) Cut(applied bool) {
	old := m.ops
	m.ops = nil
	for i := range m.sessions {
		m.tell(coord.Session(i+1), coord.Disconnected, coord.Connected)
	}
	for _, o := range old {
		if o.state == 0 && o.applied == nil {
			if s := m.sessions[o.session-1]; applied && s.state == coord.Connected && !s.dead {
				m.svc.apply(m, o)
			}
			o.applied = &coord.Result{Err: coord.ErrConnectionLoss}
		}
		m.ops = append(m.ops, o)
	}
}

// Heal connects m's sessions again.
func (m *Machine) Heal() {
	for i := range m.sessions {
		m.tell(coord.Session(i+1), coord.Connected, coord.Disconnected)
	}
}

func (m *Machine) tell(s coord.Session, to, from coord.State) {
	if m.sessions[s-1].state == from && !m.sessions[s-1].dead {
		m.ops = append(m.ops, op{session: s, state: to})
	}
}

// Expire ends m's sessions of one name at the service; m is told when it is
// not stalled.
func (m *Machine) Expire(name string) {
	for i, s := range m.sessions {
		if s.name == name && !s.dead && s.state != coord.Closed {
			s.dead = true
			m.svc.end(s.id)
			m.ops = slices.DeleteFunc(m.ops, func(o op) bool { return o.session == coord.Session(i+1) && o.state != 0 })
			m.ops = append(m.ops, op{session: coord.Session(i + 1), state: coord.Expired})
		}
	}
}

// OpenSession implements [coord.Client].
func (m *Machine) OpenSession(o coord.Options, changed host.Call) coord.Session {
	m.svc.session++
	m.sessions = append(m.sessions, &session{id: m.svc.session, state: coord.Connecting, changed: changed, name: o.Name})
	s := coord.Session(len(m.sessions))
	m.ops = append(m.ops, op{session: s, state: coord.Connected})
	return s
}

// CloseSession implements [coord.Client].
func (m *Machine) CloseSession(s coord.Session) {
	m.svc.end(m.sessions[s-1].id)
	m.ops = append(m.ops, op{session: s, state: coord.Closed})
	m.say("close session %s", m.sessions[s-1].name)
}

// DropSession implements [coord.Client].
func (m *Machine) DropSession(s coord.Session) { m.sessions[s-1].state = coord.Closed }

// Do implements [coord.Client].
func (m *Machine) Do(s coord.Session, o coord.Op, done, watch host.Call) {
	m.ops = append(m.ops, op{session: s, op: o, done: done, watch: watch})
}

// Delete removes a znode, as a third party would.
func (c *Coord) Delete(path string) {
	c.zxid++
	c.remove(path)
}

// Paths lists the znodes, sorted, ephemerals with their session.
func (c *Coord) Paths() []string {
	var out []string
	for p, n := range c.tree {
		if n.stat.EphemeralOwner != 0 {
			p += fmt.Sprintf(" (session %d)", n.stat.EphemeralOwner)
		}
		out = append(out, p)
	}
	slices.Sort(out)
	return out
}

func (c *Coord) end(id int64) {
	c.zxid++
	for _, p := range c.sorted() {
		if n := c.tree[p]; n != nil && n.stat.EphemeralOwner == id {
			c.remove(p)
		}
	}
}

func (c *Coord) sorted() []string {
	paths := make([]string, 0, len(c.tree))
	for p := range c.tree {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	return paths
}

func (c *Coord) fire(ws []watch, t coord.EventType, path string, children bool) []watch {
	var kept []watch
	for _, w := range ws {
		if w.children != children || w.m.gone {
			kept = append(kept, w)
			continue
		}
		if s := w.m.sessions[w.session-1].state; s != coord.Expired && s != coord.Closed {
			w.fire.Run(w.m.p, &coord.Event{Type: t, Path: path})
		}
	}
	return kept
}

func parent(path string) string {
	if i := strings.LastIndexByte(path, '/'); i > 0 {
		return path[:i]
	}
	return "/"
}

func (c *Coord) remove(path string) {
	n := c.tree[path]
	delete(c.tree, path)
	if n == nil {
		return
	}
	c.fire(c.fire(n.watch, coord.Deleted, path, false), coord.Deleted, path, true)
	if p := c.tree[parent(path)]; p != nil {
		p.watch = c.fire(p.watch, coord.ChildrenChanged, parent(path), true)
	}
}

func (c *Coord) apply(m *Machine, o op) coord.Result {
	ops := []coord.Op{o.op}
	if o.op.Kind == coord.Multi {
		ops = o.op.Ops
	}
	write := slices.ContainsFunc(ops, func(p coord.Op) bool {
		return p.Kind == coord.Create || p.Kind == coord.Delete || p.Kind == coord.Set || p.Kind == coord.Check
	})
	if write {
		c.zxid++
	}
	results := make([]coord.Result, len(ops))
	failing := -1
	gone := map[string]bool{}
	for i := range ops {
		if results[i].Err = c.allowed(ops[i], gone); results[i].Err != nil && failing < 0 {
			failing = i
		}
		gone[ops[i].Path] = ops[i].Kind == coord.Delete
	}
	if failing >= 0 {
		for i := failing + 1; i < len(ops); i++ {
			results[i].Err = coord.ErrRolledBack
		}
		if ops[0].Kind == coord.Exists && o.watch.Name() != "" {
			m.absent[ops[0].Path] = append(m.absent[ops[0].Path], watch{m, o.session, false, o.watch})
		}
		return coord.Result{Err: results[failing].Err, Results: results, Zxid: c.zxid}
	}
	for i := range ops {
		results[i] = c.perform(m, o, ops[i])
	}
	if o.op.Kind != coord.Multi {
		return results[0]
	}
	return coord.Result{Results: results, Zxid: c.zxid}
}

func (c *Coord) allowed(o coord.Op, gone map[string]bool) error {
	n := c.tree[o.Path]
	if o.Kind == coord.Sync {
		return nil
	}
	if o.Kind == coord.Create {
		switch {
		case c.tree[parent(o.Path)] == nil:
			return coord.ErrNoNode
		case n != nil && !gone[o.Path] && !sequential(o.Mode):
			return coord.ErrNodeExists
		}
		return nil
	}
	_, written := gone[o.Path]
	switch {
	case n == nil && !written:
		return coord.ErrNoNode
	case n != nil && o.Version != coord.AnyVersion && o.Version != n.stat.Version && (o.Kind == coord.Set || o.Kind == coord.Delete || o.Kind == coord.Check):
		return coord.ErrBadVersion
	}
	return nil
}

func (c *Coord) perform(m *Machine, o op, p coord.Op) coord.Result {
	r := coord.Result{Zxid: c.zxid, Path: p.Path}
	n := c.tree[p.Path]
	switch p.Kind {
	case coord.Create:
		up := c.tree[parent(p.Path)]
		if sequential(p.Mode) {
			r.Path = fmt.Sprintf("%s%010d", p.Path, up.names)
		}
		up.names++
		n = &znode{data: p.Data, stat: coord.Stat{Czxid: c.zxid, Mzxid: c.zxid}}
		if p.Mode&coord.Ephemeral != 0 {
			n.stat.EphemeralOwner = m.sessions[o.session-1].id
		}
		c.tree[r.Path] = n
		up.watch = c.fire(up.watch, coord.ChildrenChanged, parent(p.Path), true)
		for _, other := range c.machines {
			other.absent[r.Path] = c.fire(other.absent[r.Path], coord.Created, r.Path, false)
		}
	case coord.Delete:
		c.remove(p.Path)
	case coord.Set:
		n.data, n.stat.Mzxid = p.Data, c.zxid
		n.stat.Version++
		n.watch = c.fire(n.watch, coord.DataChanged, p.Path, false)
	case coord.Children:
		prefix := strings.TrimSuffix(p.Path, "/") + "/"
		for _, path := range c.sorted() {
			if strings.HasPrefix(path, prefix) && !strings.Contains(path[len(prefix):], "/") && len(path) > len(prefix) {
				r.Children = append(r.Children, path[len(prefix):])
			}
		}
	case coord.Get:
		r.Data = n.data
	}
	if n != nil {
		r.Stat = n.stat
		if o.watch.Name() != "" {
			n.watch = append(n.watch, watch{m, o.session, p.Kind == coord.Children, o.watch})
		}
	}
	return r
}

func sequential(m coord.Mode) bool {
	return m == coord.PersistentSequential || m == coord.EphemeralSequential
}
