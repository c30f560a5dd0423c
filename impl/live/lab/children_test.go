package lab

import (
	"context"
	"net"
	"os"
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
	"github.com/simctl/simctl/impl/wire"
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

// From every machine there are links to where the drivers of another one listen,
// which fail with those between the two.
func TestLinksToDriversAreCutToo(t *testing.T) {
	s := newPlay(t, "op at=3s c1 submit a job=pi executors=2 ecores=1 ememory=64 mode=client\n", 0)
	t.Cleanup(s.ports.Release)
	populate(t, s)
	t.Cleanup(s.mesh.Close)
	require.NoError(t, s.addDriverPorts())
	for _, m := range s.members {
		require.NoError(t, s.route(m))
	}
	w1, w2, c1 := s.member("w1"), s.member("w2"), s.member("c1")
	require.Len(t, w1.DriverPorts, s.driversAtOnce())
	require.Empty(t, s.member("m1").DriverPorts)
	l, err := net.Listen("tcp", string(loopbackPort(c1.DriverPorts[1])))
	require.NoError(t, err)
	defer l.Close()
	dial := func(from *member) (near, far net.Conn) {
		var at string
		for _, r := range from.Routes {
			if to, instead, _ := strings.Cut(r, "="); to == l.Addr().String() {
				at = instead
			}
		}
		near, err := net.Dial("tcp", at)
		require.NoError(t, err)
		far, err = l.Accept()
		require.NoError(t, err)
		return near, far
	}
	near1, far1 := dial(w1)
	near2, far2 := dial(w2)
	for _, c := range []net.Conn{near1, far1, near2, far2} {
		defer c.Close()
	}
	require.NoError(t, s.begin(context.Background(), fault(t, "at=1s one-way c1 | w1")))
	message, err := wire.Codec{}.Append(nil, wire.StopExecutor{})
	require.NoError(t, err)
	_, _ = far1.Write(message)
	_, _ = far2.Write(message)
	require.NoError(t, near2.SetReadDeadline(time.Now().Add(20*time.Second)))
	_, err = near2.Read(make([]byte, 1))
	require.NoError(t, err)
	require.NoError(t, near1.SetReadDeadline(time.Now().Add(50*time.Millisecond)))
	_, err = near1.Read(make([]byte, 1))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
}

// A process that a fault ends at the very beginning is not there until then.
func TestWhoIsEndedAtTheBeginningIsNotStarted(t *testing.T) {
	s := newPlay(t, "at=0s for=8s kill m2\nat=0s for=2s pause m1\nat=1s for=2s stop w1\n", 0)
	populate(t, s)
	var absent []string
	for _, m := range s.members {
		if s.isAbsent(m) {
			absent = append(absent, m.ID)
		}
	}
	require.Equal(t, []string{"m2"}, absent)
	m2 := s.member("m2")
	m2.proc, m2.ours, m2.told = nil, true, true
	require.NoError(t, s.begin(context.Background(), fault(t, "at=0s for=8s kill m2")))
	require.False(t, m2.runs())
	require.NoError(t, s.supervise(m2))
	for _, e := range s.world {
		require.NotEqual(t, trace.KilledOff, e.Kind, "there was nobody to kill")
	}
}
