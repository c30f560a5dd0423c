package invariant

import (
	"maps"
	"strconv"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/trace"
)

var oneIncarnation = checker.Property{
	Name: "one-incarnation", Kind: checker.Safety,
	Says: "After a report of one attempt of a driver was accepted, no report of an earlier attempt is; " +
		"and no attempt is started by two workers, which nobody could tell apart.",
	Source: "invariant I3: two attempts of one driver must not both have effects",
	New: func() checker.Monitor {
		return &incarnation{Breach: checker.Breach{Property: "one-incarnation"}, latest: map[string]trace.Event{},
			starts: map[attempt]trace.Event{}}
	},
}

// incarnation keeps, for each driver, the accepted report of its highest
// attempt, and who started which attempt.
type incarnation struct {
	checker.Breach
	latest  map[string]trace.Event
	starts  map[attempt]trace.Event
	reports int
}

// attempt is one incarnation of a driver.
type attempt struct {
	driver string
	n      int64
}

func (m *incarnation) Observe(e *trace.Event) {
	switch {
	case e.Kind == trace.Accepted:
		m.accepted(e)
	case e.Kind == trace.Obeyed && e.Subject == "launch":
		m.started(e)
	}
}

// started judges that an attempt is one worker's. The same incarnation of it
// may be told twice.
func (m *incarnation) started(e *trace.Event) {
	key := attempt{e.Value, e.N}
	before, known := m.starts[key]
	switch {
	case !known:
		m.starts[key] = *e
	case before.Process != e.Process || before.Inc != e.Inc:
		m.Violated(e, "%s, but that attempt is another's: %s", checker.At(e), checker.At(&before))
	}
}

func (m *incarnation) accepted(e *trace.Event) {
	m.reports++
	before, known := m.latest[e.Subject]
	switch {
	case !known || e.N >= before.N:
		m.latest[e.Subject] = *e
	case follows(e, &before):
		m.Violated(e, "%s after %s", checker.At(e), checker.At(&before))
	}
}

// follows reports whether b certainly came before e, which was told later: by
// their transactions if both have one, else by their moments.
func follows(e, b *trace.Event) bool {
	switch {
	case e.Zxid != 0 && b.Zxid != 0:
		return e.Zxid > b.Zxid
	case e.Process == b.Process && e.Inc == b.Inc:
		return true
	case e.Until == 0 && b.Until == 0:
		return e.At >= b.At
	}
	return e.At > b.Latest()
}

// Hears implements checker.Listener.
func (m *incarnation) Hears(e *trace.Event) bool {
	return e.Kind == trace.Accepted || e.Kind == trace.Obeyed && e.Subject == "launch"
}

// Clone implements checker.Explorable.
func (m *incarnation) Clone() checker.Explorable {
	c := *m
	c.latest, c.starts = maps.Clone(m.latest), maps.Clone(m.starts)
	return &c
}

// Digest implements checker.Explorable.
func (m *incarnation) Digest(d checker.Sink) {
	checker.DigestSorted(d, m.latest, checker.Itself, func(driver string, e trace.Event) {
		d.Str(driver)
		d.Int(e.N)
		d.Zxid(e.Zxid)
	})
	checker.DigestSorted(d, m.starts, attempt.name, func(a attempt, e trace.Event) {
		a.digest(d)
		d.Str(e.Process)
		d.Uint(uint64(e.Inc))
	})
}

func (a attempt) name() string { return a.driver + "#" + strconv.FormatInt(a.n, 10) }

func (a attempt) digest(d checker.Sink) {
	d.Str(a.driver)
	d.Int(a.n)
}

func (m *incarnation) Finding() checker.Finding { return m.Judged("%d reports accepted", m.reports) }
