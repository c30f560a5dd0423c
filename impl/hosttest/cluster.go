package hosttest

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/simctl/simctl/impl/host"
)

// grain is how far time goes between two looks at what waits in the service.
const grain = 50 * time.Millisecond

// RunClusterScripts runs every datadriven script in a folder against processes
// that share a [Coord]. Start makes the process of a machine from the
// command's arguments. Each command names a machine first: those of
// [RunScripts] (start takes a second start for another incarnation), and
//
//	cut M [applied]      its connections to the service break
//	heal M               they stand again
//	stall M, flow M      the service does not carry out what M asks, or does again
//	step M ...           one thing that waits at a stalled M is done for each dot
//	expire M [NAME]      its session ends at the service; "latch" if none is given
//	advance DURATION     on every machine
//	delete PATH          by a third party
//	tree                 prints the znodes
//	show NAME...         undoes hide
//
// Between two commands everything that does not stall settles. Lines are
// those of [Host.Take], with the machine's name before them.
func RunClusterScripts(t *testing.T, dir string, start func(t *testing.T, d *datadriven.TestData) host.Process, status func(host.Process) string, messages ...host.Message) {
	datadriven.Walk(t, dir, func(t *testing.T, path string) {
		c := cluster{svc: NewCoord(), machines: map[string]*Machine{}, hide: map[string]bool{}, start: start,
			script: script{messages: map[string]reflect.Type{}, status: status}}
		for _, m := range messages {
			c.script.messages[m.Name()] = reflect.TypeOf(m)
		}
		datadriven.RunTest(t, path, c.do)
	})
}

type cluster struct {
	svc      *Coord
	machines map[string]*Machine
	names    []string
	hide     map[string]bool
	start    func(t *testing.T, d *datadriven.TestData) host.Process
	script   script
	inc      uint32
}

func (c *cluster) do(t *testing.T, d *datadriven.TestData) string {
	switch d.Cmd {
	case "advance":
		by, err := time.ParseDuration(d.CmdArgs[0].Key)
		if err != nil {
			d.Fatalf(t, "%v", err)
		}
		for ; by > 0; by -= grain {
			for _, name := range c.names {
				c.machines[name].Advance(min(by, grain))
			}
			c.svc.Settle()
		}
		return c.take()
	case "hide", "show":
		for _, a := range d.CmdArgs {
			c.hide[a.Key] = d.Cmd == "hide"
		}
		return ""
	case "delete":
		c.svc.Delete(d.CmdArgs[0].Key)
		c.svc.Settle()
		return c.take()
	case "tree":
		return strings.Join(c.svc.Paths(), "\n") + "\n"
	}
	name := d.CmdArgs[0].Key
	d.CmdArgs = d.CmdArgs[1:]
	out := c.one(t, d, name)
	c.svc.Settle()
	return out + c.take()
}

func (c *cluster) one(t *testing.T, d *datadriven.TestData, name string) string {
	m := c.machines[name]
	if m == nil && d.Cmd != "start" {
		d.Fatalf(t, "no machine %s", name)
	}
	switch d.Cmd {
	case "start":
		c.inc++
		m = c.svc.Machine(host.ProcessID(name), c.inc)
		m.Hide = c.hide
		m.Draws["latch"] = uint64(c.inc)
		if c.machines[name] == nil {
			c.names = append(c.names, name)
		}
		c.machines[name] = m
		m.Start(c.start(t, d))
	case "cut":
		m.Cut(len(d.CmdArgs) > 0)
	case "heal":
		m.Heal()
	case "stall", "flow":
		m.Stalled = d.Cmd == "stall"
	case "step":
		m.Step(len(d.CmdArgs[0].Key))
	case "expire":
		session := "latch"
		if len(d.CmdArgs) > 0 {
			session = d.CmdArgs[0].Key
		}
		m.Expire(session)
	default:
		s := c.script
		s.h, s.p = m.Host, m.p
		out := s.do(t, d)
		if d.Cmd == "status" || d.Cmd == "timers" {
			return out
		}
		return prefixed(name, out)
	}
	return ""
}

func (c *cluster) take() string {
	var out strings.Builder
	for _, name := range c.names {
		out.WriteString(prefixed(name, c.machines[name].Take()))
	}
	return out.String()
}

func prefixed(name, lines string) string {
	var out strings.Builder
	for line := range strings.Lines(lines) {
		out.WriteString(name + ": " + line)
	}
	return out.String()
}
