// Package records reads what processes of a live run recorded, as they write it,
// and makes one trace of it.
package records

import (
	"cmp"
	"slices"
	"strings"

	"github.com/simctl/simctl/impl/live"
	"github.com/simctl/simctl/model/trace"
)

// Merge makes one list of events of what the processes recorded and of what
// the lab did to them, in the order of CLOCK_MONOTONIC. Start is the moment at
// which the run began, on that clock; world holds the lab's own events, with
// their moments on it too.
//
// An event lies at the earliest moment at which it may have happened: a record
// when its process made it. Its end is the latest: when the record was
// written, for a lab's event when the lab knew that it had come about. Records
// of one incarnation keep the order in which it made them. A process that was
// killed may have lost what it did in its last step, but no intent; a write
// that was announced and never answered stays an intent.
func Merge(start int64, records []live.Record, world []trace.Event) []trace.Event {
	m := merger{last: map[life]int64{}, ended: map[life]bool{}}
	for i := range records {
		m.record(&records[i])
	}
	m.commits(records)
	for i := range world {
		m.world(&world[i])
	}
	m.orphans()
	return m.finish(start)
}

// life is one incarnation of a process.
type life struct {
	process string
	inc     uint32
}

// placed is an event and where it stands among events of the same moment.
type placed struct {
	trace.Event
	rank int    // 0 the lab's, 1 a process's, 2 the end of a process
	seq  uint64 // of its record
}

type merger struct {
	all    []placed
	last   map[life]int64 // the latest record of each incarnation
	ended  map[life]bool  // those that told their own end
	deaths []trace.Event  // ends of processes, told by either
}

// recordKinds are the kinds of records that are no notes.
var recordKinds = map[string]trace.Kind{live.Started: trace.Started, live.Exited: trace.Exited, live.Panicked: trace.Panicked}

// EventOf is a record as an event, with the moments of its machine's clock.
func EventOf(r *live.Record) trace.Event {
	e := trace.Event{
		At: r.At, Until: r.Until, Process: string(r.Process), Inc: r.Inc, Kind: trace.Kind(r.Event), Subject: r.Subject,
		Value: r.Value, Detail: r.Detail, Term: r.Term, N: r.N, M: r.M, P: r.P, Q: r.Q, Zxid: r.Zxid,
	}
	if k, own := recordKinds[r.Event]; own {
		e.Kind = k
	}
	return e
}

func (m *merger) record(r *live.Record) {
	e := EventOf(r)
	l := life{e.Process, e.Inc}
	m.last[l] = max(m.last[l], e.At)
	rank := 1
	switch e.Kind {
	case trace.Started:
		e.N, e.M, e.Value = int64(e.Inc), 0, KindOf(e.Process)
	case trace.Exited:
		m.ended[l], rank = true, 2
		m.deaths = append(m.deaths, e)
	default:
	}
	m.all = append(m.all, placed{e, rank, r.Seq})
}

// KindOf tells what a process is by its name, "w1" or "w1/driver-1#1"; empty if
// that is no name.
func KindOf(process string) string {
	if _, child, ok := strings.Cut(process, "/"); ok {
		if strings.HasPrefix(child, "app-") {
			return "executor"
		}
		return "driver"
	}
	if process == "" {
		return ""
	}
	switch process[:1] {
	case "l":
		return "ledger"
	case "m":
		return "master"
	case "w":
		return "worker"
	case "c":
		return "client"
	case "z":
		return "server"
	case "p":
		return "probe"
	}
	return ""
}

// commits adds the transaction of each write whose answer told its zxid: it
// committed somewhere between the announcement and the answer.
func (m *merger) commits(records []live.Record) {
	type write struct {
		life
		n int64
	}
	intents := map[write]*live.Record{}
	for i := range records {
		r := &records[i]
		w := write{life{string(r.Process), r.Inc}, r.N}
		switch {
		case r.Event == string(trace.Intent) && intents[w] == nil:
			intents[w] = r
		case r.Event == string(trace.Written) && r.Zxid != 0:
			e := trace.Event{
				At: r.At, Until: r.At, Process: string(r.Process), Inc: r.Inc, Kind: trace.Commit, Zxid: r.Zxid,
				Subject: r.Subject, Value: r.Value, Term: r.Term, M: r.N,
			}
			if in := intents[w]; in != nil {
				e.At = in.At
			}
			m.all = append(m.all, placed{e, 1, r.Seq})
		}
	}
}

// world adds an event of the lab's. The end of a process comes after all that
// it recorded, and is left out if the process told it itself.
func (m *merger) world(e *trace.Event) {
	switch e.Kind {
	case trace.KilledOff, trace.Exited, trace.HostLost:
		l := life{e.Process, e.Inc}
		if m.ended[l] {
			return
		}
		m.ended[l] = true
		dead := *e
		dead.At = max(dead.At, m.last[l])
		dead.Until = max(dead.Until, dead.At)
		m.deaths = append(m.deaths, dead)
		m.all = append(m.all, placed{dead, 2, 0})
	default:
		m.all = append(m.all, placed{*e, 0, 0})
	}
}

// orphans ends the drivers whose worker ended while they ran: they die with
// it, and nobody tells.
func (m *merger) orphans() {
	slices.SortStableFunc(m.deaths, func(a, b trace.Event) int { return cmp.Compare(a.At, b.At) })
	for i := range m.all {
		e := &m.all[i].Event
		l := life{e.Process, e.Inc}
		if e.Kind != trace.Started || e.Value != "driver" && e.Value != "executor" || m.ended[l] {
			continue
		}
		parent, _, _ := strings.Cut(e.Process, "/")
		for _, d := range m.deaths {
			if d.Process == parent && d.Latest() >= e.At {
				at := max(d.At, m.last[l])
				m.all = append(m.all, placed{trace.Event{
					At: at, Until: max(d.Latest(), at), Process: e.Process, Inc: e.Inc, Kind: trace.KilledOff, N: -1,
				}, 2, 0})
				break
			}
		}
	}
}

// finish puts the events in order and numbers them. What was recorded after
// the end of the run is left out.
func (m *merger) finish(start int64) []trace.Event {
	slices.SortStableFunc(m.all, func(a, b placed) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.rank, b.rank), cmp.Compare(a.Process, b.Process),
			cmp.Compare(a.Inc, b.Inc), cmp.Compare(a.seq, b.seq))
	})
	out := make([]trace.Event, 0, len(m.all))
	for i := range m.all {
		e := m.all[i].Event
		e.Step = uint64(i + 1)
		e.At -= start
		if e.Until != 0 {
			e.Until = max(e.Until-start, e.At)
		}
		out = append(out, e)
		if e.Kind == trace.Ended {
			break
		}
	}
	return out
}
