package master

import (
	"slices"

	"github.com/simctl/simctl/impl/apps"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/wire"
)

// A Status is what a master shows of itself: for its status page and tests.
type Status struct {
	Addr    host.Addr
	State   string // Spark's name: "STANDBY", "ALIVE", ...
	Term    int64  // 0 without a reign
	Waiting int    // drivers that wait for a worker
	Workers []WorkerStatus
	Drivers []DriverStatus // oldest first, ended ones included
	Apps    []apps.Status  `json:",omitempty"` // those that have not ended first
}

// A WorkerStatus is one worker as the master sees it. Memory is in MiB.
type WorkerStatus struct {
	ID                wire.WorkerID
	Addr              host.Addr
	State             string // Spark's name, or "JOINING" before its record is committed
	Cores, CoresUsed  int64
	Memory, MemoryUse int64
	Drivers           []wire.DriverID
	Executors         []apps.ExecutorStatus `json:",omitempty"` // those that are being ended too
}

// A DriverStatus is one driver as it is committed.
type DriverStatus struct {
	Record wire.DriverRecord
	Ended  bool
}

// Status returns what the master knows now.
func (m *Master) Status() Status {
	s := Status{Addr: m.cfg.Addr, State: m.state.Spark(), Term: m.reign.Term, Waiting: len(m.waiting)}
	for _, id := range m.roster {
		w := m.workers[id]
		s.Workers = append(s.Workers, WorkerStatus{ID: id, Addr: w.rec.Addr, State: w.state.String(), Cores: w.rec.Cores,
			CoresUsed: w.cores, Memory: w.rec.Memory, MemoryUse: w.memory, Drivers: slices.Clone(w.drivers), Executors: m.apps.On(id)})
	}
	for _, id := range m.order {
		s.Drivers = append(s.Drivers, DriverStatus{Record: m.drivers[id].told, Ended: m.drivers[id].closed})
	}
	s.Apps = m.apps.Status()
	return s
}

// State is the master's recovery state.
func (m *Master) State() State { return m.state }
