package master

import (
	"slices"

	"github.com/simctl/simctl/impl/shown"
)

// A Status is what a master shows of itself: for its status page and tests.
type Status = shown.Master

// A WorkerStatus is one worker as the master sees it.
type WorkerStatus = shown.Worker

// A DriverStatus is one driver as it is committed.
type DriverStatus = shown.Driver

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
