package invariant

import (
	"maps"
	"slices"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/trace"
)

var ackedIsRecovered = checker.Property{
	Name: "acked-is-recovered", Kind: checker.Safety,
	Says:   "What a master acknowledged is in the state of every later master when that becomes Alive.",
	Source: "invariant I2; defects D-02, D-03: an acknowledged driver is dropped or marked ERROR at recovery",
	New: func() checker.Monitor {
		return &recovered{
			Breach:  checker.Breach{Property: "acked-is-recovered"},
			drivers: map[string]*driver{}, workers: map[string]*worker{}, held: map[holder]map[string]trace.Event{},
			owners: map[string]string{}, judged: map[holder]int64{}, harmed: map[string]bool{}, apps: applications{},
		}
	},
}

// recovered holds what was acknowledged against what each master holds at the
// first moment of each reign in which it is Alive.
//
// A driver that was acknowledged must be there. It may be gone once its end was
// accepted, its kill acknowledged, or the worker that had it lost, unless that
// end was acknowledged to the worker: from then on the masters alone know it,
// and must keep it in the same final state until one of them removes the record
// as one of too many. It must not be ERROR if it was never placed: no worker
// obeyed a launch of it, and no earlier term had written its record twice.
//
// A worker that was acknowledged must be there unless a master removed its
// record or it came to harm since.
type recovered struct {
	checker.Breach
	drivers map[string]*driver
	workers map[string]*worker
	held    map[holder]map[string]trace.Event
	owners  map[string]string // process of a worker ID
	judged  map[holder]int64  // the highest term in which a master was judged
	harmed  map[string]bool   // processes that were lost or stood still
	faults  []fault
	apps    applications
	reigns  int
	acked   int
}

// holder is one incarnation of a master.
type holder struct {
	process string
	inc     uint32
}

// driver is what was seen of one driver.
type driver struct {
	acked    trace.Event // the first acknowledgement of its submission; Kind is empty before
	carriers []string    // the processes of the workers that obeyed a launch
	killed   bool        // a kill was acknowledged
	ended    trace.Event // the accepted report of its end
	final    bool        // a master held it in a final state when it became Alive
	reported trace.Event // the acknowledgement of that report
	puts     []put       // the writes of its record
	dropped  bool        // a master removed its record after its end, as one of too many
	removed  bool        // a master removed its record
}

// put is one write of a record.
type put struct {
	process string
	inc     uint32
	n, term int64
}

// fault is a fault of links.
type fault struct {
	text  string
	until int64 // -1 while it lasts
}

// worker is what was seen of one worker ID.
type worker struct {
	acked trace.Event // the latest acknowledgement of its registration; Kind is empty if harmed since
}

func (m *recovered) Observe(e *trace.Event) {
	m.apps.observe(e)
	switch e.Kind {
	case trace.Acked:
		m.ackedBy(e)
	case trace.Obeyed:
		if e.Subject == "launch" {
			m.driver(e.Value).launch(e.Process)
		}
	case trace.Registered:
		m.owners[e.Subject] = e.Process
	case trace.Accepted:
		if d := m.driver(e.Subject); isFinal(e.Value) && d.ended.Kind == "" {
			d.ended = *e
		}
	case trace.Intent:
		m.intent(e)
	case trace.Exited, trace.KilledOff, trace.HostLost, trace.Paused:
		m.harm(e.Process)
	case trace.Fault:
		m.fault(e)
	case trace.Recovered:
		m.hold(e)
	case trace.State:
		if e.Value == "Alive" {
			m.alive(e)
		}
	}
}

func isFinal(state string) bool {
	return state == "FINISHED" || state == "FAILED" || state == "KILLED" || state == "ERROR"
}

func (m *recovered) driver(id string) *driver {
	d, ok := m.drivers[id]
	if !ok {
		d = &driver{}
		m.drivers[id] = d
	}
	return d
}

func (m *recovered) ackedBy(e *trace.Event) {
	switch e.Subject {
	case "submit":
		m.acked++
		if d := m.driver(e.Value); d.acked.Kind == "" || e.Term < d.acked.Term {
			d.acked = *e
		}
	case "kill":
		m.driver(e.Value).killed = true
	case "report":
		if d := m.driver(e.Value); d.ended.Kind != "" && d.reported.Kind == "" {
			d.reported = *e
		}
	case "app":
		m.acked++
	case "register":
		m.acked++
		m.workers[e.Value] = &worker{acked: *e}
	}
}

func (m *recovered) intent(e *trace.Event) {
	if id, ok := checker.RecordID(e.Subject, "driver"); ok {
		m.driver(id).write(e)
	}
	if id, ok := checker.RecordID(e.Subject, "worker"); ok && e.Value == "delete" {
		delete(m.workers, id)
	}
}

// launch notes that a worker's process obeyed a launch of d.
func (d *driver) launch(process string) {
	if !slices.Contains(d.carriers, process) {
		d.carriers = append(d.carriers, process)
	}
}

// write notes that a master writes or removes d's record.
func (d *driver) write(e *trace.Event) {
	if e.Value == "delete" {
		d.removed = true
		d.dropped = d.dropped || d.ended.Kind != "" || d.final
		return
	}
	p := put{e.Process, e.Inc, e.N, e.Term}
	if n := len(d.puts); n == 0 || d.puts[n-1] != p {
		d.puts = append(d.puts, p)
	}
}

// harm forgets the workers of a process: a master may rightly have taken them
// for lost.
func (m *recovered) harm(process string) {
	m.harmed[process] = true
	maps.DeleteFunc(m.workers, func(id string, _ *worker) bool { return m.owners[id] == process })
}

// fault keeps when links were at fault.
func (m *recovered) fault(e *trace.Event) {
	switch {
	case !checker.IsLink(e.Subject):
	case e.Value == "begin":
		m.faults = append(m.faults, fault{text: e.Detail, until: -1})
	case e.Value == "end":
		for i := range m.faults {
			if f := &m.faults[i]; f.text == e.Detail && f.until < 0 {
				f.until = e.At
				return
			}
		}
	}
}

// cutOff reports whether a link of a worker's process was at fault since a moment.
func (m *recovered) cutOff(process string, since int64) bool {
	for i := range m.faults {
		f := &m.faults[i]
		if (f.until < 0 || f.until >= since) && checker.Concerns(f.text, process, "worker") {
			return true
		}
	}
	return false
}

// lost reports whether a master may have ended d, rightly and telling nobody,
// because a worker that had it was lost. Where it was placed before the term
// of e, if no worker ever obeyed, nobody tells: that may be any that came to harm.
func (m *recovered) lost(d *driver, e *trace.Event) bool {
	on := d.carriers
	if len(on) == 0 && d.placed(e.Term) {
		on = slices.Sorted(maps.Values(m.owners))
	}
	return d.removed && slices.ContainsFunc(on, func(process string) bool {
		return m.harmed[process] || m.cutOff(process, d.acked.At-checker.Lag)
	})
}

func (m *recovered) hold(e *trace.Event) {
	h := holder{e.Process, e.Inc}
	if m.held[h] == nil {
		m.held[h] = map[string]trace.Event{}
	}
	m.held[h][e.Subject] = *e
	if id, ok := checker.RecordID(e.Subject, "driver"); ok && isFinal(e.Value) {
		m.driver(id).final = true
	}
}

// alive judges a master that becomes Alive, once a reign: a master that comes
// back from Suspended has not read the store again.
func (m *recovered) alive(e *trace.Event) {
	h := holder{e.Process, e.Inc}
	held := m.held[h]
	delete(m.held, h)
	if e.Term <= m.judged[h] {
		return
	}
	m.judged[h] = e.Term
	m.reigns++
	if m.Broken() != "" {
		return
	}
	for _, id := range slices.Sorted(maps.Keys(m.drivers)) {
		m.judgeDriver(e, id, m.drivers[id], held)
	}
	for _, id := range slices.Sorted(maps.Keys(m.workers)) {
		if w := m.workers[id]; earlierTerm(&w.acked, e) {
			if _, ok := held["worker/"+id]; !ok && !m.cutOff(m.owners[id], w.acked.At) {
				m.Violated(e, "%s without worker %s, although %s", checker.At(e), id, checker.At(&w.acked))
			}
		}
	}
	m.apps.judge(m, e, held)
}

// earlierTerm reports whether ack was given in an earlier term than e's, and
// before e.
func earlierTerm(ack, e *trace.Event) bool {
	return ack.Kind != "" && ack.Term < e.Term && ack.Latest() <= e.At
}

func (m *recovered) judgeDriver(e *trace.Event, id string, d *driver, held map[string]trace.Event) {
	if !earlierTerm(&d.acked, e) {
		return
	}
	have, ok := held["driver/"+id]
	switch {
	case d.dropped:
	case earlierTerm(&d.reported, e):
		if !ok {
			m.Violated(e, "%s without driver %s, although its end was acknowledged: %s", checker.At(e), id, checker.At(&d.reported))
		} else if have.Value != d.ended.Value {
			m.Violated(e, "%s with driver %s as %s, although %s", checker.At(e), id, have.Value, checker.At(&d.ended))
		}
	case d.ended.Kind != "" || d.killed:
	case !ok && m.lost(d, e):
	case !ok:
		m.Violated(e, "%s without driver %s, although %s", checker.At(e), id, checker.At(&d.acked))
	case have.Value == "ERROR" && !d.placed(e.Term):
		m.Violated(e, "%s with driver %s as ERROR, although %s and it never had a worker", checker.At(e), id, checker.At(&d.acked))
	}
}

// placed reports whether the driver was given to a worker: one obeyed, or a
// term before this one wrote its record again after the submission.
func (d *driver) placed(term int64) bool {
	writes := 0
	for _, p := range d.puts {
		if p.term < term {
			writes++
		}
	}
	return len(d.carriers) > 0 || writes > 1
}

// Hears implements checker.Listener.
func (m *recovered) Hears(e *trace.Event) bool {
	switch e.Kind {
	case trace.Acked, trace.Registered, trace.Accepted, trace.Intent, trace.Exited, trace.KilledOff, trace.HostLost, trace.Paused, trace.Fault, trace.Recovered:
		return true
	case trace.Obeyed:
		return e.Subject == "launch"
	case trace.State:
		return e.Value == "Alive"
	}
	return false
}

// Clone implements checker.Explorable.
func (m *recovered) Clone() checker.Explorable {
	c := *m
	c.drivers, c.workers, c.apps = deep(m.drivers), deep(m.workers), deep(m.apps)
	for _, d := range c.drivers { //det:allow each for itself
		d.carriers, d.puts = slices.Clone(d.carriers), slices.Clone(d.puts)
	}
	c.held = maps.Clone(m.held)
	for h, held := range c.held {
		c.held[h] = maps.Clone(held)
	}
	c.owners, c.judged, c.harmed, c.faults = maps.Clone(m.owners), maps.Clone(m.judged), maps.Clone(m.harmed), slices.Clone(m.faults)
	return &c
}

// deep copies a map and what its pointers point to.
func deep[M ~map[string]*V, V any](m M) M {
	c := make(M, len(m))
	for k, v := range m { //det:allow each for itself
		w := *v
		c[k] = &w
	}
	return c
}

func (m *recovered) Finding() checker.Finding {
	return m.Judged("%d acknowledged, %d reigns", m.acked, m.reigns)
}
