// Package judge makes the judges of runs the monitors of explored worlds.
package judge

import (
	"slices"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/sim/space"
)

// Of returns what makes monitors of the properties that can be explored: those
// of safety whose monitors are checker.Explorable. Required are the optional
// ones that are judged all the same, by name.
func Of(properties []checker.Property, required ...string) func() []space.Monitor {
	var news []func() checker.Monitor
	var names []string
	for _, p := range properties {
		if _, can := p.New().(checker.Explorable); can && p.Kind == checker.Safety {
			news, names = append(news, p.New), append(names, p.Name)
		}
	}
	return func() []space.Monitor {
		all := make(panel, len(news))
		for i, n := range news {
			m := n().(checker.Explorable)
			for _, r := range required {
				m.Observe(&trace.Event{Kind: trace.Require, Subject: r})
			}
			all[i] = monitor{name: names[i], of: m, own: true}
		}
		return []space.Monitor{&all}
	}
}

// panel is all judges as one monitor.
type panel []monitor

// Observe implements space.Monitor.
func (p *panel) Observe(e *trace.Event) {
	for i := range *p {
		(*p)[i].observe(e)
	}
}

// Clone implements space.Monitor: the state that p is of does not change any more.
func (p *panel) Clone() space.Monitor {
	c := slices.Clone(*p)
	for i := range c {
		c[i].own = false
	}
	return &c
}

// Digest implements space.Monitor.
func (p *panel) Digest(d *host.Digest, now int64) {
	for i := range *p {
		(*p)[i].digest(d, now)
	}
}

// Broken implements space.Monitor.
func (p *panel) Broken() (property, detail string) {
	for i := range *p {
		if detail = (*p)[i].of.Broken(); detail != "" {
			return (*p)[i].name, detail
		}
	}
	return "", ""
}

// monitor is a judge as a part of a state. It shares what it has seen with the
// state before until it hears something, and remembers its digest.
type monitor struct {
	name  string
	of    checker.Explorable
	own   bool   // nobody else has of
	sum   uint64 // of its digest; 0: not known
	timed bool   // the digest depends on the time
}

func (m *monitor) observe(e *trace.Event) {
	if l, is := m.of.(checker.Listener); is && !l.Hears(e) {
		return
	}
	if !m.own {
		m.of, m.own = m.of.Clone(), true
	}
	m.of.Observe(e)
	m.sum = 0
}

func (m *monitor) digest(d *host.Digest, now int64) {
	if m.sum != 0 && !m.timed {
		d.Uint(m.sum)
		return
	}
	s := sink{Digest: &host.Digest{}, now: now}
	m.of.Digest(&s)
	if m.sum == 0 { // else m is part of other states already, and stays as it is
		m.sum, m.timed = s.Sum(), s.timed
	}
	d.Uint(s.Sum())
}

// sink is a checker.Sink into a digest in which zxids stand for themselves, as
// in everything else of an explored world.
type sink struct {
	*host.Digest
	now   int64
	timed bool // Ago was asked for
}

// Zxid implements checker.Sink.
func (s *sink) Zxid(z int64) { s.Int(z) }

// Ago implements checker.Sink.
func (s *sink) Ago(at, most int64) {
	s.timed = true
	s.Int(min(s.now-at, most+1))
}

// Rename implements checker.Sink: processes are not interchanged.
func (s *sink) Rename(name string) string { return name }
