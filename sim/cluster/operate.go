package cluster

import (
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/scenarios"
	"github.com/simctl/simctl/sim/zk/datatree"
	"github.com/simctl/simctl/sim/zk/jute"
	"github.com/simctl/simctl/sim/zk/quorum"
	"github.com/simctl/simctl/sim/zk/server"
)

// identity is a server's number: what every configuration says, and what its
// own file myid does.
type identity struct{ config, own server.ServerID }

// prepare gives the servers what the scenario says is special about them.
func (w *World) prepare() {
	if w.s.Ensemble.Tick > 0 {
		w.timers.Tick = w.s.Ensemble.Tick
	}
	for _, m := range w.machines {
		if m.server >= 0 {
			m.ids = identity{server.ServerID(m.server + 1), server.ServerID(m.server + 1)}
		}
	}
	for _, z := range w.s.Special {
		m := w.byName[z.Name]
		if z.ID > 0 {
			m.ids = identity{server.ServerID(z.ID), server.ServerID(z.ID)}
		}
		if z.MyID > 0 {
			m.ids.own = server.ServerID(z.MyID)
		}
		if z.Zxid > 0 {
			m.disk.SetFiles(quorum.Files(1, loggedBefore(z.Zxid)))
		}
	}
}

// loggedBefore is the log of a server that took part in epoch 1: writes that
// failed, which leave nothing but their zxid.
func loggedBefore(n int) []server.Txn {
	var out []server.Txn
	for i := range n {
		x := datatree.Txn{Cxid: int32(i + 1), Change: datatree.Change{Type: jute.OpError, Code: jute.NoNode}}
		out = append(out, server.Txn{Zxid: 1<<32 + int64(i) + 1, Data: x.Encode()})
	}
	return out
}

// Operate implements fault.World. The service grain has neither configurations
// nor files: there it does nothing. What is done to the files of a server that
// runs does nothing either.
func (w *World) Operate(name string, f scenarios.Fault) {
	m := w.byName[name]
	if f.Class == scenarios.Decommission {
		if m.proc.life != dead {
			w.send(m.proc, host.Decommission)
		}
		return
	}
	if w.ens == nil || m.server < 0 {
		return
	}
	down := m.proc.life == dead
	switch f.Class {
	case scenarios.Renumber:
		m.ids = identity{server.ServerID(f.ID), server.ServerID(f.ID)}
		w.ens.members[m.server].ID = m.ids.config
	case scenarios.MyID:
		m.ids.own = server.ServerID(f.ID)
	case scenarios.Backup:
		m.backup = m.disk.Files()
	case scenarios.Restore:
		if down {
			m.disk.SetFiles(m.backup)
		}
	case scenarios.Tear:
		if files := m.disk.Files(); down && quorum.Tear(files) {
			m.disk.SetFiles(files)
		}
	default:
	}
}
