// Package probe is a process that uses ZooKeeper directly: it carries out a
// program of operations on znodes and of recipes built on them, and notes what
// it asked for and what it was told, so that ZooKeeper's own promises can be
// judged.
package probe

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/host"
)

// linger is how long a probe that was asked to end gives its sessions to be
// closed at the service.
const linger = 500 * time.Millisecond

// terminated is the exit status of a probe that was asked to end: 128 + 15.
const terminated = 143

// A Probe implements [host.Process].
type Probe struct {
	h   host.Host
	cfg Config

	slots   []slot    // one for each of the program's sessions
	done    []bool    // steps that were answered
	begun   int       // steps begun
	open    []pending // operations without an answer, oldest first
	watches []pending // operations whose watch has not fired
	calls   int64     // operations asked for
	opened  int64     // sessions opened
	told    int64     // operations answered
	acked   int64     // of those: without an error
	seen    []version // what versions were told, by path
	made    []string  // sequential znodes made by random work, the latest last
	recipes []recipe
	ending  bool // asked to end: it begins nothing any more
}

// slot is one session of the program: the one that is open now.
type slot struct {
	session coord.Session // 0: none is open
	number  int64         // of the session in this incarnation
	id      int64         // at the service; 0 if not known
	state   coord.State
	left    int  // operations of random work to do
	rooted  bool // the root of the random work was asked for
	turn    int  // operations of the current turn that are not answered
}

// who asked for an operation.
type asker uint8

const (
	byStep asker = iota + 1
	byWork
	byRecipe
)

// pending is an operation under way, or a watch.
type pending struct {
	n      int64 // the operation's number
	slot   int
	number int64 // of the session
	by     asker
	of     int // index of the step or recipe
	kind   coord.Kind
	path   string
	mode   coord.Mode
	parts  []coord.Kind // of a multi
	watch  bool
}

// version is the version that a znode was last seen at.
type version struct {
	path string
	v    int32
}

// New makes a probe.
func New(c Config) *Probe {
	c.setDefaults()
	p := &Probe{
		cfg: c, slots: make([]slot, len(c.Program.Sessions)), done: make([]bool, len(c.Program.Steps)),
		recipes: make([]recipe, len(c.Program.Recipes)),
	}
	return p
}

// Start implements [host.Process].
func (p *Probe) Start(h host.Host) {
	p.h = h
	first := h.Incarnation() == 1
	for i := range p.slots {
		if first {
			p.slots[i].left = p.cfg.Program.Work.Ops
		}
		if !p.cfg.Program.Sessions[i].Late && p.needs(i, first) {
			p.openSlot(i)
		}
	}
	if first {
		for i := range p.cfg.Program.Steps {
			if s := &p.cfg.Program.Steps[i]; !s.Then || p.before(i) < 0 {
				host.After(h, s.At, (*Probe).step, i)
			}
		}
		for i := range p.slots {
			if p.slots[i].left > 0 {
				p.think(i)
			}
		}
	}
	for i := range p.cfg.Program.Recipes {
		host.After(h, p.cfg.Program.Recipes[i].At, (*Probe).recipeDue, i)
	}
}

// needs reports whether anything of this incarnation uses a session.
func (p *Probe) needs(slot int, first bool) bool {
	uses := slices.ContainsFunc(p.cfg.Program.Recipes, func(r Recipe) bool { return r.Session == slot })
	return first || uses
}

func (p *Probe) name(slot int) string {
	if s := p.cfg.Program.Sessions[slot].Name; s != "" {
		return s
	}
	return fmt.Sprintf("s%d", slot+1)
}

// openSlot opens a session in a slot that has none.
func (p *Probe) openSlot(i int) {
	s, plan := &p.slots[i], &p.cfg.Program.Sessions[i]
	o := coord.Options{Servers: plan.Servers, Timeout: plan.Timeout, Name: p.name(i)}
	if len(o.Servers) == 0 {
		o.Servers = p.cfg.Servers
	}
	if o.Timeout == 0 {
		o.Timeout = p.cfg.Timeout
	}
	p.opened++
	s.number, s.id, s.state = p.opened, 0, coord.Connecting
	s.session = coord.Of(p.h).OpenSession(o, host.BindResult((*Probe).changed, i))
}

// changed is told a session's state.
func (p *Probe) changed(i int, c coord.StateChange) {
	s := &p.slots[i]
	if c.Session != s.session {
		return // an older one, which was closed
	}
	s.state = c.State
	if c.ID != 0 {
		s.id = c.ID
	}
	p.h.Note(host.Note{Kind: host.NoteSession, Subject: p.name(i), Value: c.State.String(), N: s.id, M: s.number})
	switch c.State {
	case coord.Expired:
		s.session = 0
		p.sessionOver(i)
		if !p.cfg.Program.Sessions[i].Once && !p.ending {
			p.openSlot(i)
		}
	case coord.Connected:
		p.sessionUp(i)
	default:
	}
}

// leave ends a slot's session by this process's own will.
func (p *Probe) leave(i int, tell bool) {
	s := &p.slots[i]
	if s.session == 0 {
		return
	}
	old := s.session
	s.session, s.state = 0, coord.Closed
	value := "dropped"
	if tell {
		value = "closing"
	}
	p.h.Note(host.Note{Kind: host.NoteSession, Subject: p.name(i), Value: value, N: s.id, M: s.number})
	p.sessionOver(i)
	if tell {
		coord.Of(p.h).CloseSession(old)
	} else {
		coord.Of(p.h).DropSession(old)
	}
}

// ask carries out an operation in a slot, and opens a session if there is none.
// It returns the operation's number.
func (p *Probe) ask(i int, op coord.Op, watch bool, by asker, of int) int64 {
	if p.slots[i].session == 0 {
		p.openSlot(i)
	}
	s := &p.slots[i]
	p.calls++
	op.Tag = coord.Tag{Write: p.calls}
	x := pending{
		n: p.calls, slot: i, number: s.number, by: by, of: of, kind: op.Kind, path: op.Path, mode: op.Mode, watch: watch,
	}
	for _, part := range op.Ops {
		x.parts = append(x.parts, part.Kind)
	}
	p.open = append(p.open, x)
	p.h.Note(host.Note{Kind: host.NoteZCall, Subject: Text(&op, watch), N: x.n, M: x.number})
	if watch {
		p.watches = append(p.watches, x)
		coord.Watch(coord.Of(p.h), s.session, op, (*Probe).answered, (*Probe).fired, x.n)
	} else {
		coord.Do(coord.Of(p.h), s.session, op, (*Probe).answered, x.n)
	}
	return x.n
}

func find(list []pending, n int64) int {
	return slices.IndexFunc(list, func(x pending) bool { return x.n == n })
}

// answered is told an answer.
func (p *Probe) answered(n int64, r coord.Result) {
	i := find(p.open, n)
	if i < 0 {
		return
	}
	x := p.open[i]
	p.open = slices.Delete(p.open, i, i+1)
	id := int64(0)
	if s := &p.slots[x.slot]; s.number == x.number {
		id = s.id
	}
	p.h.Note(host.Note{
		Kind: host.NoteZReturn, Subject: brief(x.kind, x.path), Value: ErrorName(r.Err), Detail: Answer(x.kind, x.parts, &r),
		N: n, M: x.number, P: id, Zxid: r.Zxid,
	})
	p.told++
	if r.Err == nil {
		p.acked++
		p.learn(&x, &r)
	}
	if x.watch && !armed(x.kind, r.Err) {
		p.watches = slices.DeleteFunc(p.watches, func(w pending) bool { return w.n == n })
	}
	switch x.by {
	case byStep:
		p.stepAnswered(x.of, r.Err)
	case byWork:
		p.workAnswered(x.slot)
	case byRecipe:
		p.recipeAnswered(x.of, n, &r)
	}
}

// armed reports whether an operation with this outcome leaves its watch.
func armed(k coord.Kind, err error) bool {
	return err == nil || k == coord.Exists && errors.Is(err, coord.ErrNoNode)
}

// unknown reports whether an error leaves open what happened, or nothing was
// tried for want of a session.
func unknown(err error) bool {
	return errors.Is(err, coord.ErrConnectionLoss) || errors.Is(err, coord.ErrExpired) || errors.Is(err, coord.ErrClosed)
}

// fired is told a watch event.
func (p *Probe) fired(n int64, e coord.Event) {
	i := find(p.watches, n)
	if i < 0 {
		return
	}
	x := p.watches[i]
	p.watches = slices.Delete(p.watches, i, i+1)
	id := int64(0)
	if s := &p.slots[x.slot]; s.number == x.number {
		id = s.id
	}
	p.h.Note(host.Note{Kind: host.NoteZWatch, Subject: e.Path, Value: eventName(e.Type), N: n, M: x.number, P: id})
	if x.by == byRecipe && e.Type != coord.NotWatching {
		p.recipeFired(x.of, n)
	}
}

// eventName is an event's name as a word.
func eventName(t coord.EventType) string {
	switch t {
	case coord.DataChanged:
		return "data-changed"
	case coord.ChildrenChanged:
		return "children-changed"
	case coord.NotWatching:
		return "not-watching"
	}
	return t.String()
}

// learn keeps the versions that an answer tells.
func (p *Probe) learn(x *pending, r *coord.Result) {
	if x.kind == coord.Create && x.mode&coord.PersistentSequential != 0 && len(p.made) < mostMade {
		p.made = append(p.made, r.Path)
	}
	switch x.kind {
	case coord.Get, coord.Exists, coord.Set:
	default:
		return
	}
	i, known := slices.BinarySearchFunc(p.seen, x.path, func(v version, path string) int {
		if v.path < path {
			return -1
		}
		if v.path > path {
			return 1
		}
		return 0
	})
	if !known {
		p.seen = slices.Insert(p.seen, i, version{path: x.path})
	}
	p.seen[i].v = r.Stat.Version
}

// drawn is a duration of a span.
func (p *Probe) drawn(purpose string, s Span) time.Duration {
	if s.Hi <= s.Lo {
		return s.Lo
	}
	return s.Lo + time.Duration(p.h.Draw(purpose, uint64(s.Hi-s.Lo)+1))
}

// Signalled implements [host.Process]. A probe that is asked to end closes its
// sessions.
func (p *Probe) Signalled(s host.Signal) {
	if s != host.Terminate || p.ending {
		return
	}
	p.ending = true
	for i := range p.slots {
		p.leave(i, true)
	}
	host.After(p.h, linger, (*Probe).exit, 0)
}

func (p *Probe) exit(int) { p.h.Exit(terminated) }

// Accepted implements [host.Process]. A probe listens nowhere.
func (p *Probe) Accepted(host.ConnID, host.Addr) {}

// Connected implements [host.Process]. A probe dials nobody itself.
func (p *Probe) Connected(host.ConnID) {}

// Received implements [host.Process].
func (p *Probe) Received(host.ConnID, host.Message) {}

// Closed implements [host.Process].
func (p *Probe) Closed(host.ConnID, host.Reason) {}

// Exited implements [host.Process]. A probe has no children.
func (p *Probe) Exited(host.ProcessID, int) {}
