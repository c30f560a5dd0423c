package work

import (
	"strings"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/trace"
)

var workSurvives = checker.Property{
	Name: "running-work-survives", Kind: checker.Safety,
	Says: "No driver or executor is killed, refused or given up whose machine and links stayed up, unless a client asked for it, " +
		"its application is over, or there was no active master for longer than is promised.",
	Source: "invariant I12; the documentation of Spark: running applications go on; D-01, D-08, D-09, D-13, D-34, D-35",
	New: func() checker.Monitor {
		return &survives{
			Breach: checker.Breach{Property: "running-work-survives"}, work: map[string]*running{}, machines: map[string]int64{},
			apps: map[string]string{}, killed: map[string]bool{}, tags: map[string]string{}, lostAt: -1,
		}
	},
}

// survives holds every end of a driver or executor that somebody else brought
// about against what may have caused it since it was started. How long an outage
// the work must outlive is told by a trace.Bound; without one only ends in
// outages are not judged.
type survives struct {
	checker.Breach
	roster   checker.Roster
	work     map[string]*running // by process
	machines map[string]int64    // when the process at the root of a machine last came to harm
	apps     map[string]string   // the driver's process of an application
	tags     map[string]string   // of drivers
	killed   map[string]bool     // tags of jobs that a client asked to kill
	faults   []spell             // of links and machines, with their texts
	outages  []spell             // without an active master
	lostAt   int64               // since when there is none; -1: there is one, or was none yet
	reigned  bool
	promised int64 // the longest outage; 0 if nobody told it
	judged   int
}

// running is one process of a job.
type running struct {
	machine string
	since   int64
	app     string // its application's ID, once that is known
	driver  string // of a driver: its ID, once it is known
	over    bool   // its end is its own affair, or explained
}

// spell is something that lasts.
type spell struct {
	text        string
	from, until int64 // until is -1 while it lasts
}

func (m *survives) Observe(e *trace.Event) {
	m.roster.Observe(e)
	switch e.Kind {
	case trace.Started:
		if e.Value == "driver" || e.Value == "executor" {
			m.work[e.Process] = &running{machine: checker.Machine(e.Process), since: e.At}
		}
	case trace.Exited, trace.KilledOff, trace.HostLost, trace.Paused:
		m.ended(e)
	case trace.Fault:
		m.fault(e)
	case trace.Bound:
		if e.Subject == m.Property {
			m.promised = e.N
		}
	case trace.Call, trace.Return:
		m.asked(e)
	case trace.Job:
		m.driver(e)
	case trace.App:
		m.application(e)
	case trace.Executor:
		m.executor(e)
	}
	m.reign(e)
}

// asked follows what clients ask for.
func (m *survives) asked(e *trace.Event) {
	switch {
	case e.Kind == trace.Call && e.Value == "kill":
		m.killed[e.Subject] = true
	case e.Kind == trace.Return && e.Value == "submit":
		m.tags[e.Detail] = e.Subject
	}
}

// reign follows whether there is an active master.
func (m *survives) reign(e *trace.Event) {
	switch e.Kind {
	case trace.State, trace.Exited, trace.KilledOff, trace.HostLost, trace.Paused, trace.Resumed:
	default:
		return
	}
	active := len(m.roster.Active()) > 0
	switch {
	case active && m.lostAt >= 0:
		m.outages = append(m.outages, spell{from: m.lostAt, until: e.Latest()})
		m.lostAt = -1
	case !active && m.reigned && m.lostAt < 0:
		m.lostAt = e.At
		// A master that runs again and finds at once that it may not act served nobody.
		if n := len(m.outages) - 1; n >= 0 && m.outages[n].until == e.At {
			m.lostAt, m.outages = m.outages[n].from, m.outages[:n]
		}
	}
	m.reigned = m.reigned || active
}

// ended is the end, or the standstill, of a process.
func (m *survives) ended(e *trace.Event) {
	if p := m.work[e.Process]; p != nil {
		p.over = true
	}
	if !strings.Contains(e.Process, "/") {
		m.machines[e.Process] = e.At + 1
	}
}

func (m *survives) fault(e *trace.Event) {
	switch e.Value {
	case "begin":
		until := int64(-1)
		if e.Subject == "stop" { // of the process itself: nobody here asked for it
			for name := range strings.FieldsSeq(e.Detail) {
				if p := m.work[name]; p != nil {
					p.over = true
				}
			}
		}
		if e.Subject == "clock-jump" { // over at once, and no harm to what begins later
			until = e.At
		}
		m.faults = append(m.faults, spell{text: e.Detail, from: e.At, until: until})
	case "end":
		for i := range m.faults {
			if f := &m.faults[i]; f.text == e.Detail && f.until < 0 {
				f.until = e.At
				return
			}
		}
	}
}

func (m *survives) driver(e *trace.Event) {
	p := m.work[e.Process]
	if p == nil {
		return
	}
	p.driver = e.Subject
	switch e.Value {
	case "killed":
		m.judge(e, p, nil)
		p.over = true
	case "finished", "failed":
		p.over = true
	}
}

func (m *survives) application(e *trace.Event) {
	p := m.work[e.Process]
	if p == nil {
		return
	}
	switch e.Value {
	case "registered":
		p.app = e.Detail
		m.apps[e.Detail] = e.Process
	case "removed":
		m.judge(e, p, nil)
		p.over = true
	case "finished", "failed":
		p.over = true
	}
}

func (m *survives) executor(e *trace.Event) {
	p := m.work[e.Process]
	if p == nil {
		return
	}
	p.app, _, _ = strings.Cut(e.Subject, "/")
	switch e.Value {
	case "killed", "orphaned", "refused":
		m.judge(e, p, m.work[m.apps[p.app]])
		p.over = true
	case "ended":
		p.over = true
	}
}

// judge judges the end of p. Boss is the driver of an executor, nil for a
// driver and for an executor whose driver never told that it is registered.
func (m *survives) judge(e *trace.Event, p, boss *running) {
	if p.over {
		return
	}
	m.judged++
	since := p.since
	switch {
	case p.driver != "" && m.killed[m.tags[p.driver]]:
	case e.Kind == trace.Executor && boss == nil:
	case boss != nil && (boss.over || m.harmed(boss.machine, since)):
	case e.Kind == trace.App && m.executorsHarmed(p):
	case m.harmed(p.machine, since):
	case m.outage(e, since):
	default:
		m.Violated(e, "%s, although nothing was wrong with its machine and its links since it was started at %s%s",
			checker.At(e), trace.Moment(since), m.boss(boss))
	}
}

func (m *survives) boss(boss *running) string {
	if boss == nil {
		return ""
	}
	return ", and its driver on " + boss.machine + " goes on"
}

// executorsHarmed reports whether a machine with executors of a driver's
// application came to harm, so that it may have failed too often.
func (m *survives) executorsHarmed(p *running) bool {
	for _, x := range m.work { //det:allow any of them
		if x != p && x.app == p.app && p.app != "" && (x.over || m.harmed(x.machine, p.since)) {
			return true
		}
	}
	return false
}

// harmed reports whether a machine or its links came to harm since a moment.
func (m *survives) harmed(machine string, since int64) bool {
	if m.machines[machine] > since {
		return true
	}
	kind := "worker"
	if strings.HasPrefix(machine, "c") {
		kind = "client"
	}
	for i := range m.faults {
		f := &m.faults[i]
		if (f.until < 0 || f.until+checker.LagOf(f.text) >= since) && checker.Concerns(f.text, machine, kind) {
			return true
		}
	}
	return false
}

// outage reports whether there was no active master since a moment for longer
// than is promised; while nobody promises anything, whether there is none now.
func (m *survives) outage(e *trace.Event, since int64) bool {
	for i := range m.outages {
		if o := &m.outages[i]; o.until >= since && o.until-o.from > m.promised {
			return true
		}
	}
	return m.lostAt >= 0 && e.Latest()-m.lostAt > m.promised
}

func (m *survives) Finding() checker.Finding {
	longest := int64(0)
	for _, o := range m.outages {
		longest = max(longest, o.until-o.from)
	}
	return m.Judged("%d drivers and executors were ended by others, each for a reason; the longest of %d outages was %s, promised are %s",
		m.judged, len(m.outages), trace.Moment(longest), trace.Moment(m.promised))
}
