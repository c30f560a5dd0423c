package lab

import (
	"fmt"
	"slices"
	"strings"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/live"
	"github.com/simctl/simctl/impl/live/lab/proc"
	"github.com/simctl/simctl/impl/live/lab/records"
	"github.com/simctl/simctl/impl/live/program"
	"github.com/simctl/simctl/impl/wire"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/scenarios"
)

// serverName is the name of the i-th server of the service.
func serverName(i int) string { return fmt.Sprintf("z%d", i+1) }

func loopbackPort(port int) host.Addr { return host.Addr(fmt.Sprintf("127.0.0.1:%d", port)) }

// addLedger adds the process that keeps accounts, if a job changes one.
func (s *soak) addLedger() error {
	if !s.scenario.HasLedger() {
		return nil
	}
	port, err := s.ports.Take(1)
	if err != nil {
		return err
	}
	s.ledger = loopbackPort(port[0])
	s.members = append(s.members, &member{Options: program.Options{Kind: "ledger", ID: "l1", Listen: s.ledger}})
	return nil
}

// isAbsent reports whether a process is ended by a fault at the very beginning:
// it is not there until that fault is over.
func (s *soak) isAbsent(m *member) bool {
	return s.play != nil && slices.ContainsFunc(s.scenario.Faults, func(f scenarios.Fault) bool {
		ends := f.Class == scenarios.Stop || f.Class == scenarios.KillOff || f.Class == scenarios.HostLoss
		return ends && f.At.Lo == 0 && slices.Contains(f.Groups[0], m.ID)
	})
}

// driverPorts are where the drivers of applications listen on a machine.
type driverPorts struct {
	machine string
	ports   []int
}

// driversAtOnce is how many drivers of applications run on one machine at the
// most: as many as a worker has cores, and some that have not ended yet.
func (s *soak) driversAtOnce() int { return int(s.scenario.WorkerCores) + 4 }

// addDriverPorts finds ports for drivers of applications: there is a link to
// each from every other machine, which a fault can cut.
func (s *soak) addDriverPorts() error {
	if s.play == nil || !s.scenario.HasApplications() {
		return nil
	}
	var machines []string
	for i := range s.o.Workers {
		machines = append(machines, fmt.Sprintf("w%d", i+1))
	}
	for i := range s.o.Clients {
		machines = append(machines, fmt.Sprintf("c%d", i+1))
	}
	for _, name := range machines {
		ports, err := s.ports.Take(s.driversAtOnce())
		if err != nil {
			return err
		}
		s.drivers = append(s.drivers, driverPorts{name, ports})
	}
	return nil
}

// routeToDrivers puts links between a machine and the drivers on all others, and
// tells a process where its own may listen.
func (s *soak) routeToDrivers(m *member) error {
	for _, to := range s.drivers {
		if to.machine == m.ID {
			m.DriverPorts = to.ports
			continue
		}
		for _, port := range to.ports {
			addr, err := s.mesh.Add(m.ID, to.machine, loopbackPort(port), wire.Frame)
			if err != nil {
				return err
			}
			m.Routes = append(m.Routes, fmt.Sprintf("%s=%s", loopbackPort(port), addr))
		}
	}
	return nil
}

// begot takes note of a child of a process that tells of its start.
func (m *member) begot(r *live.Record) {
	if strings.HasPrefix(string(r.Process), m.ID+"/") && r.Event == live.Started && m.children != nil {
		m.children[string(r.Process)] = int(r.M)
	}
}

// running lists the children of a kind that run, by name. One of an earlier
// incarnation of the process is none: it is not of its group.
func (m *member) running(kind string) (out []string) {
	if !m.runs() {
		return nil
	}
	for name, pid := range m.children {
		if records.KindOf(name) == kind && m.proc.Leads(pid) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// processes lists all children of a kind that run.
func (s *soak) processes(kind string) (out []string) {
	for _, m := range s.members {
		out = append(out, m.running(kind)...)
	}
	return out
}

// strikeChild stops, kills or pauses a process on a machine, and leaves the rest
// to whoever started it. It reports false if the target is none.
func (s *soak) strikeChild(class scenarios.Class, name string) (bool, error) {
	parent, _, is := strings.Cut(name, "/")
	m := s.member(parent)
	if !is || m == nil {
		return false, nil
	}
	pid := m.children[name]
	if class == scenarios.Stop {
		return true, m.proc.StopChild(pid)
	}
	from := s.from()
	if class == scenarios.Pause {
		if !m.proc.Leads(pid) {
			return true, nil // it has ended meanwhile
		}
		s.tell(trace.Event{Process: name, Inc: 1, Kind: trace.Paused, At: from, Until: live.Monotonic()})
		return true, m.proc.PauseChild(pid)
	}
	if err := m.proc.KillChild(pid); err != nil {
		return true, err
	}
	s.tell(trace.Event{Process: name, Inc: 1, Kind: trace.KilledOff, N: proc.Killed, At: from, Until: live.Monotonic()})
	return true, nil
}

// resumeChild lets a process on a machine go on that a pause let stand still, if
// it is still there.
func (s *soak) resumeChild(class scenarios.Class, name string) error {
	parent, _, is := strings.Cut(name, "/")
	m := s.member(parent)
	if !is || m == nil || class != scenarios.Pause || !m.proc.Leads(m.children[name]) {
		return nil
	}
	s.tell(trace.Event{Process: name, Inc: 1, Kind: trace.Resumed})
	return m.proc.ResumeChild(m.children[name])
}
