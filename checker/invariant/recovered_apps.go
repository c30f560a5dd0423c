package invariant

import (
	"maps"
	"slices"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/trace"
)

// applications is what was acknowledged of applications. One that was must be
// known to every later master until a master removes its record; and one whose
// end was acknowledged must not be on its way again. Whether a master was right
// to end it is a matter of running-work-survives.
type applications map[string]*application

// application is what was seen of one.
type application struct {
	acked   trace.Event // the first acknowledgement of its registration; Kind is empty before
	over    trace.Event // likewise, of its end
	removed bool        // a master removed its record
}

func (apps applications) observe(e *trace.Event) {
	switch {
	case e.Kind == trace.Acked && e.Subject == "app":
		if a := apps.get(e.Value); a.acked.Kind == "" {
			a.acked = *e
		}
	case e.Kind == trace.Acked && e.Subject == "unregister":
		if a := apps.get(e.Value); a.over.Kind == "" {
			a.over = *e
		}
	case e.Kind == trace.Intent && e.Value == "delete":
		if id, ok := checker.RecordID(e.Subject, "app"); ok {
			apps.get(id).removed = true
		}
	}
}

func (apps applications) get(id string) *application {
	if apps[id] == nil {
		apps[id] = &application{}
	}
	return apps[id]
}

// judge holds them against what a master has that becomes Alive in e.
func (apps applications) judge(m *recovered, e *trace.Event, held map[string]trace.Event) {
	for _, id := range slices.Sorted(maps.Keys(apps)) {
		a := apps[id]
		have, ok := held["app/"+id]
		switch {
		case a.removed || !earlierTerm(&a.acked, e):
		case !ok:
			m.Violated(e, "%s without application %s, although %s", checker.At(e), id, checker.At(&a.acked))
		case earlierTerm(&a.over, e) && have.Value != "FINISHED" && have.Value != "FAILED" && have.Value != "KILLED":
			m.Violated(e, "%s with application %s as %s, although its end was acknowledged: %s", checker.At(e), id, have.Value, checker.At(&a.over))
		}
	}
}
