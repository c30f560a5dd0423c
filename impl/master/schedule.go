package master

import (
	"slices"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/schedule"
	"github.com/simctl/simctl/impl/wire"
)

// schedule places waiting drivers on workers that are alive, and then gives
// applications executors (Master.scala, schedule). Spark shuffles the workers before each pass, and does not wait for
// a worker to say what it runs already. With durable driver state the round
// goes on where the last pass ended instead.
func (m *Master) schedule() {
	if m.state != Alive {
		return
	}
	if len(m.waiting) > 0 {
		m.placeDrivers()
	}
	m.apps.Schedule()
}

// usable lists the workers on which something may start.
func (m *Master) usable() []*worker {
	out := make([]*worker, 0, len(m.roster))
	for _, id := range m.roster {
		if w := m.workers[id]; w.state == alive && (w.known || !m.pol.AdoptOrKill) {
			out = append(out, w)
		}
	}
	return out
}

func (m *Master) placeDrivers() {
	usable := m.usable()
	spreadOut := !m.cfg.Schedule.FillDrivers
	if spreadOut && !m.pol.DurableDriverState {
		m.spread = 0
		for i := len(usable) - 1; i > 0; i-- {
			j := int(m.h.Draw("shuffle", uint64(i+1)))
			usable[i], usable[j] = usable[j], usable[i]
		}
	}
	queue, needs := m.queued()
	at, next := schedule.Drivers(needs, free(usable), schedule.Rule{
		SpreadOut: spreadOut, Next: m.spread, Room: m.cfg.Schedule.Room(m.running())})
	m.waiting, m.spread = nil, next
	for i, d := range queue {
		if at[i] >= 0 {
			m.launch(d, usable[at[i]])
		} else {
			m.waiting = append(m.waiting, d.rec.ID)
		}
	}
}

// queued is who really waits, and what each needs. A name may stand in the
// queue twice: of a driver whose worker was replaced while the master recovered,
// or of two drivers (D-17).
func (m *Master) queued() (queue []*driver, needs []schedule.Driver) {
	seen := make(map[wire.DriverID]bool, len(m.waiting))
	for _, id := range m.waiting {
		d := m.drivers[id]
		if d == nil || seen[id] || d.closed || d.rec.State != wire.Submitted && d.rec.State != wire.Relaunching {
			continue
		}
		seen[id] = true
		queue = append(queue, d)
		needs = append(needs, schedule.Driver{Cores: d.rec.Desc.Cores, Memory: d.rec.Desc.Memory})
	}
	return queue, needs
}

// running counts the drivers that were placed and have not ended.
func (m *Master) running() int64 {
	var n int64
	for _, id := range m.order {
		if d := m.drivers[id]; !d.closed && d.rec.State == wire.Running {
			n++
		}
	}
	return n
}

// free is what workers have left.
func free(workers []*worker) []schedule.Worker {
	out := make([]schedule.Worker, len(workers))
	for i, w := range workers {
		out[i] = schedule.Worker{ID: string(w.rec.ID), Cores: w.rec.Cores - w.cores, Memory: w.rec.Memory - w.memory}
	}
	return out
}

// launch decides that w runs the next attempt of d; see applied for the
// command.
func (m *Master) launch(d *driver, w *worker) {
	next := d.rec
	next.State, next.Worker = wire.Running, w.rec.ID
	next.Attempt++
	m.reserve(d, w)
	d.confirmed, d.launched = false, false
	m.decide(d, next)
}

// reserve counts d's needs as used at w.
func (m *Master) reserve(d *driver, w *worker) {
	if d.holds {
		return
	}
	d.holds = true
	w.drivers = append(w.drivers, d.rec.ID)
	w.cores, w.memory = w.cores+d.rec.Desc.Cores, w.memory+d.rec.Desc.Memory
	m.usage(w)
}

// release takes back what reserve counted.
func (m *Master) release(d *driver) {
	w, held := m.workers[d.rec.Worker], d.holds
	d.holds = false
	if !held || w == nil {
		return
	}
	if i := slices.Index(w.drivers, d.rec.ID); i >= 0 {
		w.drivers = slices.Delete(w.drivers, i, i+1)
		w.cores, w.memory = w.cores-d.rec.Desc.Cores, w.memory-d.rec.Desc.Memory
		m.usage(w)
	}
}

func (m *Master) usage(w *worker) {
	m.h.Note(host.Note{Kind: host.NoteUsage, Subject: string(w.rec.ID), Term: m.reign.Term,
		N: w.cores, M: w.rec.Cores, P: w.memory, Q: w.rec.Memory})
}
