package lab

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/live"
	"github.com/simctl/simctl/impl/live/lab/progress"
	"github.com/simctl/simctl/impl/live/program"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/scenarios"
)

func newSoak(t *testing.T, p policy.Policy) *soak {
	o := Options{For: time.Minute, Policy: p, Seed: 1}
	require.NoError(t, o.setDefaults())
	s := &soak{o: o, timers: scenarios.TimersFor(o.Timers), draw: program.Draws(o.Seed, "soak"), scenario: o.scenario(3)}
	for _, c := range []string{"c1", "c2"} {
		s.clients = append(s.clients, progress.New(c))
	}
	return s
}

func loopbackPorts(n int) (out []host.Addr) {
	for i := range n {
		out = append(out, loopbackPort(i+1)) // where nobody listens
	}
	return out
}

func TestScenarioOfASoakSurvivesItsText(t *testing.T) {
	require.NoError(t, newSoak(t, policy.Hardened).scenario.Check())
}

func TestBoundsFollowFromConfigurationAndFromWhatIsPending(t *testing.T) {
	total := func(s *soak, property string) time.Duration {
		for _, b := range s.bounds().AtHealing() {
			if b.Property == property {
				require.Contains(t, b.String(), b.Total().String()+" = ")
				return b.Total()
			}
		}
		t.Fatalf("no bound for %s", property)
		return 0
	}
	s := newSoak(t, policy.Hardened)
	require.Less(t, total(s, "one-alive-after-heal"), time.Minute)
	require.Less(t, total(s, "one-alive-after-heal"), total(s, "worker-rejoins"))
	require.Less(t, total(s, "worker-rejoins"), total(s, "runnable-runs"))
	require.Less(t, total(s, "one-alive-after-heal"), total(newSoak(t, policy.Spark), "one-alive-after-heal"), "its store blocks")
	pending := total(s, "runnable-runs")
	s.clients[0].Observe(&live.Record{Event: "call", Subject: "c1-job1", Value: "submit"}, true)
	s.clients[0].Observe(&live.Record{Event: "gave-up", Subject: "c1-job1", Value: "submit"}, true)
	require.Less(t, total(s, "runnable-runs"), pending)
}

func TestFaultsOutlastWhatTheyAreToCost(t *testing.T) {
	s := newSoak(t, policy.Hardened)
	s.servers = loopbackPorts(3)
	m := &member{Options: program.Options{ID: "m2"}}
	for range 50 {
		for _, class := range []scenarios.Class{scenarios.Pause, scenarios.Partition} {
			require.Greater(t, s.fault(class, m).For.Lo, s.timers.Granted()+2*s.timers.Tick)
		}
	}
	f := s.fault(scenarios.Partition, m)
	require.Equal(t, [][]string{{"m2"}, {"z1", "z2", "z3"}}, f.Groups)
	back, err := scenarios.ParseFault(f.String())
	require.NoError(t, err)
	require.Equal(t, f, back)
}

func TestProcessThatCannotBeginEndsTheSoakWithItsWords(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // in place of ZooKeeper: nobody comes so far
	require.NoError(t, err)
	defer l.Close()
	o := Options{Binary: "/bin/false", For: time.Second, Policy: policy.Hardened, ZK: []host.Addr{host.Addr(l.Addr().String())}}
	_, err = Soak(context.Background(), o)
	require.ErrorContains(t, err, "ended with status 1 before it began")
	o.Binary = "/nonexistent"
	_, err = Soak(context.Background(), o)
	require.ErrorContains(t, err, "soak: start /nonexistent: ")
	o.ZK = loopbackPorts(2)
	_, err = Soak(context.Background(), o)
	require.EqualError(t, err, "soak: nobody listens at [127.0.0.1:1 127.0.0.1:2]")
}
