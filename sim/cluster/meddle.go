package cluster

import (
	"slices"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/election"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/scenarios"
	"github.com/simctl/simctl/sim/kernel"
	"github.com/simctl/simctl/sim/zk"
)

// Meddle implements fault.World.
func (w *World) Meddle(name string, f scenarios.Fault, begins bool) {
	m := w.byName[name]
	if m.proc == nil || !m.proc.coordinated {
		return
	}
	switch t := &m.trouble; f.Class {
	case scenarios.DeleteZ:
		w.vandalise(m, f.What)
	case scenarios.SlowOp:
		if begins {
			t.Slow(f.What, int64(f.Extra))
		} else {
			t.Quick(f.What, int64(f.Extra))
		}
	case scenarios.LostReply:
		if begins {
			t.Lose(f.What, f.N)
		} else {
			t.Answer(f.What)
		}
	case scenarios.CutOff:
		if begins {
			t.Cut(f.What)
		} else {
			t.Mend(f.What, m.proc.zk)
		}
	default:
	}
}

// A vandal is a third party: it opens a session from a machine of its own,
// deletes what it came for and leaves. Without service it gives up.
type vandal struct {
	host.Process // it is only ever given results
	c            *zk.Client
	session      coord.Session
	dir          string
	owners       []int64 // sessions whose latch znodes it deletes
	term         bool    // the term znode instead
	open         int     // answers that it waits for
}

func (w *World) vandalise(m *machine, what string) {
	at, ok := w.net.Machine(thirdParty)
	if !ok {
		at = w.net.AddMachine(thirdParty)
	}
	v := &vandal{dir: masterDir, term: what == "term"}
	if m.proc.zk != nil {
		v.owners = m.proc.zk.SessionIDs()
	}
	w.vandals++
	cfg := zk.ClientConfig{
		Owner: thirdParty, Inc: w.vandals, Machine: at, Profile: w.opts.Client,
		Deliver: func(_ kernel.Kind, c host.Call, result any) { c.Run(v, result) },
	}
	if w.ens != nil {
		cfg.Wire, cfg.Sent = true, w.ens.sent
	}
	v.c = zk.NewClient(w.k, w.net, cfg)
	v.session = v.c.OpenSession(coord.Options{Servers: w.servers, Timeout: w.timers.Session, Name: "third party"},
		host.BindResult((*vandal).sessionChanged, 0))
}

const (
	thirdParty = "vandal" // its machine's name
	masterDir  = "/spark" // the masters' directory
)

func (v *vandal) sessionChanged(_ int, c coord.StateChange) {
	switch {
	case c.State != coord.Connected:
	case v.term:
		v.do(coord.Delete, election.TermPath(v.dir), (*vandal).done)
	default:
		v.do(coord.Children, v.dir+"/leader_election", (*vandal).listed)
	}
}

func (v *vandal) do(kind coord.Kind, path string, then func(*vandal, string, coord.Result)) {
	v.open++
	coord.Do(v.c, v.session, coord.Op{Kind: kind, Path: path, Version: coord.AnyVersion}, then, path)
}

func (v *vandal) listed(dir string, r coord.Result) {
	for _, name := range r.Children {
		v.do(coord.Get, dir+"/"+name, (*vandal).read)
	}
	v.done(dir, r)
}

func (v *vandal) read(path string, r coord.Result) {
	if r.Err == nil && slices.Contains(v.owners, r.Stat.EphemeralOwner) {
		v.do(coord.Delete, path, (*vandal).done)
	}
	v.done(path, r)
}

// done leaves once everything is answered.
func (v *vandal) done(string, coord.Result) {
	v.open--
	if v.open == 0 {
		v.c.CloseSession(v.session)
	}
}
