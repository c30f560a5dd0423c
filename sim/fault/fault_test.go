package fault_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/scenarios"
	"github.com/simctl/simctl/sim/fault"
	"github.com/simctl/simctl/sim/kernel"
	"github.com/simctl/simctl/sim/network"
)

// diary writes down what is done to its machines, z1 to z3.
type diary struct {
	k   *kernel.Kernel
	out strings.Builder
}

func (d *diary) say(format string, args ...any) {
	fmt.Fprintf(&d.out, "%v %s\n", time.Duration(d.k.Now()), fmt.Sprintf(format, args...))
}

func (d *diary) Expand(target string, _ kernel.Key) []string { return []string{target} }
func (d *diary) Everyone() []string                          { return []string{"z1", "z2", "z3"} }
func (d *diary) Stop(m string, n int)                        { d.say("stop %s after %d", m, n) }
func (d *diary) Kill(m string, n int)                        { d.say("kill %s after %d", m, n) }
func (d *diary) LoseHost(m string, n int)                    { d.say("lose %s after %d", m, n) }
func (d *diary) Start(m string)                              { d.say("start %s", m) }
func (d *diary) Pause(m string, n int)                       { d.say("pause %s after %d", m, n) }
func (d *diary) Resume(m string)                             { d.say("resume %s", m) }
func (d *diary) Expire(m string)                             { d.say("expire %s", m) }
func (d *diary) LoseLeader()                                 { d.say("lose the leader") }
func (d *diary) Operate(m string, f scenarios.Fault)         { d.say("%s %s", f.Class, m) }
func (d *diary) Meddle(m string, f scenarios.Fault, begins bool) {
	d.say("%s %s of %s: %v", f.Class, f.What, m, begins)
}
func (d *diary) JumpClock(m string, by time.Duration)    { d.say("jump %s by %v", m, by) }
func (d *diary) Faulted(f scenarios.Fault, phase string) {}

// An event is what a process tells at a moment of a test.
type event struct {
	at                   time.Duration
	process, kind, value string
}

// TestAFaultWaitsForItsEvent tells a driver events, and reads what it did.
func TestAFaultWaitsForItsEvent(t *testing.T) {
	role := func(at int, who, what string) event {
		return event{time.Duration(at) * time.Second, who, "role", what}
	}
	for _, tt := range []struct {
		name, fault string
		events      []event
		want        string
	}{
		{"its process, kind and value", "at=2s for=1s on=z1:role/following host-loss z1 outputs=13",
			[]event{role(3, "z2", "following"), {4 * time.Second, "z1", "serving", "following"}, role(5, "z1", "looking"), role(6, "z1", "following"), role(8, "z1", "following")},
			"6s lose z1 after 13\n7s start z1\n"},
		{"any value", "at=2s on=z1:role kill z3", []event{role(5, "z1", "looking")}, "5s kill z3 after 0\n"},
		{"the second", "at=2s on=z1:role#2 kill z3", []event{role(5, "z1", "looking"), role(6, "z1", "looking")}, "6s kill z3 after 0\n"},
		{"what was told before its time does not count", "at=2s on=z1:role kill z3", []event{role(1, "z1", "looking")}, ""},
		{"after the healing nothing begins", "at=2s on=z1:role kill z3", []event{role(11, "z1", "looking")}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, err := scenarios.ParseFault(tt.fault)
			require.NoError(t, err)
			d := &diary{k: kernel.New(1, nil)}
			driver := fault.New(d.k, network.New(d.k, network.Config{}), d, []scenarios.Fault{f})
			driver.Arm()
			for _, e := range tt.events {
				if e.at > 10*time.Second {
					driver.HealAll()
				}
				d.k.Run(int64(e.at) - 1)
				d.k.Run(int64(e.at))
				driver.Saw(e.process, e.kind, "", e.value)
			}
			d.k.Run(int64(20 * time.Second))
			require.Equal(t, tt.want, d.out.String())
		})
	}
}
