package scenarios

import (
	"fmt"
	"strings"
)

// String returns what follows "ensemble" in a scenario.
func (e Ensemble) String() string {
	var words []string
	if e.Tick != 0 {
		words = append(words, "tick="+duration(e.Tick))
	}
	for _, f := range []struct {
		name string
		n    int
	}{{"init", e.Init}, {"sync", e.Sync}, {"snap", e.SnapCount}} {
		if f.n != 0 {
			words = append(words, fmt.Sprintf("%s=%d", f.name, f.n))
		}
	}
	if e.Local != "" {
		words = append(words, "local="+e.Local)
	}
	return strings.Join(words, " ")
}

// String returns what follows "server" in a scenario.
func (z Server) String() string {
	text := z.Name
	for _, f := range []struct {
		name string
		n    int
	}{{"id", z.ID}, {"myid", z.MyID}, {"zxid", z.Zxid}} {
		if f.n != 0 {
			text += fmt.Sprintf(" %s=%d", f.name, f.n)
		}
	}
	return text
}

// String returns what follows "probe" in a scenario.
func (p Probe) String() string {
	text := p.Name
	if len(p.Via) > 0 {
		text += " via=" + strings.Join(p.Via, ",")
	}
	if p.Timeout != 0 {
		text += " timeout=" + duration(p.Timeout)
	}
	if p.Client != "" {
		text += " client=" + p.Client
	}
	return text
}

// String returns what follows "op" in a scenario.
func (o ZOp) String() string {
	words := []string{"at=" + o.At.String()}
	if o.Session != 0 {
		words = append(words, fmt.Sprintf("session=%d", o.Session))
	}
	words = append(words, o.Probe)
	if o.Kind == ZMulti {
		words = append(words, string(o.Kind))
	}
	text := strings.Join(words, " ")
	if o.Kind != ZMulti {
		text += " " + o.what()
	}
	for i, in := range o.Ops {
		if i > 0 {
			text += " ;"
		}
		text += " " + in.what()
	}
	if o.Want != "" {
		text += " => " + o.Want
	}
	return text
}

// what is the operation without its time and its probe.
func (o ZOp) what() string {
	words := []string{string(o.Kind)}
	for _, w := range []string{o.Path, o.Data} {
		if w != "" {
			words = append(words, w)
		}
	}
	for _, f := range []struct {
		name string
		is   bool
	}{{"ephemeral", o.Ephemeral}, {"sequential", o.Sequential}, {"watch", o.Watch}} {
		if f.is {
			words = append(words, f.name)
		}
	}
	if o.Version > 0 {
		words = append(words, fmt.Sprintf("version=%d", o.Version-1))
	}
	return strings.Join(words, " ")
}

// String returns what follows "recipe" in a scenario.
func (r Recipe) String() string {
	text := "at=" + r.At.String() + " " + r.Probe + " " + r.Kind + " " + r.Path
	if r.Data != "" {
		text += " " + r.Data
	}
	if r.For != (Range{}) {
		text += " for=" + r.For.String()
	}
	return text
}

// String returns what follows "load" in a scenario.
func (l Load) String() string {
	text := fmt.Sprintf("%s ops=%d", l.Probe, l.Ops)
	if l.Paths != 0 {
		text += fmt.Sprintf(" paths=%d", l.Paths)
	}
	if l.Sessions != 0 {
		text += fmt.Sprintf(" sessions=%d", l.Sessions)
	}
	return text + " think=" + l.Think.String()
}

// probeLines are the lines of a scenario that are about servers and probes.
func (s Scenario) probeLines(line func(format string, args ...any)) {
	if s.Ensemble != (Ensemble{}) {
		line("ensemble %s", s.Ensemble)
	}
	for _, z := range s.Special {
		line("server %s", z)
	}
	for _, p := range s.Probes {
		line("probe %s", p)
	}
	for _, l := range s.Loads {
		line("load %s", l)
	}
	for _, r := range s.Recipes {
		line("recipe %s", r)
	}
	for _, o := range s.ZOps {
		line("op %s", o)
	}
}
