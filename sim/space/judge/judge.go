// Package judge makes the judges of runs the monitors of explored worlds.
package judge

import (
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
		var out []space.Monitor
		for i, n := range news {
			m := n().(checker.Explorable)
			for _, r := range required {
				m.Observe(&trace.Event{Kind: trace.Require, Subject: r})
			}
			out = append(out, monitor{names[i], m})
		}
		return out
	}
}

// monitor is a judge as a part of a state.
type monitor struct {
	name string
	checker.Explorable
}

// Clone implements space.Monitor.
func (m monitor) Clone() space.Monitor { return monitor{m.name, m.Explorable.Clone()} }

// Digest implements space.Monitor.
func (m monitor) Digest(d *host.Digest, now int64) { m.Explorable.Digest(&sink{d, now}) }

// Broken implements space.Monitor.
func (m monitor) Broken() (property, detail string) {
	if detail = m.Explorable.Broken(); detail != "" {
		property = m.name
	}
	return property, detail
}

// sink is a checker.Sink into a digest in which zxids stand for themselves, as
// in everything else of an explored world.
type sink struct {
	*host.Digest
	now int64
}

// Zxid implements checker.Sink.
func (s *sink) Zxid(z int64) { s.Int(z) }

// Ago implements checker.Sink.
func (s *sink) Ago(at, most int64) { s.Int(min(s.now-at, most+1)) }

// Rename implements checker.Sink: processes are not interchanged.
func (s *sink) Rename(name string) string { return name }
