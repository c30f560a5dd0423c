package quorum

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/hosttest"
)

func sumOf(p *Peer) uint64 {
	var d host.Digest
	p.Digest(&d)
	return d.Sum()
}

// deaf is a host that does nothing, for a clone.
type deaf struct{ machineHost }

func (deaf) StartTimer(time.Duration, host.Call) host.TimerID { return 0 }
func (deaf) StopTimer(host.TimerID) bool                      { return true }
func (deaf) Dial(host.Addr, host.Codec) host.ConnID           { return 1 << 60 }
func (deaf) Send(host.ConnID, host.Message)                   {}
func (deaf) Close(host.ConnID)                                {}
func (deaf) AppendFile(string, []byte, host.Call)             {}
func (deaf) SyncFile(string, host.Call)                       {}
func (deaf) RenameFile(string, string, host.Call)             {}
func (deaf) RemoveFile(string, host.Call)                     {}

func TestACloneEqualsAndSharesNothingThatChanges(t *testing.T) {
	w := newWorld(4, 3, small()).startAll()
	for range 40 {
		w.run(50 * time.Millisecond)
		if l := w.leader(); l != nil {
			w.propose(l)
		}
		for _, n := range w.nodes {
			before := sumOf(n.peer)
			twin := *n
			c := n.peer.Clone(deaf{machineHost{&twin}}, &twin).(*Peer)
			twin.w = newWorld(1, 3, small())
			require.Equal(t, before, sumOf(c))
			for i := range c.links {
				c.links[i].last.Vote.Round++
			}
			c.el.Receive(1, Notification{State: Looking, Vote: Vote{Leader: 1, Zxid: 99, Epoch: 99, Round: 99}})
			c.Propose([]byte("x"))
			c.look()
			require.NotEqual(t, before, sumOf(c))
			require.Equal(t, before, sumOf(n.peer), "what the clone does, the original does not")
		}
	}
}

// alone is a process that is nothing but its part in an ensemble.
type alone struct {
	host.Process
	P Peer
}

func (p *alone) Clone(h host.Host) host.Process { return &alone{P: *p.P.Clone(h, nil).(*Peer)} }
func (p *alone) Digest(d *host.Digest)          { p.P.Digest(d) }

func TestCloneAndDigestKnowEveryField(t *testing.T) {
	p, err := New(Config{ID: 1, Members: []Member{{1, "a:1"}}})
	require.NoError(t, err)
	hosttest.CheckState(t, &alone{P: *p}, "Process", "h", "m", "cfg", "el", "data", "Data")
}
