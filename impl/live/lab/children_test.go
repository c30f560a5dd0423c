package lab

import (
	"context"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/live"
	"github.com/simctl/simctl/impl/live/lab/proc"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/scenarios"
)

// parents gives w1 and w2 real processes with a child each that sleeps, and
// returns the numbers of the children.
func parents(t *testing.T, s *soak) map[string]int {
	t.Helper()
	pids := map[string]int{}
	for _, id := range []string{"w1", "w2"} {
		file := filepath.Join(s.o.Dir, id)
		p, err := proc.Start(exec.Command("/bin/sh", "-c", `sleep 60 & echo $! > "$0.new"; mv "$0.new" "$0"; wait; sleep 60`, file))
		require.NoError(t, err)
		t.Cleanup(func() { p.Finish(0) })
		s.member(id).proc = p
		require.Eventually(t, func() bool {
			text, err := exec.Command("cat", file).Output()
			if err == nil {
				pids[id], err = strconv.Atoi(strings.TrimSpace(string(text)))
			}
			return err == nil
		}, 5*time.Second, 5*time.Millisecond)
	}
	return pids
}

// Drivers and executors are found by what they tell of their start, and struck
// alone; what their parents do then is theirs.
func TestChildrenAreStruckAlone(t *testing.T) {
	s := newPlay(t, "", 0)
	populate(t, s)
	pids := parents(t, s)
	driver, executor := "w1/driver-20261121-0001#1", "w2/app-20261121-0001#1"
	for name, id := range map[string]string{driver: "w1", executor: "w2"} {
		s.observe(s.member(id), &live.Record{Process: host.ProcessID(name), Inc: 1, Event: live.Started, M: int64(pids[id])})
	}
	target := func(text string) [][]string { return s.resolve(context.Background(), fault(t, text)) }
	require.Equal(t, [][]string{{driver}}, target("at=1s kill any-driver"))
	require.Equal(t, [][]string{{executor}}, target("at=1s kill any-executor"))
	require.Equal(t, [][]string{{"w1"}}, target("at=1s kill driver-worker"))

	require.NoError(t, s.begin(context.Background(), fault(t, "at=1s kill any-driver")))
	require.Eventually(t, func() bool { return target("at=1s kill any-driver") == nil }, 5*time.Second, 5*time.Millisecond)
	var killed []string
	for _, e := range s.world {
		if e.Kind == trace.KilledOff {
			killed = append(killed, e.Process)
		}
	}
	require.Equal(t, []string{driver}, killed, "it alone")
	require.False(t, s.member("w1").proc.Ended())
	require.Equal(t, [][]string{{executor}}, target("at=1s kill any-executor"))
	require.NoError(t, s.doDue(context.Background(), forever), "the fault has an end, at which nothing is started")

	s.member("w2").children[executor] = 1 // not of its group: the number is another's now
	require.Nil(t, target("at=1s kill any-executor"))
	require.NoError(t, s.member("w2").proc.KillChild(1))
}

func fault(t *testing.T, text string) scenarios.Fault {
	t.Helper()
	f, err := scenarios.ParseFault(text)
	require.NoError(t, err)
	return f
}

func TestAccountsAreKeptWhereAJobChangesOne(t *testing.T) {
	s := newPlay(t, "", 0)
	require.NoError(t, s.addLedger())
	require.Empty(t, s.members)
	s = newPlay(t, "op at=3s c1 submit a job=ledger executors=2 ecores=1 ememory=64\n", 0)
	t.Cleanup(s.ports.Release)
	require.NoError(t, s.addLedger())
	require.Len(t, s.members, 1)
	require.Equal(t, "l1", s.members[0].ID)
	require.Equal(t, s.ledger, s.members[0].Listen)
}

// The driver of an application in client mode is its client's: as long as it
// runs, nothing is quiet.
func TestClientWaitsForTheDriverBesideIt(t *testing.T) {
	c := &clientView{id: "c1", jobs: map[string]*jobView{}}
	app := func(process, what string) {
		c.observe(&live.Record{Process: host.ProcessID(process), Event: string(trace.App), Subject: "a", Value: what}, true)
	}
	app("c1", "begun")
	require.Equal(t, 1, c.open)
	app("c1/a", "finished")
	require.Equal(t, 1, c.open)
	app("c1", "exited")
	require.Zero(t, c.open)
}
