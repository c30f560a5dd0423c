package lab

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/live/lab/ensemble"
	"github.com/simctl/simctl/impl/live/lab/proc"
	"github.com/simctl/simctl/impl/live/lab/refusal"
	"github.com/simctl/simctl/impl/live/program"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/scenarios"
)

const small = `scenario failover/small
doc a small one
topology masters=2 workers=2 clients=1 servers=3 cores=4 memory=4096
timers fast
safety 20s
restart 2s..6s
work jobs=3 cores=1 memory=64 run=1s..2s status=500ms..1s
op at=1s..2s c1 submit early for=3s
`

func parse(t *testing.T, lines string) scenarios.Scenario {
	t.Helper()
	s, err := scenarios.Parse("small", []byte(small+lines))
	require.NoError(t, err)
	return s
}

// A live run refuses what it cannot do in one sentence that names it.
func TestLiveRunRefusesWhatItCannotDo(t *testing.T) {
	for lines, want := range map[string]string{
		"":                                     "",
		"at=3s for=2s kill active outputs=any": "",
		"at=3s for=2s partition active w1 | rest":                                  "",
		"at=3s for=2s partition active | servers":                                  "",
		"at=3s for=2s pause zk-leader\nat=4s for=1s kill z1\nat=9s zk-leader-loss": "",
		"at=3s expire masters\nat=4s clock-jump masters by=-40s":                   "",
		"at=3s on=m1:state/Alive for=2s kill m1":                                   "",
		"at=3s for=2s kill active outputs=3":                                       "",
		"at=3s for=2s disk-full any-server\nat=3s for=2s slow-disk m1 by=60ms":     "",
		"at=3s lost-reply write masters n=2\nat=4s for=1s slow-op write m1 by=2s":  "",
		"at=3s for=2s session-cut latch m1\nat=4s delete-znode latch active":       "",
		"at=3s for=2s partition z1 | rest":                                         "",
		"at=3s for=2s partition any-server | z3":                                   "",
		"at=3s for=2s host-loss z1 m1":                                             "",
		"at=3s decommission w1":                                                    "",
		"at=3s tear z1":                                                            `fault "at=3s tear z1": what an operator does to the files of servers is done to simulated ones only`,
		"at=3s drop MasterChanged active | workers":                                "",
		"at=3s for=2s duplicate any active | workers n=3 by=1s":                    "",
		"at=3s for=2s lossy active | servers n=150\nat=4s drain w1 | m1 by=60ms":   "",
		"op at=3s c1 submit a for=0s job=ledger executors=2 ecores=1 ememory=64":   "",
		"at=3s kill any-driver\nat=4s stop any-executor\nat=5s kill driver-worker": "",
		"at=3s for=1s pause any-driver":                                            "",
		"at=3s kill w1/driver-1#1":                                                 "nobody knows before a live run what drivers and executors are called",
		"probe p1\nop at=3s p1 create /a data=one => ok\nat=4s kill any-probe":     "",
		"ensemble local=upgrade":                                                   "",
		"server z1 id=4":                                                           "server z1: the servers of a live run are numbered in their order, and begin empty",
		"ensemble defect=4643":                                                     "ensemble defect=4643: real servers have no switch for a mistake",
		"at=3s drop any masters | servers":                                         "a link knows the names of our messages only",
		"given m1 format=1":                                                        "",
		"curator 5.6":                                                              "curator: real masters have the latch and the client of go-zookeeper",
		"order pct depth=3 steps=4000 window=5ms":                                  "order: nobody chooses in which order real machines",
	} {
		text, err := scenarios.Parse("small", []byte(small+lines+"\n"))
		require.NoError(t, err, lines)
		err = refusal.Of(&text)
		if want == "" {
			require.NoError(t, err, lines)
		} else {
			require.ErrorContains(t, err, want, lines)
		}
	}
}

// What can be had on servers of our own cannot on Debian's, and less on an
// ensemble that stands.
func TestServersThatAreNotOursAreNotStruck(t *testing.T) {
	for lines, want := range map[string][2]string{
		"at=3s for=2s kill active":                  {"", ""},
		"at=3s for=2s partition active | rest":      {"", ""},
		"at=3s for=2s kill z1":                      {"", "the servers that stand already are not ours to strike"},
		"at=3s for=2s disk-full any-server":         {"only the servers of --zk=embedded", "not ours to strike"},
		"at=3s for=2s slow-disk m1 by=60ms":         {"", ""},
		"at=3s zk-leader-loss":                      {"", "not ours to strike"},
		"at=3s for=2s host-loss m1 z1":              {"other servers would be told at once", "not ours to strike"},
		"at=3s for=2s partition z1 | rest":          {"can fail only with --zk=embedded", "can fail only with --zk=embedded"},
		"at=3s for=2s one-way any-server | servers": {"can fail only with --zk=embedded", "can fail only with --zk=embedded"},
	} {
		s := parse(t, lines+"\n")
		require.NoError(t, (&Options{Scenario: &s, Embedded: true}).setDefaults(), lines)
		for i, o := range []Options{{Scenario: &s}, {Scenario: &s, ZK: loopbackPorts(3)}} {
			if err := o.setDefaults(); want[i] == "" {
				require.NoError(t, err, lines)
			} else {
				require.ErrorContains(t, err, want[i], lines)
			}
		}
	}
	s := parse(t, "")
	s.Apart = [][]string{{"z1", "z2"}, {"z3"}}
	require.NoError(t, (&Options{Scenario: &s}).setDefaults())
	require.ErrorContains(t, (&Options{Scenario: &s, ZK: loopbackPorts(3)}).setDefaults(), "the servers that stand already are one service")
	require.Equal(t, [][]int{{1, 2}, {3}}, apart(&s))
}

func newPlay(t *testing.T, lines string, length time.Duration) *soak {
	t.Helper()
	written := parse(t, lines)
	o := Options{Policy: policy.Hardened, Seed: 7, For: length, Scenario: &written, Dir: t.TempDir()}
	require.NoError(t, o.setDefaults())
	s := &soak{o: o, timers: scenarios.TimersFor(o.Timers), draw: program.Draws(o.Seed, "soak"), servers: loopbackPorts(3)}
	require.NoError(t, s.prepare())
	return s
}

func TestScenarioIsDrawnAnewEachTimeItIsPlayed(t *testing.T) {
	const lines = "at=8s..11s for=1s..9s kill active outputs=any\nat=15s..19s for=2s stop standby\n"
	once := newPlay(t, lines, 0)
	require.Len(t, once.scenario.Faults, 2)
	require.Equal(t, 20*time.Second, once.scenario.Safety)
	require.Equal(t, 4, once.jobsOf("c1"), "three drawn, one explicit")
	for _, f := range once.scenario.Faults {
		require.Equal(t, f.At.Lo, f.At.Hi)
		require.Equal(t, f.Class == scenarios.KillOff, f.Outputs > 0, "drawn")
	}
	require.Equal(t, once.scenario, newPlay(t, lines, 0).scenario, "by the seed alone")
	again := newPlay(t, lines, 52*time.Second)
	require.Len(t, again.scenario.Faults, 5, "the last time is cut short")
	require.Equal(t, once.scenario.Faults, again.scenario.Faults[:2])
	for i, f := range again.scenario.Faults {
		round := time.Duration(i/2) * 20 * time.Second
		require.GreaterOrEqual(t, f.At.Lo, round)
		require.Less(t, f.At.Lo, round+20*time.Second)
	}
	require.NotEqual(t, again.scenario.Faults[0].At.Lo+20*time.Second, again.scenario.Faults[2].At.Lo)
	require.Equal(t, 12, again.jobsOf("c1"), "each time one explicit")
	require.Equal(t, parse(t, lines).String(), func() string { w := again.written(); return w.String() }())
}

// populate gives a play processes that run, in name only.
func populate(t *testing.T, s *soak) {
	t.Helper()
	for _, id := range []string{"m1", "m2", "w1", "w2", "c1"} {
		kind := map[byte]string{'m': "master", 'w': "worker", 'c': "client"}[id[0]]
		m := &member{Options: program.Options{Kind: kind, ID: id, Listen: loopbackPort(int(id[0])), Clock: s.o.Dir + "/clock-" + id}}
		m.proc, m.children = &proc.Proc{}, map[string]int{}
		s.members = append(s.members, m)
	}
}

func TestTargetsAreLookedUpWhenAFaultBegins(t *testing.T) {
	s := newPlay(t, "", 0)
	populate(t, s)
	groups := func(text string) [][]string {
		f, err := scenarios.ParseFault(text)
		require.NoError(t, err)
		return s.resolve(context.Background(), f)
	}
	require.Nil(t, groups("at=1s kill active"))
	s.members[1].state, s.members[1].term = "Alive", 3
	s.members[0].state = "Standby"
	s.members[3].busy = true
	require.Equal(t, [][]string{{"m2"}}, groups("at=1s kill active"))
	require.Equal(t, [][]string{{"m1"}}, groups("at=1s kill standby"))
	require.Equal(t, [][]string{{"w2"}}, groups("at=1s kill busy-worker"))
	require.Equal(t, [][]string{{"m2", "w1"}, {"m1", "w2", "c1", "z1", "z2", "z3"}}, groups("at=1s for=1s partition active w1 | rest"))
	require.Equal(t, [][]string{{"m2"}, {"z1", "z2", "z3"}}, groups("at=1s for=1s partition active | servers"))
	s.members[1].paused = true
	require.Nil(t, groups("at=1s kill active"), "one that stands still is not looked for, as in a list of those that run")
}

func TestProcessIsToldWhatItIsGiven(t *testing.T) {
	s := newPlay(t, "given m2 dir=/spark-2\ngiven m1 servers=z1,z3\ngiven c1 masters=m2\n", 0)
	populate(t, s)
	defer s.mesh.Close()
	for _, m := range s.members {
		m.Dir, m.Masters = "/base", loopbackPorts(2)
		if m.Kind == "master" {
			require.NoError(t, s.link(m))
		}
		s.give(m)
	}
	require.Equal(t, "/base", s.members[0].Dir)
	require.Equal(t, "/base-spark-2", s.members[1].Dir)
	require.Equal(t, []host.Addr{s.mesh.From("m1", "z1")[0].Addr(), s.mesh.From("m1", "z3")[0].Addr()}, s.members[0].ZK)
	require.Len(t, s.members[1].ZK, 3)
	require.Equal(t, []host.Addr{s.members[1].Listen}, s.members[4].Masters)
	require.Len(t, s.members[2].Masters, 2)
}

func TestFaultWaitsForItsEvent(t *testing.T) {
	s := newPlay(t, "", 0)
	populate(t, s)
	f, err := scenarios.ParseFault("at=1s on=masters:state/Alive#2 for=1s kill active")
	require.NoError(t, err)
	s.play.waiting = []waiting{{fault: f, left: 2}}
	tell := func(process, value string) bool {
		s.saw(trace.Event{Process: process, Kind: trace.State, Value: value})
		return s.play.waiting[0].due
	}
	require.False(t, tell("m1", "Alive"))
	require.False(t, tell("m1", "Standby"))
	require.False(t, tell("w1", "Alive"), "w1 is no master")
	require.True(t, tell("m2", "Alive"))
}

func TestClocksJumpByWhatAFileSays(t *testing.T) {
	s := newPlay(t, "", 0)
	populate(t, s)
	require.NoError(t, s.moveClock(s.members[0], -40*time.Second))
	require.NoError(t, s.moveClock(s.members[0], 75*time.Second))
	text, err := os.ReadFile(s.members[0].Clock)
	require.NoError(t, err)
	require.Equal(t, "35000000000", string(text))
}

// A server is gone for as long as any fault wants it so, and a machine that is
// lost has no link to another, a server's neither.
func TestAServerIsGoneUntilTheLastFaultIsOver(t *testing.T) {
	s := newPlay(t, "", 0)
	populate(t, s)
	t.Cleanup(s.mesh.Close)
	e, err := ensemble.Prepare(ensemble.Options{Servers: 3, Dir: t.TempDir(), Program: "/nowhere", Route: s.routeServer})
	require.NoError(t, err)
	t.Cleanup(e.Stop)
	s.ensemble = e
	z1 := s.server("z1")
	s.takeServer(z1, trace.KilledOff)
	require.NoError(t, s.actOnServer(scenarios.HostLoss, z1))
	require.Len(t, s.play.broken, 1)
	require.Len(t, s.mesh.Between("z1", "z3"), 2, "either may dial")
	require.NoError(t, s.giveServer(z1), "the other fault goes on")
	require.ErrorContains(t, s.giveServer(z1), "/nowhere", "now it is started")
	s.rejoin("z1")
	require.Empty(t, s.play.broken)
}
