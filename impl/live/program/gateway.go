package program

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/simctl/simctl/impl/apps"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/live"
	"github.com/simctl/simctl/impl/live/web"
	"github.com/simctl/simctl/impl/master"
	"github.com/simctl/simctl/impl/wire"
)

// A gateway does what submission requests ask of the master in this process.
// It talks to it as any client does, over a connection of its own for each
// request; what it only looks at it reads on the master's loop.
type gateway struct {
	h    *live.Host
	m    *master.Master
	self host.Addr
	// cleared are what has ended and pages show no more. They belong to the loop.
	cleared     map[wire.DriverID]bool
	clearedApps map[wire.AppID]bool
}

// patience is how long a request waits for the master (spark.rpc.askTimeout).
const patience = 120 * time.Second

// read reads the master's status between two of its events.
func (g *gateway) read() (s master.Status, err error) {
	err = g.h.Call(func() {
		s = g.m.Status()
		s.Drivers = slices.DeleteFunc(s.Drivers, func(d master.DriverStatus) bool { return d.Ended && g.cleared[d.Record.ID] })
		s.Apps = slices.DeleteFunc(s.Apps, func(a apps.Status) bool { return a.Ended && g.clearedApps[a.Record.ID] })
	})
	return s, err
}

// notAlive is the refusal of a master that is not ALIVE, nil from one that is.
func (g *gateway) notAlive(only string) error {
	s, err := g.read()
	if err == nil && s.State != master.Alive.Spark() {
		err = web.NotAlive(s.State, only)
	}
	return err
}

// ask sends the master a request and waits for its answer.
func ask[Answer host.Message](ctx context.Context, g *gateway, q host.Message) (a Answer, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return Ask[Answer](ctx, g.self, q)
}

// Ask sends the master at an address a request, over a connection of its own,
// and waits for its answer until ctx is done.
func Ask[Answer host.Message](ctx context.Context, master host.Addr, q host.Message) (a Answer, err error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", string(master))
	if err != nil {
		return a, fmt.Errorf("ask the master: %w", err)
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.Close() })()
	out, err := wire.Codec{}.Append(nil, q)
	if err == nil {
		_, err = c.Write(out)
	}
	buf, in := make([]byte, 4096), []byte(nil)
	for err == nil {
		m, used, bad := wire.Codec{}.Decode(in)
		if bad != nil {
			return a, fmt.Errorf("the master's answer: %w", bad)
		}
		if used > 0 {
			a, ok := m.(Answer)
			if !ok {
				return a, fmt.Errorf("the master answered with %s", m.Name())
			}
			return a, nil
		}
		var n int
		n, err = c.Read(buf)
		in = append(in, buf[:n]...)
	}
	return a, fmt.Errorf("ask the master: %w", errors.Join(err, ctx.Err()))
}

// Submit implements [web.Gateway].
func (g *gateway) Submit(ctx context.Context, s web.Submission) (string, error) {
	if err := g.notAlive(web.AcceptSubmissions); err != nil {
		return "", err
	}
	a, err := ask[wire.SubmitDriverResponse](ctx, g, wire.RequestSubmitDriver{Req: 1, Desc: descOf(s)})
	switch {
	case err != nil:
		return "", err
	case a.NotAlive:
		return "", g.changed(web.AcceptSubmissions)
	case !a.OK:
		return "", web.Refusal(a.Reason)
	}
	return string(a.Driver), nil
}

// changed is the refusal of a master that was ALIVE when it was looked at, and
// was not when it was asked.
func (g *gateway) changed(only string) error {
	if err := g.notAlive(only); err != nil {
		return err
	}
	return web.NotAlive(master.Standby.Spark(), only)
}

// Kill implements [web.Gateway].
func (g *gateway) Kill(ctx context.Context, id string) error {
	if err := g.notAlive(web.KillDrivers); err != nil {
		return err
	}
	a, err := ask[wire.KillDriverResponse](ctx, g, wire.RequestKillDriver{Req: 1, Driver: wire.DriverID(id)})
	switch {
	case err != nil:
		return err
	case a.NotAlive:
		return g.changed(web.KillDrivers)
	case !a.OK:
		return web.Refusal("Driver " + id + " has already finished or does not exist")
	}
	return nil
}

// KillAll implements [web.Gateway]: it asks for an end of each driver that has
// none. One that ends meanwhile is none the worse.
func (g *gateway) KillAll(ctx context.Context) error {
	s, err := g.read()
	if err != nil {
		return err
	}
	if s.State != master.Alive.Spark() {
		return web.NotAlive(s.State, web.KillDrivers)
	}
	for _, d := range s.Drivers {
		if d.Ended {
			continue
		}
		a, err := ask[wire.KillDriverResponse](ctx, g, wire.RequestKillDriver{Req: 1, Driver: d.Record.ID})
		if err != nil {
			return err
		}
		if a.NotAlive {
			return g.changed(web.KillDrivers)
		}
	}
	return nil
}

// killApp ends an application, as Spark's page does.
func (g *gateway) killApp(_ context.Context, id string) error {
	return g.h.Call(func() {
		for i := 0; g.m.Part(i) != nil; i++ {
			if a, ok := g.m.Part(i).(*apps.Apps); ok {
				a.Kill(wire.AppID(id))
			}
		}
	})
}

// Status implements [web.Gateway].
func (g *gateway) Status(ctx context.Context, id string) (d web.DriverState, err error) {
	if err := g.notAlive(web.RequestStatus); err != nil {
		return d, err
	}
	a, err := ask[wire.DriverStatusResponse](ctx, g, wire.RequestDriverStatus{Req: 1, Driver: wire.DriverID(id)})
	switch {
	case err != nil:
		return d, err
	case a.NotAlive:
		return d, g.changed(web.RequestStatus)
	case a.Reason != "":
		return d, web.Refusal(a.Reason)
	case !a.Found:
		return d, nil
	}
	d = web.DriverState{Found: true, State: string(a.State), WorkerID: string(a.Worker)}
	s, err := g.read()
	for _, w := range s.Workers {
		if w.ID == a.Worker {
			d.WorkerHostPort = string(w.Addr)
		}
	}
	return d, err
}

// Clear implements [web.Gateway]. Spark's master forgets what has ended. One
// with durable state only shows it no more: who asks for it is still told.
func (g *gateway) Clear(context.Context) error {
	return g.h.Call(func() {
		s := g.m.Status()
		for _, d := range s.Drivers {
			if d.Ended {
				g.cleared[d.Record.ID] = true
			}
		}
		for _, a := range s.Apps {
			if a.Ended {
				g.clearedApps[a.Record.ID] = true
			}
		}
		g.m.ClearCompleted()
	})
}

// Ready implements [web.Gateway]: see [master.Master.Ready].
func (g *gateway) Ready(context.Context) (ready bool, err error) {
	err = g.h.Call(func() { ready = g.m.Ready() })
	return ready, err
}

// restPorts is how many ports are tried, one after another, for submissions
// (spark.port.maxRetries).
const restPorts = 16

// serveSubmissions serves at addr, or, if that port is taken, at one of the
// next.
func (g *gateway) serveSubmissions(addr string) (*web.Server, error) {
	s, first := web.ServeSubmissions(addr, g)
	name, text, err := net.SplitHostPort(addr)
	port, bad := strconv.Atoi(text)
	for i := 1; first != nil && err == nil && bad == nil && port != 0 && i <= restPorts; i++ {
		if s, err := web.ServeSubmissions(net.JoinHostPort(name, strconv.Itoa(port+i)), g); err == nil {
			return s, nil
		}
	}
	return s, first
}

// descOf is a submission as a driver of ours. Its arguments may say how long
// it runs and how it ends, as for=5s and exit=1; others are its own.
func descOf(s web.Submission) wire.Desc {
	d := wire.Desc{
		Tag: s.MainClass, Key: s.Key, Cores: s.Cores, Memory: s.Memory, Supervise: s.Supervise, RunFor: time.Second,
	}
	if name := s.Properties["spark.app.name"]; name != "" {
		d.Tag = name
	}
	for _, a := range s.AppArgs {
		switch key, v, _ := strings.Cut(a, "="); key {
		case "for":
			if span, err := time.ParseDuration(v); err == nil && span >= 0 {
				d.RunFor = span
			}
		case "exit":
			if status, err := strconv.ParseInt(v, 10, 32); err == nil {
				d.Status = status
			}
		}
	}
	return d
}
