package program

import (
	"net"
	"strconv"
	"strings"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/live"
	"github.com/simctl/simctl/impl/live/web"
	"github.com/simctl/simctl/impl/master"
	"github.com/simctl/simctl/impl/wire"
	"github.com/simctl/simctl/impl/worker"
)

// serve serves what a process shows and takes over HTTP until end is called.
func (o *Options) serve(h *live.Host, p host.Process) (end func(), err error) {
	var open []*web.Server
	end = func() {
		for _, s := range open {
			_ = s.Close() // the process ends: nobody is left to tell
		}
	}
	keep := func(s *web.Server, failed error) {
		if s != nil {
			open = append(open, s)
		}
		err = failed
	}
	switch p := p.(type) {
	case *display:
		g := &gateway{h: h, m: p.Master, self: o.Listen, cleared: map[wire.DriverID]bool{}, clearedApps: map[wire.AppID]bool{}}
		rest := ""
		if o.REST != "" {
			var s *web.Server
			if s, err = g.serveSubmissions(o.REST); err == nil {
				rest = "http://" + s.Addr
			}
			keep(s, err)
		}
		if o.HTTP != "" && err == nil {
			var kills *web.Kills
			if o.Conf.Kills() {
				kills = &web.Kills{App: g.killApp, Driver: g.Kill}
			}
			keep(web.ServeMaster(o.HTTP, func() (page web.Master, err error) {
				s, err := g.read()
				if err == nil {
					err = h.Call(func() { page = p.page(s) })
				}
				page.RestURL = rest
				return page, err
			}, kills))
		}
	case *worker.Worker:
		if o.HTTP != "" {
			keep(web.ServeWorker(o.HTTP, func() (page web.WorkerSelf, err error) {
				err = h.Call(func() { page = workerPage(p.Status()) })
				return page, err
			}))
		}
	}
	if err != nil {
		end()
	}
	return end, err
}

// page is a master's status as its page shows it.
func (d *display) page(s master.Status) web.Master {
	out := masterPage(s, d.now())
	for i := range out.Workers {
		out.Workers[i].LastHeartbeat = d.heard[wire.WorkerID(out.Workers[i].ID)]
	}
	for _, drivers := range [][]web.Driver{out.ActiveDrivers, out.CompletedDrivers} {
		for i := range drivers {
			if at := d.submitted[wire.DriverID(drivers[i].ID)]; at != 0 {
				drivers[i].StartTime, drivers[i].SubmitDate = strconv.FormatInt(at, 10), web.Date(at)
			}
		}
	}
	return out
}

// masterPage is what a master's status says by itself, at a moment in ms.
func masterPage(s master.Status, now int64) web.Master {
	out := web.Master{URL: sparkURL(s.Addr), Status: s.State, Term: s.Term, WaitingDrivers: s.Waiting}
	for _, w := range s.Workers {
		name, port, _ := net.SplitHostPort(string(w.Addr))
		n, _ := strconv.Atoi(port)
		out.Workers = append(out.Workers, web.Worker{
			ID: string(w.ID), Host: name, Port: n, State: strings.ToUpper(w.State),
			Cores: w.Cores, CoresUsed: w.CoresUsed, Memory: w.Memory, MemoryUsed: w.MemoryUse,
		})
	}
	for _, d := range s.Drivers {
		r := d.Record
		shown := web.Driver{
			ID: string(r.ID), State: string(r.State), Cores: r.Desc.Cores, Memory: r.Desc.Memory, Worker: string(r.Worker),
			MainClass: r.Desc.Tag,
		}
		if d.Ended {
			out.CompletedDrivers = append(out.CompletedDrivers, shown)
		} else {
			out.ActiveDrivers = append(out.ActiveDrivers, shown)
		}
	}
	for _, a := range s.Apps {
		shown := web.App{
			ID: string(a.Record.ID), Name: a.Record.Desc.Tag, User: user, MemoryPerExecutor: a.Record.Desc.Memory,
			State: string(a.State), Cores: a.Cores,
		}
		if shown.StartTime = millis(host.Wall(a.Record.Start)); shown.StartTime != 0 {
			shown.SubmitDate = web.Date(shown.StartTime)
			switch until := millis(a.Until); {
			case until != 0:
				shown.Duration = until - shown.StartTime
			case !a.Ended:
				shown.Duration = now - shown.StartTime
			}
		}
		if a.Ended {
			out.CompletedApps = append(out.CompletedApps, shown)
		} else {
			out.ActiveApps = append(out.ActiveApps, shown)
		}
	}
	return out
}

// user is in whose name applications run: nobody tells another one.
const user = "simctl"

// workerPage is a worker's status as its page shows it.
func workerPage(s worker.Status) web.WorkerSelf {
	out := web.WorkerSelf{
		ID: string(s.ID), MasterURL: sparkURL(s.Master), Cores: s.Cores, CoresUsed: s.CoresUsed, Memory: s.Memory, MemoryUsed: s.MemoryUsed,
	}
	for _, x := range s.Executors {
		if x.State.Finished() {
			out.FinishedExecutors = append(out.FinishedExecutors, executorOnPage(x))
		} else {
			out.Executors = append(out.Executors, executorOnPage(x))
		}
	}
	for _, x := range s.Finished {
		out.FinishedExecutors = append(out.FinishedExecutors, executorOnPage(x))
	}
	for _, d := range s.Drivers {
		out.Drivers = append(out.Drivers, web.Driver{
			ID: string(d.ID), State: string(d.State), Cores: d.Cores, Memory: d.Memory, Worker: string(s.ID),
		})
	}
	return out
}

func executorOnPage(x worker.Executor) web.Executor {
	return web.Executor{ID: x.ID, Memory: x.Memory, AppID: string(x.App), AppDesc: web.AppDesc{
		Name: x.Desc.Tag, Cores: x.Desc.MaxCores, MemoryPerExecutor: x.Desc.Memory, User: user, Command: "executor",
	}}
}

func sparkURL(a host.Addr) string {
	if a == "" {
		return ""
	}
	return "spark://" + string(a)
}
