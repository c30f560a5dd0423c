package apps

import (
	"slices"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/wire"
)

// A Status is one application as it is committed.
type Status struct {
	Record    wire.AppRecord
	State     wire.AppState // UNKNOWN in recovery, until it answers
	Ended     bool
	Reason    string    // of an end that the master decided
	Until     host.Wall // when it ended, by this master's clock; 0 if it has not or another master ended it
	Cores     int64     // that its executors have
	Executors []ExecutorStatus
}

// An ExecutorStatus is one executor as the master sees it. Memory is in MiB.
type ExecutorStatus struct {
	App    wire.AppID
	Tag    string // the application's name
	ID     int64
	Worker wire.WorkerID
	Cores  int64
	Memory int64
	State  wire.ExecutorState
}

// Status returns every application, those that have not ended first, each group
// the oldest first.
func (a *Apps) Status() []Status {
	var out []Status
	for _, id := range slices.Concat(a.order, a.ended) {
		p := a.apps[id]
		s := Status{Record: p.told, State: a.state(p), Ended: p.over, Reason: p.why, Until: p.until, Cores: p.granted}
		for _, x := range p.execs {
			s.Executors = append(s.Executors, ExecutorStatus{App: id, Tag: p.rec.Desc.Tag, ID: x.ID, Worker: x.Worker, Cores: x.Cores, Memory: x.Memory, State: x.State})
		}
		out = append(out, s)
	}
	return out
}

// On returns the executors at a worker, in the order of their applications.
// Those that were told to end are KILLED.
func (a *Apps) On(id wire.WorkerID) []ExecutorStatus {
	var out []ExecutorStatus
	for _, s := range a.Status() {
		for _, x := range s.Executors {
			if x.Worker == id {
				out = append(out, x)
			}
		}
	}
	for _, s := range a.strays {
		if s.Worker == id {
			out = append(out, ExecutorStatus{App: s.App, ID: s.ID, Worker: id, Cores: s.Cores, Memory: s.Memory, State: wire.ExecutorKilled})
		}
	}
	return out
}
