package master

import (
	"slices"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/wire"
)

// schedule places waiting drivers on workers, spread out: round robin over the
// workers that are alive, the first that fits (Master.scala, schedule). Spark
// shuffles the workers before each pass, and does not wait for a worker to say
// what it runs already.
func (m *Master) schedule() {
	if m.state != Alive || len(m.waiting) == 0 {
		return
	}
	usable := make([]*worker, 0, len(m.roster))
	for _, id := range m.roster {
		if w := m.workers[id]; w.state == alive && (w.known || !m.pol.AdoptOrKill) {
			usable = append(usable, w)
		}
	}
	if !m.pol.DurableDriverState {
		m.spread = 0
		for i := len(usable) - 1; i > 0; i-- {
			j := int(m.h.Draw("shuffle", uint64(i+1)))
			usable[i], usable[j] = usable[j], usable[i]
		}
	}
	queue := m.waiting
	m.waiting = nil
	for _, id := range queue {
		d := m.drivers[id]
		if d == nil || d.closed || d.rec.State != wire.Submitted && d.rec.State != wire.Relaunching {
			continue
		}
		if w := m.place(usable, d.rec.Desc); w != nil {
			m.launch(d, w)
		} else {
			m.waiting = append(m.waiting, id)
		}
	}
}

func (m *Master) place(usable []*worker, desc wire.Desc) *worker {
	for i := range usable {
		w := usable[(m.spread+i)%len(usable)]
		if w.rec.Cores-w.cores >= desc.Cores && w.rec.Memory-w.memory >= desc.Memory {
			m.spread = (m.spread + i + 1) % len(usable)
			return w
		}
	}
	return nil
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
	w.cores += d.rec.Desc.Cores
	w.memory += d.rec.Desc.Memory
	m.usage(w)
}

// release takes back what reserve counted.
func (m *Master) release(d *driver) {
	w := m.workers[d.rec.Worker]
	if !d.holds || w == nil {
		d.holds = false
		return
	}
	d.holds = false
	if i := slices.Index(w.drivers, d.rec.ID); i >= 0 {
		w.drivers = slices.Delete(w.drivers, i, i+1)
		w.cores -= d.rec.Desc.Cores
		w.memory -= d.rec.Desc.Memory
		m.usage(w)
	}
}

func (m *Master) usage(w *worker) {
	m.h.Note(host.Note{Kind: host.NoteUsage, Subject: string(w.rec.ID), Term: m.reign.Term,
		N: w.cores, M: w.rec.Cores, P: w.memory, Q: w.rec.Memory})
}
