package program

import (
	"time"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/live"
	"github.com/simctl/simctl/impl/master"
	"github.com/simctl/simctl/impl/wire"
)

// A display is a master and the moments that its page shows and that nothing
// depends on, in ms since 1970: when each worker was heard, and when each driver
// was submitted to this master. It belongs to the process's loop.
type display struct {
	*master.Master
	h         host.Host
	heard     map[wire.WorkerID]int64
	submitted map[wire.DriverID]int64
}

func newDisplay(m *master.Master) *display {
	return &display{Master: m, heard: map[wire.WorkerID]int64{}, submitted: map[wire.DriverID]int64{}}
}

func (d *display) now() int64 { return millis(d.h.Wall()) }

func millis(w host.Wall) int64 { return int64(w) / int64(time.Millisecond) }

// Start starts the master on a host that hears what it acknowledges.
func (d *display) Start(h host.Host) {
	d.h = h
	if l, ok := h.(*live.Host); ok {
		h = &hearing{l, d}
	}
	d.Master.Start(h)
}

// Part returns the master, whose continuations are to be found, and its parts.
func (d *display) Part(i int) any {
	if i == 0 {
		return d.Master
	}
	return d.Master.Part(i - 1)
}

// Received notes that a worker spoke, and delivers the message.
func (d *display) Received(c host.ConnID, m host.Message) {
	switch m := m.(type) {
	case wire.RegisterWorker:
		d.heard[m.Worker.ID] = d.now()
	case wire.Heartbeat:
		d.heard[m.Worker] = d.now()
	}
	d.Master.Received(c, m)
}

// A hearing host keeps the moment of each submission.
type hearing struct {
	*live.Host
	display *display
}

// Note keeps when a submission was acknowledged first.
func (h *hearing) Note(n host.Note) {
	if id := wire.DriverID(n.Value); n.Kind == host.NoteAcked && n.Subject == "submit" && h.display.submitted[id] == 0 {
		h.display.submitted[id] = h.display.now()
	}
	h.Host.Note(n)
}
