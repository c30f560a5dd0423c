package cluster

import (
	"cmp"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/scenarios"
	"github.com/simctl/simctl/sim/cluster/vandal"
	"github.com/simctl/simctl/sim/zk"
)

// Meddle implements fault.World.
func (w *World) Meddle(name string, f scenarios.Fault, begins bool) {
	m := w.byName[name]
	if f.Class == scenarios.DiskFull || f.Class == scenarios.SlowDisk {
		m.spoil(f, begins)
		return
	}
	if m.proc == nil || !m.proc.coordinated {
		return
	}
	switch t := &m.trouble; f.Class {
	case scenarios.DeleteZ:
		w.vandalise(m, vandal.Target{Dir: cmp.Or(w.s.To(name).Dir, masterDir), Term: f.What == "term"})
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

// spoil begins or ends what a fault does to the machine's disk.
func (m *machine) spoil(f scenarios.Fault, begins bool) {
	sign := 1
	if !begins {
		sign = -1
	}
	if f.Class == scenarios.DiskFull {
		m.disk.AddFull(sign)
	} else {
		m.disk.AddSlow(int64(f.Extra) * int64(sign))
	}
}

// masterDir is the masters' directory unless they are told another.
const masterDir = "/spark"

// vandalise lets a third party delete znodes of a master.
func (w *World) vandalise(m *machine, t vandal.Target) {
	if m.proc.zk != nil {
		t.Owners = m.proc.zk.SessionIDs()
	}
	w.vandals++
	cfg := zk.ClientConfig{Inc: w.vandals, Profile: w.opts.Client}
	if w.ens != nil {
		cfg.Wire, cfg.Sent = true, w.ens.log.Sent
	}
	vandal.Strike(w.k, w.net, cfg, coord.Options{Servers: w.servers, Timeout: w.timers.Session}, t)
}
