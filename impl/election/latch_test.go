package election_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/election"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/hosttest"
	"github.com/simctl/simctl/impl/policy"
)

// candidate is a process that stands for election and tells what happens.
type candidate struct {
	host.Process
	h      host.Host
	policy policy.Policy
	latch  *election.Latch

	curator string
	lag     time.Duration
}

func (c *candidate) Start(h host.Host) {
	c.h = h
	c.latch = election.New(h, c, election.Config{Dir: "/a/b", Policy: c.policy, Retry: time.Second,
		Curator: c.curator, Lag: c.lag, Backoff: 5 * time.Second})
	c.open()
}

func (c *candidate) open() {
	c.latch.SetSession(coord.Of(c.h).OpenSession(coord.Options{Name: "latch"}, host.BindResult((*candidate).changed, 0)))
}

func (c *candidate) changed(_ int, s coord.StateChange) {
	c.latch.SessionChanged(s)
	if s.State == coord.Expired {
		c.open()
	}
}

func (c *candidate) Part(i int) any {
	if i == 0 {
		return c.latch
	}
	return nil
}

func (c *candidate) tell(format string, args ...any) {
	c.h.Note(host.Note{Kind: host.NoteState, Value: fmt.Sprintf(format, args...)})
}

func (c *candidate) TermSent()                     { c.tell("commits a term") }
func (c *candidate) LatchElected(w election.Win)   { c.tell("elected %+v", w) }
func (c *candidate) LatchLost(why election.Reason) { c.tell("lost: %s", why) }
func (c *candidate) LatchReleased()                { c.tell("released") }
func (c *candidate) LatchRefused(why string)       { c.tell("refused: %s", why) }
func (c *candidate) Signalled(host.Signal)         { c.latch.Release() }
func (c *candidate) Exited(host.ProcessID, int)    { c.latch.Rejoin() }

// TestScripts runs testdata: "start M POLICY [curator=VERSION]" starts a candidate, "terminate"
// makes it release its term and "exited" makes it join the queue anew.
func TestScripts(t *testing.T) {
	hosttest.RunClusterScripts(t, "testdata", func(t *testing.T, d *datadriven.TestData) host.Process {
		p, err := policy.Parse(d.CmdArgs[0].String())
		require.NoError(t, err)
		c := &candidate{policy: p}
		d.MaybeScanArgs(t, "curator", &c.curator)
		return c
	}, func(p host.Process) string { return fmt.Sprint(p.(*candidate).latch.Leading()) })
}

func TestTheFailingOperationOfAMultiIsTheOneThatWasNotRolledBack(t *testing.T) {
	require.Equal(t, -1, election.Failing(coord.Result{}))
	require.Equal(t, -1, election.Failing(coord.Result{Err: coord.ErrConnectionLoss}))
	require.Equal(t, 1, election.Failing(coord.Result{Err: coord.ErrBadVersion, Results: []coord.Result{
		{}, {Err: coord.ErrBadVersion}, {Err: coord.ErrRolledBack}}}))
}

// alone starts a candidate that has the service to itself.
func alone() (*hosttest.Coord, *hosttest.Machine, *candidate) {
	svc := hosttest.NewCoord()
	m := svc.Machine("a", 1)
	m.Draws["latch"] = 1
	c := &candidate{policy: policy.Hardened}
	m.Start(c)
	return svc, m, c
}

// TestWhatFailsIsTriedAgainAfterAWhile: somebody deletes what the candidate has
// just made, no connection breaks, and nothing else makes it look again.
func TestWhatFailsIsTriedAgainAfterAWhile(t *testing.T) {
	svc, m, c := alone()
	m.Step(4) // connected; its znode, for which there is no queue; /a; /a/b
	svc.Delete("/a/b")
	svc.Settle()
	m.Advance(999 * time.Millisecond)
	svc.Settle()
	require.Equal(t, []string{"/", "/a"}, svc.Paths())
	m.Advance(time.Millisecond)
	svc.Settle()
	require.True(t, c.latch.Leading())
}

// TestNobodyLeadsOnTheZnodeOfAnEarlierSession: one that was given up leaves its
// znode where it was for a while. It will vanish, and is not led on.
func TestNobodyLeadsOnTheZnodeOfAnEarlierSession(t *testing.T) {
	svc, _, c := alone()
	svc.Settle()
	require.True(t, c.latch.Leading())
	require.NotEmpty(t, svc.Find("latch-0000000000"))
	coord.Of(c.h).DropSession(1)
	c.changed(0, coord.StateChange{Session: 1, State: coord.Expired})
	svc.Settle()
	require.True(t, c.latch.Leading())
	require.Empty(t, svc.Find("latch-0000000000"))
	require.NotEmpty(t, svc.Find("latch-0000000001"))
}
