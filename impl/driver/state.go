package driver

import (
	"slices"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/wire"
)

// A Status is what the driver of an application says of it, for tests.
type Status struct {
	App       wire.AppID // "" before it is registered
	Master    host.Addr  // the one it follows
	Connected bool
	Stage     int64
	Waiting   int // tasks of the stage
	Running   int
	Done      int
	Executors []int64 // that it holds, those included that are gone without a word
	Result    int64
}

// Status returns the application's state now.
func (d *Driver) Status() Status {
	a := &d.app
	s := Status{App: a.id, Master: a.master, Connected: a.connected, Stage: a.stage, Result: a.result}
	for i := range a.tasks {
		switch a.tasks[i].state {
		case waiting:
			s.Waiting++
		case running:
			s.Running++
		case done:
			s.Done++
		}
	}
	for i := range a.executors {
		s.Executors = append(s.Executors, a.executors[i].id)
	}
	return s
}

func (a *application) clone() application {
	c := *a
	c.links = slices.Clone(a.links)
	for i := range c.links {
		c.links[i].queue = slices.Clone(c.links[i].queue)
	}
	c.requests, c.executors, c.tasks = slices.Clone(a.requests), slices.Clone(a.executors), slices.Clone(a.tasks)
	return c
}

func (a *application) digest(d *host.Digest) {
	d.Uint(uint64(a.phase))
	d.Uint(uint64(len(a.links)))
	for i := range a.links {
		a.links[i].digest(d)
	}
	d.Str(string(a.id))
	d.Str(string(a.master))
	d.Int(a.term)
	d.Bool(a.connected)
	d.Int(a.seen)
	d.Int(int64(a.attempts))
	d.Timer(a.retry)
	d.Timer(a.silence)
	d.Uint(uint64(len(a.requests)))
	for _, r := range a.requests {
		d.Int(r.req)
		d.Str(r.m.Name())
		r.m.Digest(d)
	}
	d.Int(a.reqs)
	d.Timer(a.again)
	d.Bool(a.killed)
	d.Bool(a.parting)
	d.Uint(uint64(len(a.executors)))
	for i := range a.executors {
		a.executors[i].digest(d)
	}
	d.Int(a.stage)
	d.Uint(uint64(len(a.tasks)))
	for i := range a.tasks {
		t := &a.tasks[i]
		d.Uint(uint64(t.state))
		d.Int(t.executor)
		d.Int(t.attempt)
		d.Int(int64(t.failures))
	}
	d.Int(a.result)
	d.Timer(a.deposits)
	d.Str(a.log.name)
	d.Bool(a.log.open)
}

func (l *link) digest(d *host.Digest) {
	d.Str(string(l.addr))
	d.Conn(l.conn)
	d.Bool(l.up)
	d.Uint(uint64(len(l.queue)))
	for _, m := range l.queue {
		d.Str(m.Name())
		m.Digest(d)
	}
	d.Timer(l.timer)
	d.Bool(l.asked)
}

func (e *executor) digest(d *host.Digest) {
	d.Int(e.id)
	d.Str(string(e.app))
	d.Str(string(e.worker))
	d.Conn(e.conn)
	d.Int(e.cores)
	d.Bool(e.leaving)
	d.Timer(e.timer)
}
