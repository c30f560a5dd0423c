package scenarios

import (
	"fmt"
	"time"

	"github.com/simctl/simctl/scenarios/attr"
	"github.com/simctl/simctl/scenarios/span"
)

// checkProbes looks at the lines about servers and probes.
func (s *Scenario) checkProbes(at *places) error {
	for i, z := range s.Special {
		at.line = at.many["server"][i]
		if err := s.exists('z', z.Name); err != nil {
			return err
		}
	}
	for i, p := range s.Probes {
		at.line = at.many["probe"][i]
		for _, z := range p.Via {
			if err := s.exists('z', z); err != nil {
				return err
			}
		}
	}
	for i, l := range s.Loads {
		at.line = at.many["load"][i]
		if err := s.exists('p', l.Probe); err != nil {
			return err
		}
	}
	for i, r := range s.Recipes {
		at.line = at.many["recipe"][i]
		if err := s.checkDoes(r.Probe, r.At); err != nil {
			return err
		}
	}
	for i, o := range s.ZOps {
		at.line = at.many["zop"][i]
		if err := s.checkDoes(o.Probe, o.At); err != nil {
			return err
		}
	}
	for i, e := range s.Sees {
		at.line = at.many["see"][i]
		if err := s.checkSee(e); err != nil {
			return err
		}
	}
	return nil
}

func (s *Scenario) checkDoes(probe string, at Range) error {
	if at.Hi > s.Safety {
		return fmt.Errorf("at=%s is after the safety phase of %s", at, span.Text(s.Safety))
	}
	return s.exists('p', probe)
}

// checkSeeWork looks for the worker or the job that shows something.
func (s *Scenario) checkSeeWork(e See) error {
	switch e.What {
	case SeeExecutor, SeeNoExecutor, SeeWorker, SeeNoWorker:
		return s.exists('w', e.Who)
	case SeeHangs, SeeServed:
		return s.exists('c', e.Who)
	case SeeRuns, SeeBalance:
		if _, err := attr.ParseInt(e.Text, 0, 1<<40); err != nil {
			return err
		}
	}
	for _, o := range s.Ops {
		if o.Kind == Submit && o.Tag == e.Who {
			return nil
		}
	}
	for c := range s.Clients {
		for j := range s.Work.Jobs {
			if fmt.Sprintf("c%d-job%d", c+1, j+1) == e.Who {
				return nil
			}
		}
	}
	return fmt.Errorf("no client submits a job %s", e.Who)
}

func (s *Scenario) checkSee(e See) error {
	if last := max(e.At, e.From, e.To); last > s.Safety+time.Hour {
		return fmt.Errorf("%s is long after the run", span.Text(last))
	}
	if e.What == SeeLeader && e.Text != "none" {
		return s.exists('z', e.Text)
	}
	if e.Who == "" {
		return nil
	}
	if contains(workWhats(), string(e.What)) {
		return s.checkSeeWork(e)
	}
	kind := byte('p')
	if e.What == SeeElects {
		if err := s.exists('z', e.Text); err != nil {
			return err
		}
	}
	if e.What == SeeFails || e.What == SeeElects {
		kind = 'z'
	}
	return s.exists(kind, e.Who)
}

// IDOf is the number of a server in every configuration when the run begins;
// 0 if there is no such server.
func (s *Scenario) IDOf(server string) int64 {
	for _, z := range s.Special {
		if z.Name == server && z.ID > 0 {
			return int64(z.ID)
		}
	}
	_, n, _ := machine(server)
	return int64(n)
}

// exists reports a machine of a kind that the scenario does not have.
func (s *Scenario) exists(kind byte, name string) error {
	k, n, ok := machine(name)
	count, what := s.count(kind)
	if !ok || k != kind || n > count {
		return fmt.Errorf("%s is none of the %d %s, which are called %c1 and so on", name, count, what, kind)
	}
	return nil
}
