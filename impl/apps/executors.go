package apps

import (
	"fmt"
	"slices"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/schedule"
	"github.com/simctl/simctl/impl/wire"
)

// Schedule gives the applications executors, one after the other as they
// registered (Master.scala, startExecutorsOnWorkers). With connection-incarnation
// one that is mute gets none, and one whose executors failed rests: if its driver
// is gone they would end as fast as they are launched.
func (a *Apps) Schedule() {
	if a.owner.Phase() != Acting {
		return
	}
	for _, id := range slices.Clone(a.order) {
		p := a.apps[id]
		if p.told.ID != "" && !p.asked && !a.mute(p) && p.rest == 0 && !p.rec.State.Terminal() {
			a.give(p)
		}
	}
}

// give launches what p may have.
func (a *Apps) give(p *app) {
	want := schedule.App{Unit: p.rec.Desc.Cores, Memory: p.rec.Desc.Memory, CoresLeft: a.wants(p), Limit: p.rec.Target, Have: p.have()}
	if want.Limit < 0 {
		want.Limit = schedule.NoLimit
	}
	if want.CoresLeft < max(want.Unit, 1) {
		return
	}
	pool := a.owner.Usable()
	usable, _ := schedule.Usable(want, a.cfg.Schedule.Selection, pool)
	next := p.rec
	for i, cores := range schedule.Executors(want, usable, !a.cfg.Schedule.FillApps) {
		for _, n := range schedule.Split(cores, want.Unit) {
			x := executor{ID: next.Next, Worker: wire.WorkerID(usable[i].ID), Cores: n, Memory: want.Memory, State: wire.ExecutorLaunching}
			next.Next++
			a.count(p, x)
		}
	}
	if next.Next != p.rec.Next {
		next.State = wire.AppRunning
		a.decide(p, next, a.pol.DurableDriverState, decision{})
	}
}

// wants is how many more cores an application may have.
func (a *Apps) wants(p *app) int64 {
	most := p.rec.Desc.MaxCores
	if most <= 0 {
		most = a.cfg.Schedule.DefaultCores
	}
	if most <= 0 {
		return schedule.NoLimit
	}
	return most - p.granted
}

func (p *app) have() int64 {
	var n int64
	for i := range p.execs {
		if !p.execs[i].Gone {
			n++
		}
	}
	return n
}

// count makes x one of p's executors. One that is counted twice is one entry,
// whose cores are used twice (D-36).
func (a *Apps) count(p *app, x executor) {
	if i := p.at(x.ID); i >= 0 {
		p.execs[i] = x
	} else {
		p.execs = append(p.execs, x)
	}
	p.granted += x.Cores
	a.owner.Use(x.Worker, x.Cores, x.Memory)
}

// at is where the executor of an ID stands, -1 if there is none.
func (p *app) at(id int64) int {
	return slices.IndexFunc(p.execs, func(x executor) bool { return x.ID == id })
}

// killAll ends what p has. Spark's decommissioned executors are no more its.
func (a *Apps) killAll(p *app) {
	for i := 0; i < len(p.execs); {
		if p.execs[i].Gone && !a.pol.AdoptOrKill {
			i++
		} else {
			a.kill(p, a.take(p, i))
		}
	}
}

// take takes an executor out of p's; what it uses stays counted at its worker.
func (a *Apps) take(p *app, i int) executor {
	x := p.execs[i]
	a.h.StopTimer(x.Timer)
	p.execs = slices.Delete(p.execs, i, i+1)
	if !x.Gone {
		p.granted -= x.Cores
	}
	return x
}

// launchCommitted sends the launches that p's record decides.
func (a *Apps) launchCommitted(p *app) {
	for i := range p.execs {
		if x := &p.execs[i]; !x.Sent && x.Timer == 0 && x.ID < p.told.Next {
			a.pursue(p, x)
		}
	}
}

// pursue sends the launch of an executor, with launch-ack until its worker has
// reported it.
func (a *Apps) pursue(p *app, x *executor) {
	a.h.StopTimer(x.Timer)
	x.Timer = 0
	if x.Confirmed || x.Gone {
		return
	}
	if now := a.owner.Phase(); now == Acting || now == Holding && !a.pol.LaunchAck {
		a.owner.Say(Output{Worker: x.Worker, Msg: wire.LaunchExecutor{Master: a.cfg.Addr, Term: a.term(), App: p.rec.ID, ID: x.ID,
			Desc: p.told.Desc, Cores: x.Cores, Memory: x.Memory, Decision: a.decisionOf(p)}})
		if addr, _ := a.owner.Place(x.Worker); !x.Sent {
			a.tell(p, wire.ExecutorAdded{App: p.rec.ID, ID: x.ID, Worker: x.Worker, Addr: addr, Cores: x.Cores, Memory: x.Memory, Term: a.term()})
		}
		x.Sent = true
	}
	if a.pol.LaunchAck {
		x.Timer = host.After(a.h, a.cfg.Again, (*Apps).pursueAgain, ExecutorID{p.rec.ID, x.ID})
	}
}

// decisionOf is the transaction that decided what p's record says; without
// durable state there is none.
func (a *Apps) decisionOf(p *app) int64 {
	if !a.pol.DurableDriverState {
		return 0
	}
	return p.zxid
}

func (a *Apps) pursueAgain(e ExecutorID) { a.owner.Post(host.Bind((*Apps).pursueNow, e)) }

func (a *Apps) pursueNow(e ExecutorID) {
	if p := a.live(e.App); p != nil {
		if i := p.at(e.ID); i >= 0 {
			a.pursue(p, &p.execs[i])
		}
	}
}

// kill ends an executor that was taken out of p's. Spark frees its cores at
// once (D-23).
func (a *Apps) kill(p *app, x executor) {
	s := stray{App: p.rec.ID, ID: x.ID, Worker: x.Worker, Cores: x.Cores, Memory: x.Memory}
	if !x.Sent {
		a.owner.Use(x.Worker, -x.Cores, -x.Memory)
		return
	}
	a.expel(s)
}

// expel tells a worker to end an executor. With release-on-exit it asks until
// it has ended, and counts what it uses until then.
func (a *Apps) expel(s stray) {
	a.sendKill(s)
	if !a.pol.ReleaseOnExit {
		a.owner.Use(s.Worker, -s.Cores, -s.Memory)
		return
	}
	s.Timer = host.After(a.h, a.cfg.Again, (*Apps).chase, strayID{s.App, s.ID, s.Worker})
	a.strays = append(a.strays, s)
}

func (a *Apps) sendKill(s stray) {
	_, decision := a.owner.Reign()
	if !a.pol.TermFencing {
		decision = 0
	} else if p := a.apps[s.App]; p != nil {
		decision = max(decision, p.zxid)
	}
	a.owner.Say(Output{Worker: s.Worker, Msg: wire.KillExecutor{Master: a.cfg.Addr, Term: a.term(), App: s.App, ID: s.ID, Decision: decision}})
}

// strayID names a stray.
type strayID struct {
	App    wire.AppID
	ID     int64
	Worker wire.WorkerID
}

func (a *Apps) strayAt(n strayID) int {
	return slices.IndexFunc(a.strays, func(s stray) bool { return s.App == n.App && s.ID == n.ID && s.Worker == n.Worker })
}

func (a *Apps) chase(n strayID) { a.owner.Post(host.Bind((*Apps).chaseNow, n)) }

func (a *Apps) chaseNow(n strayID) {
	i := a.strayAt(n)
	if i < 0 {
		return
	}
	if a.owner.Phase() != Holding {
		a.sendKill(a.strays[i])
	}
	a.strays[i].Timer = host.After(a.h, a.cfg.Again, (*Apps).chase, n)
}

// strayEnded frees what a stray used.
func (a *Apps) strayEnded(i int) {
	s := a.strays[i]
	a.h.StopTimer(s.Timer)
	a.strays = slices.Delete(a.strays, i, i+1)
	if s.Cores != 0 || s.Memory != 0 {
		a.owner.Use(s.Worker, -s.Cores, -s.Memory)
	}
	a.answerKills()
}

// stateChanged takes a worker's report on an executor: an ask, so it is
// answered, also where Spark's master knows nothing of it.
func (a *Apps) stateChanged(c host.ConnID, r wire.ExecutorStateChanged) {
	if a.owner.Phase() == Idle {
		if !a.pol.ReportRetryTolerant {
			a.reply(request{Conn: c, Req: r.Req}, true)
		}
		return
	}
	err := a.report(r)
	if err != nil {
		a.reply(request{Conn: c, Req: r.Req}, false)
		a.owner.Fail(err)
		return
	}
	a.owner.Then(host.Bind((*Apps).reported, request{Conn: c, Req: r.Req}))
}

func (a *Apps) reported(q request) {
	a.owner.Schedule()
	a.reply(q, true)
}

func (a *Apps) reply(q request, ok bool) {
	a.owner.Say(Output{Conn: q.Conn, Msg: wire.ExecutorStateAck{Req: q.Req, OK: ok, Term: a.term()}})
}

// report applies a report. Spark's master demands that an executor that runs
// was launching, which one that it learned of from its worker was not (D-08).
func (a *Apps) report(r wire.ExecutorStateChanged) error {
	if i := a.strayAt(strayID{r.App, r.ID, r.Worker}); i >= 0 {
		if r.State.Finished() {
			a.strayEnded(i)
		}
		return nil
	}
	p, i := a.live(r.App), -1
	if p != nil {
		i = p.at(r.ID)
	}
	switch {
	case i < 0, a.pol.TermInIDs && p.execs[i].Worker != r.Worker, p.execs[i].Gone && !a.pol.AdoptOrKill:
		a.unknown(p, r)
		return nil
	case r.State.Finished():
		a.finished(p, i, r)
		return nil
	}
	x := &p.execs[i]
	was := x.State
	if !x.Gone {
		x.State = r.State
	}
	if r.State == wire.ExecutorRunning && was != wire.ExecutorLaunching && !a.pol.ReportRetryTolerant {
		return fmt.Errorf("executor %s/%d is reported RUNNING and was %s", r.App, r.ID, was)
	}
	first := !x.Confirmed
	a.confirm(x)
	if r.State == wire.ExecutorRunning && p.rec.Failures != 0 {
		next := p.rec
		next.Failures = 0
		a.decide(p, next, a.pol.DurableTargetsAndMarks, decision{})
	}
	if first || !a.pol.ReportRetryTolerant {
		a.tell(p, updated(r, a.term()))
	}
	return nil
}

// unknown deals with a report on an executor that is not on record: one that
// runs is told to end; the end of one is told to its application, which may have
// had it from an earlier master.
func (a *Apps) unknown(p *app, r wire.ExecutorStateChanged) {
	_, there := a.owner.Place(r.Worker)
	switch {
	case !a.pol.AdoptOrKill:
	case !r.State.Finished() && there:
		a.expel(stray{App: r.App, ID: r.ID, Worker: r.Worker})
	case r.State.Finished() && p != nil:
		a.loss(p, updated(r, a.term()))
	}
}

// confirm ends the sending of launches.
func (a *Apps) confirm(x *executor) {
	x.Confirmed = true
	a.h.StopTimer(x.Timer)
	x.Timer = 0
}

func updated(r wire.ExecutorStateChanged, term int64) wire.ExecutorUpdated {
	return wire.ExecutorUpdated{App: r.App, ID: r.ID, State: r.State, Status: r.Status, Reason: r.Reason, Term: term}
}

// finished is the end of an executor that nobody asked for. Too many failures,
// one after another, end its application.
func (a *Apps) finished(p *app, i int, r wire.ExecutorStateChanged) {
	x := a.take(p, i)
	a.owner.Use(x.Worker, -x.Cores, -x.Memory)
	a.loss(p, updated(r, a.term()))
	if r.Status == 0 || x.Gone || p.rec.State.Terminal() {
		return
	}
	a.fell(p)
	next := p.rec
	next.Failures++
	runs := slices.ContainsFunc(p.execs, func(x executor) bool { return x.State == wire.ExecutorRunning })
	if a.cfg.Retries >= 0 && next.Failures >= a.cfg.Retries && !runs {
		p.rec.Failures = next.Failures
		a.end(p, wire.AppFailed, fmt.Sprintf("%d executors failed one after another", next.Failures), decision{})
		return
	}
	a.decide(p, next, a.pol.DurableTargetsAndMarks, decision{})
}

// fallsAtMost is how many executors of an application may fail before it rests.
const fallsAtMost = 4

// fell takes note of a failure. In Spark every executor that begins to run
// makes up for the failures before it, so that one which fails right after is
// launched again without end, as fast as it fails. With
// durable-targets-and-marks so many are launched, and after a pause as many
// again.
func (a *Apps) fell(p *app) {
	if !a.pol.DurableTargetsAndMarks {
		return
	}
	if p.falls++; p.falls >= fallsAtMost && p.rest == 0 {
		p.rest = host.After(a.h, a.cfg.Again, (*Apps).rested, p.rec.ID)
	}
}

func (a *Apps) rested(id wire.AppID) {
	if p := a.live(id); p != nil {
		p.falls, p.rest = 0, 0
		a.owner.Schedule()
	}
}
