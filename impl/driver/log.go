package driver

import (
	"strconv"
	"time"

	"github.com/simctl/simctl/impl/eventlog"
	"github.com/simctl/simctl/impl/host"
)

// A log is the application's event log on this machine. What goes wrong with it
// does not trouble the application.
type log struct {
	name string // of the file, once it is over; "" before the first event
	open bool   // not all of it is written
}

// openLog begins the log: the application has a name. Two that were given one
// name, one after another, share a file.
func (d *Driver) openLog() {
	d.app.log = log{name: "events-" + string(d.app.id), open: true}
	d.writeLog(eventlog.Event{Kind: eventlog.ApplicationStart, App: string(d.app.id), Name: d.args.App.Tag})
	for i := range d.app.executors {
		d.logAdded(&d.app.executors[i])
	}
}

func (d *Driver) logAdded(e *executor) {
	d.writeLog(eventlog.Event{
		Kind: eventlog.ExecutorAdded, Executor: strconv.FormatInt(e.id, 10), Worker: string(e.worker), Cores: e.cores,
	})
}

func (d *Driver) writeLog(e eventlog.Event) {
	l := &d.app.log
	if !l.open {
		return
	}
	e.Timestamp = int64(d.h.Wall()) / int64(time.Millisecond)
	d.h.AppendFile(l.name+eventlog.InProgress, e.Append(nil), host.Call{})
}

// closeLog completes the log: it is on the disk before it loses the name of one
// that is being written.
func (d *Driver) closeLog() {
	if l := &d.app.log; l.open {
		d.h.SyncFile(l.name+eventlog.InProgress, host.BindResult((*Driver).logSynced, struct{}{}))
	}
}

func (d *Driver) logSynced(_ struct{}, r host.DiskResult) {
	l := &d.app.log
	if r.Err != "" {
		d.logClosed(struct{}{}, r)
		return
	}
	d.h.RenameFile(l.name+eventlog.InProgress, l.name, host.BindResult((*Driver).logClosed, struct{}{}))
}

func (d *Driver) logClosed(struct{}, host.DiskResult) {
	d.app.log.open = false
	d.leaveIfDone()
}
