package worker

import (
	"slices"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/wire"
)

// report tells the master one attempt's state, once. There may be no master
// yet; then it is lost, as it is when the connection breaks.
func (w *Worker) report(id wire.DriverID, attempt int64, state wire.DriverState) {
	if w.master == "" || w.cfg.Policy.ReportRetryTolerant && !w.connected {
		return // an end that must be acknowledged is sent again later
	}
	w.send(w.master, wire.DriverStateChanged{Worker: w.id, Driver: id, Attempt: attempt, State: state, Term: w.seen})
}

// reportAgain answers a command for an attempt that was here before.
func (w *Worker) reportAgain(id wire.DriverID, attempt int64) {
	if k := w.known[id]; k.attempt == attempt {
		w.report(id, attempt, k.state)
	}
}

func (w *Worker) armResend() {
	if w.resend == 0 {
		w.resend = host.After(w.h, w.cfg.Relaunch, (*Worker).sendAgain, struct{}{})
	}
}

// sendAgain reports every end that nobody has acknowledged yet.
func (w *Worker) sendAgain(struct{}) {
	w.resend = 0
	for i := range w.runs {
		if r := &w.runs[i]; r.state.Over() {
			w.report(r.driver, r.attempt, r.state)
			w.armResend()
		}
	}
	if w.sendStatesAgain() {
		w.armResend()
	}
}

// acknowledged forgets an end that the master knows.
func (w *Worker) acknowledged(c host.ConnID, m wire.DriverStateAck) {
	if !w.admit(c, m.Term) || !m.State.Over() {
		return
	}
	w.runs = slices.DeleteFunc(w.runs, func(r run) bool {
		return r.driver == m.Driver && r.attempt == m.Attempt && r.state.Over()
	})
}

// onWorker lists what runs here, and what ended and is not acknowledged.
func (w *Worker) onWorker() []wire.DriverOnWorker {
	var out []wire.DriverOnWorker
	for i := range w.runs {
		if r := &w.runs[i]; !r.lost {
			out = append(out, wire.DriverOnWorker{
				ID: r.driver, Attempt: r.attempt, State: r.state, Cores: r.desc.Cores, Memory: r.desc.Memory,
			})
		}
	}
	return out
}
