package lab

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/live/lab/probing"
	"github.com/simctl/simctl/impl/live/program"
	"github.com/simctl/simctl/scenarios"
)

// addProbes adds the scenario's probes, each with the servers that it connects
// to, over links of its own.
func (s *soak) addProbes() error {
	for _, p := range s.scenario.Probes {
		m := &member{Options: program.Options{Kind: "probe", ID: p.Name}}
		if err := s.link(m); err != nil {
			return err
		}
		if len(p.Via) > 0 {
			m.ZK = slices.DeleteFunc(m.ZK, func(a host.Addr) bool { return !s.leadsTo(m.ID, a, p.Via) })
		}
		what, err := probing.Of(&s.scenario, p.Name)
		if err != nil {
			return err
		}
		args := program.ProbeArgs{Program: what, Timeout: cmp.Or(p.Timeout, s.timers.Session), Begin: s.start}
		file := filepath.Join(s.o.Dir, "probe-"+p.Name+".json")
		if err := os.WriteFile(file, []byte(args.JSON()), 0o644); err != nil {
			return err
		}
		m.Args = "@" + file
		s.members = append(s.members, m)
	}
	return nil
}

// leadsTo reports whether a link of a machine leads to one of the servers.
func (s *soak) leadsTo(from string, addr host.Addr, servers []string) bool {
	return slices.ContainsFunc(servers, func(z string) bool {
		for _, p := range s.mesh.From(from, z) {
			if p.Addr() == addr {
				return true
			}
		}
		return false
	})
}

// zooKeeperLines are what a scenario says of its servers, as zoo.cfg has it.
func zooKeeperLines(e scenarios.Ensemble) (lines []string) {
	if e.Local != "" {
		lines = append(lines, "localSessionsEnabled=true")
	}
	if e.Local == "upgrade" {
		lines = append(lines, "localSessionsUpgradingEnabled=true")
	}
	return lines
}
