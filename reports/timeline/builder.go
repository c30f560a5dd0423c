package timeline

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/simctl/simctl/model/trace"
)

// The groups of lanes, in the order of the page.
const (
	masters = "masters"
	terms   = "terms"
	servers = "ZooKeeper servers"
	workers = "workers"
	clients = "clients and their operations"
	asked   = "other operations"
)

var groups = []string{masters, terms, servers, workers, clients, asked}

// groupOf says where a process of a kind has its lane.
func groupOf(kind string) string {
	switch kind {
	case "master":
		return masters
	case "server":
		return servers
	case "worker":
		return workers
	}
	return clients
}

// machine is what a builder knows of one lane while it reads.
type machine struct {
	name, group string
	states      []bar // what it was; the last is open
	paused      []bar
	sessions    []bar
	work        []bar          // what runs on it
	running     map[string]int // its process: where in work
}

// A builder reads a run's events into lanes.
type builder struct {
	in       *Input
	machines []*machine
	byName   map[string]*machine
	faults   []bar
	quorum   []span
	reigns   []bar // terms
	acts     []act
	tags     map[string]string // driver IDs to the tags of their jobs
	noticed  []bar             // sessions as their clients saw them: disconnected
	end      int64
	healed   int64
}

// An act is something done in the name of a term.
type act struct {
	at   int64
	step uint64
	term int64
}

const open = int64(-1) // the end of what has not ended yet

func newBuilder(in *Input) *builder {
	b := &builder{in: in, byName: map[string]*machine{}, tags: map[string]string{}}
	for i := range in.Events {
		e := &in.Events[i]
		b.end = max(b.end, e.At)
		if e.Kind == trace.Return && e.Value == "submit" && !strings.HasPrefix(e.Detail, "error") {
			b.tags[e.Detail] = e.Subject
		}
	}
	if n := len(in.Steps); n > 0 {
		b.end = max(b.end, in.Steps[n-1].At)
	}
	b.end = max(b.end, in.Length)
	return b
}

// build reads the events.
func (b *builder) build() *model {
	for i := range b.in.Events {
		b.event(&b.in.Events[i])
	}
	b.close()
	m := &model{End: b.end, Healed: b.healed, Faults: orEmpty(b.faults), Quorum: orEmpty(b.quorum), Lanes: []lane{}}
	slices.SortStableFunc(b.machines, func(x, y *machine) int {
		return cmp.Or(cmp.Compare(slices.Index(groups, x.group), slices.Index(groups, y.group)), naturally(x.name, y.name))
	})
	ops, rest := b.operations()
	for _, g := range groups {
		switch g {
		case terms:
			m.Lanes = append(m.Lanes, b.termLanes()...)
		case asked:
			m.Lanes = append(m.Lanes, rest...)
		default:
			for _, x := range b.machines {
				if x.group == g {
					m.Lanes = append(m.Lanes, x.lane(ops[x.name]))
				}
			}
		}
	}
	return m
}

func (b *builder) event(e *trace.Event) {
	switch e.Kind {
	case trace.Started, trace.Exited, trace.KilledOff, trace.HostLost, trace.Paused, trace.Resumed, trace.State:
		b.process(e)
	case trace.Role, trace.Serving, trace.Registered:
		b.role(e)
	case trace.SessionUp, trace.SessionExpired, trace.Session:
		b.session(e)
	case trace.Fault:
		b.fault(e)
	case trace.ServiceDown:
		b.quorum = append(b.quorum, span{e.At, open})
	case trace.ServiceUp:
		if n := len(b.quorum); n > 0 && b.quorum[n-1][1] == open {
			b.quorum[n-1][1] = e.At
		}
	case trace.Healed:
		b.healed = e.At
	case trace.Elected:
		b.reigns = append(b.reigns, bar{From: e.At, To: open, Class: "term", Step: e.Step, Key: fmt.Sprint(e.Term), End: e.Process,
			Label: fmt.Sprintf("term %d: %s", e.Term, e.Process), Title: trace.Describe(e)})
	case trace.Commit, trace.Acked, trace.Obeyed, trace.Accepted:
		if e.Term > 0 {
			b.acts = append(b.acts, act{e.At, e.Step, e.Term})
		}
	case trace.Job, trace.Executor:
		b.work(e)
	}
}

// machineOf is the machine of a process: what stands before the slash.
func machineOf(process string) string {
	name, _, _ := strings.Cut(process, "/")
	return name
}

// lane returns the machine that a process has its lane in, nil if there is none.
func (b *builder) machine(e *trace.Event) *machine {
	name := machineOf(e.Process)
	m := b.byName[name]
	if m == nil && name != "" && (e.Kind == trace.Started || e.Kind == trace.State || e.Kind == trace.Role) {
		kind := e.Value
		switch e.Kind {
		case trace.State:
			kind = "master"
		case trace.Role:
			kind = "server"
		}
		m = &machine{name: name, group: groupOf(kind), running: map[string]int{}}
		b.byName[name] = m
		b.machines = append(b.machines, m)
	}
	return m
}

func (b *builder) process(e *trace.Event) {
	m := b.machine(e)
	if m == nil {
		return
	}
	if strings.Contains(e.Process, "/") { // runs on the machine, and is not it
		b.below(m, e)
		return
	}
	switch e.Kind {
	case trace.Started:
		m.begin(e)
	case trace.Exited:
		m.next(e, "down", "ended")
	case trace.KilledOff:
		m.next(e, "down", "killed")
	case trace.HostLost:
		m.next(e, "down", "machine lost")
	case trace.Paused:
		m.paused = append(m.paused, bar{From: e.At, To: open, Class: "paused", Label: "stands still", Title: trace.Describe(e), Step: e.Step})
		return
	case trace.Resumed:
		closeLast(m.paused, e.At)
		return
	default:
		m.next(e, strings.ToLower(e.Value), e.Value+inTerm(e.Term))
		return
	}
	if e.Kind != trace.Started {
		closeLast(m.paused, e.At)
		for i := range b.noticed {
			if n := &b.noticed[i]; n.On[0] == m.name && n.To == open {
				n.To = e.At
			}
		}
		for i := range m.work {
			if w := &m.work[i]; w.To == open && e.Kind == trace.HostLost {
				w.To, w.End = e.At, "lost"
			}
		}
	}
}

func inTerm(term int64) string {
	if term == 0 {
		return ""
	}
	return fmt.Sprintf(", term %d", term)
}

// begin is a process's first state.
func (m *machine) begin(e *trace.Event) {
	switch m.group {
	case masters:
		m.next(e, "standby", "Standby")
	case workers:
		m.next(e, "up", "not registered")
	default:
		m.next(e, "up", "up")
	}
}

// next ends the machine's state and begins another; the same one goes on.
func (m *machine) next(e *trace.Event, class, label string) {
	if n := len(m.states); n > 0 {
		last := &m.states[n-1]
		if last.Class == class && (last.Label == label || class == "down") {
			return
		}
		last.To = e.At
		if last.From == e.At && last.Class != "down" {
			m.states = m.states[:n-1] // it took no time: what it became at once is what it was
		}
	}
	m.states = append(m.states, bar{From: e.At, To: open, Class: class, Label: label, Title: trace.Describe(e), Step: e.Step})
}

// masterOf names the master that a worker is registered with: the one that was
// elected for that term, or the name in its address.
func (b *builder) masterOf(e *trace.Event) string {
	for i := range b.reigns {
		if r := &b.reigns[i]; e.Term > 0 && r.Key == fmt.Sprint(e.Term) {
			return r.End
		}
	}
	name, _, _ := strings.Cut(e.Value, ":")
	return name
}

// role is what a server is to its ensemble, or whom a worker is registered with.
func (b *builder) role(e *trace.Event) {
	m := b.machine(e)
	switch {
	case m == nil:
	case e.Kind == trace.Registered:
		m.next(e, "registered", "with "+b.masterOf(e)+inTerm(e.Term))
	case e.Kind == trace.Role && e.Value == "looking":
		m.next(e, "looking", "looking")
	case e.Kind == trace.Role:
		m.next(e, "elected", e.Value)
	case e.Value == "leading":
		m.next(e, "leader", fmt.Sprintf("leader, epoch %d", e.Term))
	default:
		m.next(e, "follower", "follower")
	}
}

func (b *builder) close() {
	finish := func(bars []bar) {
		for i := range bars {
			if bars[i].To == open {
				bars[i].To, bars[i].Open = b.end, true
			}
		}
	}
	b.closeReigns()
	finish(b.faults)
	finish(b.reigns)
	finish(b.noticed)
	for i := range b.quorum {
		if b.quorum[i][1] == open {
			b.quorum[i][1] = b.end
		}
	}
	for _, m := range b.machines {
		for i := range b.noticed {
			if n := b.noticed[i]; n.On[0] == m.name {
				n.On, n.Key = nil, ""
				m.sessions = append(m.sessions, n)
			}
		}
		finish(m.states)
		finish(m.paused)
		finish(m.sessions)
		finish(m.work)
	}
}

// lane lays what a machine did, and what it asked for, in rows.
func (m *machine) lane(ops []bar) lane {
	l := lane{Group: m.group, Name: m.name}
	if m.group != clients || len(ops) == 0 || len(m.states) > 1 || len(m.paused) > 0 {
		l.Rows = append(l.Rows, row{"band", append(m.states, m.paused...)})
	}
	for _, bars := range pack(m.sessions) {
		l.Rows = append(l.Rows, row{"thin", bars})
	}
	for _, bars := range append(pack(m.work), pack(ops)...) {
		l.Rows = append(l.Rows, row{"bar", bars})
	}
	return l
}
