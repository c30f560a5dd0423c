package driver

import (
	"fmt"
	"slices"

	"github.com/simctl/simctl/impl/eventlog"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/wire"
)

// A phase is how far an application is.
type phase uint8

const (
	working    phase = iota // on its stages
	depositing              // it waits for the account's answer
	leaving                 // it has its results, and says so
)

// An application is everything of a driver that has one. Masters know it by ID.
type application struct {
	phase phase
	links []link

	// Its client.
	id        wire.AppID // "" before it is registered
	master    host.Addr  // the one it follows; "" before the first
	term      int64      // in which that one said so
	connected bool       // the connection to that one was not lost since
	seen      int64      // the highest term of any master
	attempts  int        // to register
	retry     host.TimerID
	silence   host.TimerID // rings when the master has said nothing for too long
	requests  []request    // to masters, not answered
	reqs      int64
	again     host.TimerID // sends them again
	killed    bool         // it has ended the executors that its job says
	parting   bool         // UnregisterApplication was sent and is not confirmed

	// Its work.
	executors []executor
	stage     int64
	tasks     []task
	result    int64
	deposits  host.TimerID // sends the deposit again
	log       log
}

// A request is what a master is asked about executors.
type request struct {
	req int64
	m   host.Message
}

// startApp looks for the worker, listens, and registers.
func (d *Driver) startApp() {
	a := &d.args.App
	a.Driver = d.args.Listen
	if d.cfg.Policy.IdempotencyKeys {
		a.Key = string(d.h.Self())
	}
	if err := d.h.Listen(d.args.Listen, wire.Codec{}); err != nil {
		d.h.Note(host.Note{Kind: host.NoteFailed, Value: fmt.Sprintf("listen on %s: %v", d.args.Listen, err)})
		d.end("failed", Failed)
		return
	}
	if d.args.Worker != "" {
		d.worker = d.h.Dial(d.args.Worker, wire.Codec{})
	}
	d.app.tasks = make([]task, d.args.Job.Tasks)
	d.register(struct{}{})
}

// register asks every master. Spark's application gives up after three times
// (D-44), and never asks again once it was accepted. With
// clients-never-forget-a-master it goes on; as its key is the same it cannot
// become two.
func (d *Driver) register(struct{}) {
	a := &d.app
	a.retry = 0
	forever := d.cfg.Policy.ClientsNeverForgetAMaster
	if a.attempts >= d.cfg.RegisterMax && !forever {
		d.giveUp("all masters are unresponsive", "failed", Failed)
		return
	}
	a.attempts = min(a.attempts+1, d.cfg.RegisterMax)
	for _, m := range d.args.Masters {
		if forever {
			d.sendAnew(m, wire.RegisterApplication{Desc: d.args.App, Term: a.seen})
		} else {
			d.send(m, wire.RegisterApplication{Desc: d.args.App, Term: a.seen})
		}
	}
	a.retry = host.After(d.h, d.cfg.Register, (*Driver).register, struct{}{})
}

// linkBroke tells that a connection which the driver dialled is gone. To lose
// its master means nothing to Spark's application: it waits to be told of
// another, for ever if the master has finished it (D-13).
func (d *Driver) linkBroke(addr host.Addr) {
	a := &d.app
	if addr != a.master || !a.connected {
		return
	}
	a.connected = false
	if d.asksOn() && a.retry == 0 {
		a.retry = host.After(d.h, d.cfg.Retry, (*Driver).register, struct{}{})
	}
}

// asksOn reports whether an application that has been registered may ask for it
// again: with its key it cannot become two.
func (d *Driver) asksOn() bool {
	return d.cfg.Policy.ClientsNeverForgetAMaster && d.cfg.Policy.IdempotencyKeys
}

// admit takes note of the term that a master's message carries, and reports
// whether it is heard: without term fencing always.
func (d *Driver) admit(term int64) bool {
	if d.cfg.Policy.TermFencing && term < d.app.seen {
		return false
	}
	d.app.seen = max(d.app.seen, term)
	return true
}

// mine reports whether a message is about this application. Spark's messages do
// not say.
func (d *Driver) mine(id wire.AppID) bool { return id == d.app.id || !d.cfg.Policy.TermInIDs }

func (d *Driver) masterSays(m host.Message) {
	switch m := m.(type) {
	case wire.RegisteredApplication:
		d.registered(m)
	case wire.MasterChanged:
		d.masterChanged(m)
	case wire.ExecutorUpdated:
		if d.admit(m.Term) && d.mine(m.App) {
			d.executorUpdated(m)
		}
	case wire.ApplicationRemoved:
		if d.admit(m.Term) && d.mine(m.App) && d.app.phase != leaving {
			d.noteMaster("removed", m.Reason, m.Term)
			d.giveUp("the master removed it: "+m.Reason, "failed", Failed)
		}
	case wire.ExecutorsResponse:
		if d.admit(m.Term) {
			d.requestAnswered(m)
		}
	case wire.UnregisteredApplication:
		if d.admit(m.Term) && d.mine(m.App) && d.app.phase == leaving {
			d.app.parting = false
			d.leaveIfDone()
		}
	case wire.ExecutorAdded:
		d.admit(m.Term)
	case wire.WorkerRemoved:
		d.admit(m.Term)
	}
}

// registered takes the answer. Whatever comes last overwrites what came before,
// as in Spark, where it may be another application (D-12).
func (d *Driver) registered(m wire.RegisteredApplication) {
	if !d.admit(m.Term) {
		return
	}
	a := &d.app
	first := a.id == ""
	known := m.App == a.id
	a.id = m.App
	d.follow(m.Master, m.Term)
	if !known || !d.cfg.Policy.IdempotencyKeys {
		d.noteMaster("registered", string(m.App), m.Term)
	}
	if first {
		d.openLog()
		d.strangersLeave()
		d.tune()
	}
	d.offer()
}

// tune asks for executors and ends some when the job says so.
func (d *Driver) tune() {
	switch job := &d.args.Job; {
	case job.RequestAfter > 0:
		host.After(d.h, job.RequestAfter, (*Driver).askFor, struct{}{})
	default:
		d.askFor(struct{}{})
	}
	if after := d.args.Job.KillAfter; after > 0 {
		host.After(d.h, after, (*Driver).killSome, struct{}{})
	}
}

// askFor asks for as many executors as the job says.
func (d *Driver) askFor(struct{}) {
	if n := d.args.Job.Request; n != 0 && d.app.phase != leaving && !d.done {
		d.request(wire.RequestExecutors{Total: n})
	}
}

// masterChanged follows a new master. One that comes before the application
// knows its own ID is answered without it, as in Spark, or, with keys, by
// asking for it again.
func (d *Driver) masterChanged(m wire.MasterChanged) {
	a := &d.app
	if !d.admit(m.Term) {
		return
	}
	if a.master != m.Master || a.term != m.Term || !a.connected { // it may only ask whether we are there
		d.noteMaster("master", string(a.id), m.Term)
	}
	if a.id == "" && d.cfg.Policy.IdempotencyKeys {
		d.sendAnew(m.Master, wire.RegisterApplication{Desc: d.args.App, Term: a.seen})
		return
	}
	if a.id != "" {
		d.follow(m.Master, m.Term)
	} else {
		a.master, a.term, a.connected = m.Master, m.Term, true
	}
	d.send(m.Master, wire.MasterChangeAcknowledged{App: a.id, Term: a.seen})
	if a.phase == leaving && a.parting {
		d.send(m.Master, wire.UnregisterApplication{App: a.id, Term: a.seen})
	}
}

// follow makes a master the application's.
func (d *Driver) follow(m host.Addr, term int64) {
	a := &d.app
	if d.cfg.Policy.ConnectionIncarnation {
		for i := range a.links {
			if l := &a.links[i]; l.addr != m && l.addr != d.args.Job.Ledger {
				d.hangUp(l)
			}
		}
	}
	a.master, a.term, a.connected = m, term, true
	if a.phase == leaving {
		return // the timer is the one that says so again
	}
	d.h.StopTimer(a.retry)
	a.retry = 0
	if d.asksOn() && d.cfg.Policy.ConnectionIncarnation {
		d.h.StopTimer(a.silence)
		a.silence = host.After(d.h, d.cfg.Silence, (*Driver).masterSilent, struct{}{})
	}
}

// masterSilent asks for the application again when its master, which asks for a
// sign of life with connection-incarnation, says nothing: it may have given the
// application up, and its word on that may be lost with the connection.
func (d *Driver) masterSilent(struct{}) {
	d.app.silence = 0
	if l := d.link(d.app.master); d.app.connected && d.app.phase != leaving && !d.done {
		d.hangUp(l)
		d.linkBroke(l.addr)
	}
}

// request asks the master about executors. Spark's application asks once; with
// durable-targets-and-marks until it is answered.
func (d *Driver) request(m host.Message) {
	a := &d.app
	a.reqs++
	a.requests = append(a.requests, request{a.reqs, m})
	d.ask(a.requests[len(a.requests)-1])
	if d.untilAnswered() && a.again == 0 {
		a.again = host.After(d.h, d.cfg.Retry, (*Driver).askAgain, struct{}{})
	}
}

func (d *Driver) untilAnswered() bool { return d.cfg.Policy.DurableTargetsAndMarks }

func (d *Driver) ask(r request) {
	a := &d.app
	switch m := r.m.(type) {
	case wire.RequestExecutors:
		m.Req, m.App, m.Term = r.req, a.id, a.seen
		d.send(a.master, m)
	case wire.KillExecutors:
		m.Req, m.App, m.Term = r.req, a.id, a.seen
		d.send(a.master, m)
	}
}

func (d *Driver) askAgain(struct{}) {
	a := &d.app
	a.again = 0
	if len(a.requests) == 0 || a.phase == leaving {
		return
	}
	for _, r := range a.requests {
		d.ask(r)
	}
	a.again = host.After(d.h, d.cfg.Retry, (*Driver).askAgain, struct{}{})
}

func (d *Driver) requestAnswered(m wire.ExecutorsResponse) {
	if !m.OK && d.untilAnswered() {
		return
	}
	d.app.requests = slices.DeleteFunc(d.app.requests, func(r request) bool { return r.req == m.Req })
}

// finish ends the application with its result: executors are stopped and the
// master is told. With idempotency keys the driver waits to be confirmed, but
// not longer than it would have waited to be registered.
func (d *Driver) finish() {
	a := &d.app
	a.phase = leaving
	d.noteApp("finished", string(a.id), a.result)
	d.writeLog(eventlog.Event{Kind: eventlog.ApplicationEnd, Result: a.result})
	d.dismiss()
	if a.master != "" && a.id != "" {
		d.send(a.master, wire.UnregisterApplication{App: a.id, Term: a.seen})
		a.parting = d.cfg.Policy.IdempotencyKeys
	}
	if a.parting {
		a.attempts = 0
		d.h.StopTimer(a.retry)
		a.retry = host.After(d.h, d.cfg.Register, (*Driver).partAgain, struct{}{})
	}
	d.closeLog()
	d.leaveIfDone()
}

// partAgain says once more that the application is over.
func (d *Driver) partAgain(struct{}) {
	a := &d.app
	a.retry = 0
	a.attempts++
	if a.attempts >= d.cfg.RegisterMax {
		d.leave()
		return
	}
	for _, m := range d.args.Masters {
		d.sendAnew(m, wire.UnregisterApplication{App: a.id, Term: a.seen})
	}
	a.retry = host.After(d.h, d.cfg.Register, (*Driver).partAgain, struct{}{})
}

func (d *Driver) leaveIfDone() {
	if d.app.phase == leaving && !d.app.parting && !d.app.log.open {
		d.leave()
	}
}

// leave exits. What was sent before arrives.
func (d *Driver) leave() {
	if d.done {
		return
	}
	for i := range d.app.links {
		d.hangUp(&d.app.links[i])
	}
	d.end("finished", 0)
}

// giveUp ends the application without a result, as a SparkContext that stops.
func (d *Driver) giveUp(why, how string, status int) {
	a := &d.app
	if d.done {
		return
	}
	d.noteApp("failed", why, 0)
	d.writeLog(eventlog.Event{Kind: eventlog.ApplicationEnd, Reason: why})
	d.dismiss()
	if a.master != "" && a.id != "" && a.connected {
		d.send(a.master, wire.UnregisterApplication{App: a.id, Term: a.seen})
	}
	for i := range a.links {
		d.hangUp(&a.links[i])
	}
	d.end(how, status)
}

// noteApp tells what happens to the application. N is a stage or the result.
func (d *Driver) noteApp(what, detail string, n int64) {
	d.h.Note(host.Note{
		Kind: host.NoteApp, Subject: d.args.App.Tag, Value: what, Detail: detail, Term: d.app.seen, N: n, M: d.args.Attempt,
	})
}

// noteMaster tells what a master of that term made of the application.
func (d *Driver) noteMaster(what, detail string, term int64) {
	d.h.Note(host.Note{Kind: host.NoteApp, Subject: d.args.App.Tag, Value: what, Detail: detail, Term: term, M: d.args.Attempt})
}
