package client_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/client"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/hosttest"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/impl/wire"
)

func config(p policy.Policy, plan ...client.Step) client.Config {
	return client.Config{
		Masters: []host.Addr{"m1:7077", "m2:7077"}, Policy: p, Plan: plan,
		Ask: 10 * time.Second, Retry: 5 * time.Second, GiveUp: time.Minute, Dial: 4 * time.Second,
	}
}

// TestScripts runs testdata/scripts. "start POLICY [inc=N]" starts a client; below it
// stands the plan, a step a line: "AT KIND TAG [POLL [local]]"; of a local one the job is pi.
func TestScripts(t *testing.T) {
	hosttest.RunScripts(t, "testdata/scripts", start, func(p host.Process) string {
		b, err := json.Marshal(p.(*client.Client).Progress())
		require.NoError(t, err)
		return string(b)
	}, wire.SubmitDriverResponse{}, wire.KillDriverResponse{}, wire.DriverStatusResponse{})
}

func start(t *testing.T, d *datadriven.TestData) (*hosttest.Host, host.Process) {
	p, err := policy.Parse(d.CmdArgs[0].String())
	require.NoError(t, err)
	inc := 1
	d.MaybeScanArgs(t, "inc", &inc)
	var plan []client.Step
	for line := range strings.Lines(d.Input) {
		f := append(strings.Fields(line), "0s")
		at, err := time.ParseDuration(f[0])
		require.NoError(t, err)
		poll, err := time.ParseDuration(f[3])
		require.NoError(t, err)
		s := client.Step{At: at, Kind: client.Kind(f[1]), Tag: f[2], Poll: poll, Desc: wire.Desc{Cores: 1, Memory: 128}}
		if s.Local = strings.HasSuffix(strings.TrimSpace(line), " local"); s.Local {
			s.Desc.Job = wire.Job{Kind: wire.Pi, Stages: 1, Tasks: 2, Task: time.Second}
			s.Desc.App = wire.AppDesc{Cores: 1, Memory: 256, Limit: -1}
		}
		plan = append(plan, s)
	}
	return hosttest.New("c1", uint32(inc)), client.New(config(p, plan...))
}

func TestCloneAndDigestKnowEveryField(t *testing.T) {
	plan := []client.Step{{Kind: client.Submit, Tag: "a"}, {Kind: client.Submit, Tag: "b"}}
	hosttest.CheckState(t, client.New(config(policy.Hardened, plan...)), "h", "cfg")
}

func TestTheDefaultsAreSparks(t *testing.T) {
	h := hosttest.New("c1", 1)
	c := client.New(client.Config{Masters: []host.Addr{"m1:7077"}, Plan: []client.Step{{Kind: client.Submit, Tag: "a"}}})
	h.Start(c)
	h.Advance(0)
	require.Equal(t, "after 10s: Client.askTimedOut(1)\nafter 10s: Client.dialTimedOut(0)\nafter 10m0s: Client.waitedTooLong(1)\n", h.Timers())
}

func TestACallTellsWhatItsJobNeeds(t *testing.T) {
	for _, c := range []struct {
		desc wire.Desc
		want string
	}{
		{wire.Desc{Cores: 2, Memory: 512}, "note call a submit n=1 m=2 p=512\n"},
		{wire.Desc{Cores: 1, Memory: 64, Supervise: true}, "note call a submit n=1 m=1 p=64 q=1\n"},
		{
			wire.Desc{Cores: 1, Memory: 64, Job: wire.Job{Kind: wire.Pi, Stages: 2, Tasks: 3}, App: wire.AppDesc{Memory: 256}},
			"note call a submit pi stages=2 tasks=3 ecores=0 ememory=256 n=1 m=1 p=64\n",
		},
	} {
		h := hosttest.New("c1", 1)
		h.Start(client.New(config(policy.Hardened, client.Step{Kind: client.Submit, Tag: "a", Desc: c.desc})))
		h.Advance(0)
		require.Contains(t, h.Take(), c.want)
	}
}

func BenchmarkSubmitAndAnswer(b *testing.B) {
	plan := make([]client.Step, 100)
	for i := range plan {
		plan[i] = client.Step{At: time.Duration(i), Kind: client.Submit, Tag: string(rune('a' + i))}
	}
	b.ReportAllocs()
	for b.Loop() {
		h := hosttest.New("c1", 1)
		h.Hide["call"], h.Hide["return"], h.Hide["RequestSubmitDriver"] = true, true, true
		c := client.New(config(policy.Hardened, plan...))
		h.Start(c)
		h.Advance(1)
		h.Connect("m1:7077")
		for i := range plan {
			h.Advance(1)
			h.Receive("m1:7077", wire.SubmitDriverResponse{Req: int64(i + 1), OK: true, Driver: "d"})
		}
		if c.Progress().Acked != 100 {
			b.Fatal(c.Progress())
		}
	}
}
