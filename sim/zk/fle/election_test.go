package fle

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/hosttest"
)

// voter is a process that is nothing but its elections.
type voter struct {
	host.Process
	E Election
}

func (p *voter) Clone(host.Host) host.Process { return &voter{E: *p.E.Clone(nil)} }
func (p *voter) Digest(d *host.Digest)        { p.E.Digest(d) }

func TestCloneAndDigestKnowEveryField(t *testing.T) {
	hosttest.CheckState(t, &voter{}, "Process", "me", "voters", "out")
}

// paper is the ballots of a script: what the election asks of them is written
// down.
type paper struct{ strings.Builder }

func (p *paper) Notify(to int64, n Notification) {
	fmt.Fprintf(p, "    tells %d: %s\n", to, written(n))
}
func (p *paper) Delivered() bool      { return true }
func (p *paper) ConnectAll()          {}
func (p *paper) Poll(d time.Duration) { fmt.Fprintf(p, "    waits %v\n", d) }
func (p *paper) Votes(Vote)           {}
func (p *paper) Decided(v Vote)       { fmt.Fprintf(p, "    elects %d in round %d\n", v.Leader, v.Round) }

func written(n Notification) string {
	s := fmt.Sprintf("%s, %d in round %d", strings.ToLower(n.State.String()), n.Vote.Leader, n.Vote.Round)
	if n.State != Looking {
		s += fmt.Sprintf(", epoch %d", n.Vote.Epoch)
	}
	return s
}

// TestOneServersElectionVoteByVote tells one server the votes of others, all of
// which have the same zxid and epoch, and writes down what it does.
func TestOneServersElectionVoteByVote(t *testing.T) {
	states := map[string]State{"looking": Looking, "following": Following, "leading": Leading}
	datadriven.RunTest(t, "testdata/votes", func(t *testing.T, d *datadriven.TestData) string {
		var n, me int64
		d.ScanArgs(t, "voters", &n)
		d.ScanArgs(t, "me", &me)
		var voters []int64
		for id := range n {
			voters = append(voters, id+1)
		}
		out := &paper{}
		e := New(me, voters, out)
		out.WriteString("looks\n")
		e.Look(Vote{Leader: me, Zxid: 1, Epoch: 1})
		for line := range strings.Lines(d.Input) {
			line = strings.TrimSpace(line)
			fmt.Fprintln(out, line)
			if line == "silence" {
				e.Timeout()
				continue
			}
			var from, epoch int64
			var state string
			if n, _ := fmt.Sscanf(line, "established %d", &epoch); n == 1 {
				e.Established(epoch)
				continue
			}
			v := Vote{Zxid: 1, Epoch: 1}
			_, err := fmt.Sscanf(line, "%d %s votes %d in round %d", &from, &state, &v.Leader, &v.Round)
			require.NoError(t, err)
			require.Contains(t, states, state)
			e.Receive(from, Notification{states[state], v})
		}
		return out.String()
	})
}
