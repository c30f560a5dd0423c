package space

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/checker/explore"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/impl/wire"
	"github.com/simctl/simctl/model/trace"
)

// fragile is a process that panics at certain messages.
type fragile struct {
	host.Process
	at func(host.Message) bool
}

func (f fragile) Received(c host.ConnID, m host.Message) {
	if f.at(m) {
		panic("no room for " + m.Name())
	}
	f.Process.Received(c, m)
}

func (f fragile) Clone(h host.Host) host.Process { return fragile{f.Process.Clone(h), f.at} }

// Part implements host.Composite: the process inside, and its parts.
func (f fragile) Part(i int) any {
	if i == 0 {
		return f.Process
	}
	if c, is := f.Process.(host.Composite); is {
		return c.Part(i - 1)
	}
	return nil
}

// alarm is a monitor that knows panics.
type alarm struct{ told string }

func (a *alarm) Observe(e *trace.Event) {
	if e.Kind == trace.Panicked {
		a.told = e.Process + ": " + e.Detail
	}
}
func (a *alarm) Clone() Monitor                 { c := *a; return &c }
func (a *alarm) Digest(d *host.Digest, _ int64) { d.Str(a.told) }
func (a *alarm) Broken() (string, string) {
	if a.told == "" {
		return "", ""
	}
	return "no-panics", a.told
}

func isA[M host.Message](m host.Message) bool { _, is := m.(M); return is }

// A process that panics has ended, which a judge is told; the path to it is one
// that can be carried out again, with what is remembered and without.
func TestAPanicOfAProcessIsAFinding(t *testing.T) {
	for _, c := range []struct {
		name   string
		at     func(host.Message) bool
		detail string
		path   int
	}{
		{"on a path", isA[wire.RequestSubmitDriver], "m1: no room for RequestSubmitDriver\n", 4},
		{"before the initial state", isA[wire.RegisterWorker], "m1: no room for RegisterWorker\n", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			sys, err := New(Config{
				Masters: 1, Workers: 1, Clients: 1, Jobs: 1, Horizon: 20 * time.Second, Settled: true, InOrder: true, Policy: policy.Hardened,
				Monitors: func() []Monitor { return []Monitor{&alarm{}} },
				around:   func(p host.Process) host.Process { return fragile{p, c.at} },
			})
			require.NoError(t, err)
			for range 2 { // the second time from memory
				r, err := explore.Search(context.Background(), explore.System[*World](sys), explore.Options{})
				require.NoError(t, err)
				require.Len(t, r.Findings, 1)
				f := r.Findings[0]
				require.Equal(t, "no-panics", f.Property)
				require.Contains(t, f.Detail, c.detail)
				require.Len(t, f.Path, c.path)
				events, lines := sys.Run(f.Path)
				require.Len(t, lines, c.path)
				require.Equal(t, trace.Exited, events[len(events)-1].Kind)
			}
		})
	}
}
