package probe

import "github.com/simctl/simctl/impl/host"

// before is the step before i in its session, -1 if there is none.
func (p *Probe) before(i int) int {
	steps := p.cfg.Program.Steps
	for j := i - 1; j >= 0; j-- {
		if steps[j].Session == steps[i].Session {
			return j
		}
	}
	return -1
}

// step carries out a step of the program.
func (p *Probe) step(i int) {
	if p.ending {
		return
	}
	s := &p.cfg.Program.Steps[i]
	p.begun++
	switch s.Action {
	case Close, Drop:
		p.leave(s.Session, s.Action == Close)
		p.stepDone(i)
	case Open:
		if p.slots[s.Session].session == 0 {
			p.openSlot(s.Session)
		}
		p.stepDone(i)
	default:
		p.ask(s.Session, s.Op, s.Watch, byStep, i)
	}
}

// again asks for a step's operation once more.
func (p *Probe) again(i int) {
	if p.ending {
		return
	}
	s := &p.cfg.Program.Steps[i]
	p.ask(s.Session, s.Op, s.Watch, byStep, i)
}

// stepDone begins the step that waits for this one.
func (p *Probe) stepDone(i int) {
	if p.done[i] {
		return
	}
	p.done[i] = true
	for j := i + 1; j < len(p.cfg.Program.Steps); j++ {
		if next := &p.cfg.Program.Steps[j]; next.Session == p.cfg.Program.Steps[i].Session {
			if next.Then {
				host.After(p.h, next.At, (*Probe).step, j)
			}
			return
		}
	}
}

func (p *Probe) stepAnswered(i int, err error) {
	if s := &p.cfg.Program.Steps[i]; s.Retry && unknown(err) {
		host.After(p.h, p.cfg.Retry, (*Probe).again, i)
		return
	}
	p.stepDone(i)
}
