package zk

import (
	"fmt"
	"strings"

	"github.com/simctl/simctl/scenarios/attr"
	"github.com/simctl/simctl/scenarios/span"
)

// String returns what follows "ensemble" in a scenario.
func (e Ensemble) String() string {
	var words []string
	if e.Tick != 0 {
		words = append(words, "tick="+span.Text(e.Tick))
	}
	for _, f := range []struct {
		name string
		n    int
	}{{"init", e.Init}, {"sync", e.Sync}, {"snap", e.SnapCount}, {"defect", e.Defect}} {
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
		text += " timeout=" + span.Text(p.Timeout)
	}
	if p.Client != "" {
		text += " client=" + p.Client
	}
	return text
}

// String returns what follows "op" in a scenario.
func (o Op) String() string {
	words := []string{"at=" + o.At.String()}
	if o.Session != 0 {
		words = append(words, fmt.Sprintf("session=%d", o.Session))
	}
	text := strings.Join(append(words, o.Probe, o.Words()), " ")
	if o.Want != "" {
		text += " => " + o.Want
	}
	return text
}

// Words is the operation without its time, its probe and its answer, as traces
// tell it: "create /a data=one ephemeral".
func (o Op) Words() string {
	text := string(o.Kind)
	for i, in := range o.Ops {
		if i > 0 {
			text += " ;"
		}
		text += " " + in.Words()
	}
	if o.Path != "" {
		text += " " + o.Path
	}
	if o.Data != "" {
		text += " data=" + o.Data
	}
	for _, f := range []struct {
		name string
		is   bool
	}{{"ephemeral", o.Ephemeral}, {"sequential", o.Sequential}, {"watch", o.Watch}} {
		if f.is {
			text += " " + f.name
		}
	}
	if o.Version > 0 {
		text += fmt.Sprintf(" version=%d", o.Version-1)
	}
	return text
}

// String returns what follows "recipe" in a scenario.
func (r Recipe) String() string {
	text := "at=" + r.At.String() + " " + r.Probe + " " + r.Kind + " " + r.Path
	if r.Data != "" {
		text += " data=" + r.Data
	}
	if r.Rounds != 0 {
		text += fmt.Sprintf(" rounds=%d", r.Rounds)
	}
	if r.Hold != (attr.Range{}) {
		text += " hold=" + r.Hold.String()
	}
	if r.Pause != (attr.Range{}) {
		text += " pause=" + r.Pause.String()
	}
	if r.Unfenced {
		text += " unfenced"
	}
	return text
}

// String returns what follows "load" in a scenario.
func (l Load) String() string {
	text := fmt.Sprintf("%s ops=%d", l.Probe, l.Ops)
	for _, f := range []struct {
		name, unit string
		n          int
	}{{"nodes", "", l.Nodes}, {"sessions", "", l.Sessions}, {"depth", "", l.Depth}, {"watch", "%", l.Watch}} {
		if f.n != 0 {
			text += fmt.Sprintf(" %s=%d%s", f.name, f.n, f.unit)
		}
	}
	return text + " think=" + l.Think.String()
}
