package mailbox

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/hosttest"
)

// clerk is a process that handles its mail and writes down what it did. Mail on
// connection 9 blocks it, and leaves two steps to be done later. Mail on
// connection 8 leaves a step and posts more mail, and blocks nothing.
type clerk struct {
	host.Process
	B       Box
	blocked bool
	did     []string
}

func (c *clerk) Blocked() bool { return c.blocked }

func (c *clerk) Handle(l Mail) {
	switch {
	case !l.Call.IsZero():
		l.Call.Run(c, nil)
	case l.Conn == 9:
		c.did = append(c.did, "write")
		c.B.Then(host.Bind((*clerk).do, "second"))
		c.B.Then(host.Bind((*clerk).do, "first"))
		c.blocked = true
	case l.Conn == 8:
		c.did = append(c.did, "posts")
		c.B.Post(Mail{Conn: 1})
		c.B.Then(host.Bind((*clerk).do, "step"))
	default:
		c.did = append(c.did, "mail")
	}
}

func (c *clerk) do(what string)               { c.did = append(c.did, what) }
func (c *clerk) Clone(host.Host) host.Process { return &clerk{B: *c.B.Clone(nil)} }
func (c *clerk) Digest(d *host.Digest)        { c.B.Digest(d) }
func (c *clerk) took() (did []string)         { did, c.did = c.did, nil; return did }

func TestMailWaitsBehindAHandlerThatIsBlocked(t *testing.T) {
	c := &clerk{}
	c.B = *New(c)
	c.B.Post(Mail{Conn: 1})
	require.Equal(t, []string{"mail"}, c.took())
	c.B.Post(Mail{Conn: 9})
	c.B.Post(Mail{Conn: 1})
	c.B.Post(Mail{Call: host.Bind((*clerk).do, "call")})
	require.Equal(t, []string{"write"}, c.took(), "the rest waits")
	c.blocked = false
	c.B.Settle()
	require.Equal(t, []string{"first", "second", "mail", "call"}, c.took(), "the handler's rest, then the mail in order")

	c.B.Post(Mail{Conn: 9})
	c.B.Post(Mail{Conn: 1})
	c.B.Abort()
	c.blocked = false
	c.B.Settle()
	require.Equal(t, []string{"write", "mail"}, c.took(), "a handler that failed has no rest")

	c.B.Post(Mail{Conn: 9})
	c.B.Post(Mail{Conn: 1})
	c.B.Clear()
	c.blocked = false
	c.B.Settle()
	require.Equal(t, []string{"write"}, c.took())
}

// TestNothingWaitsWithoutABlock: what a handler leaves behind is done when it
// returns, its own steps before the mail that came meanwhile.
func TestNothingWaitsWithoutABlock(t *testing.T) {
	c := &clerk{}
	c.B = *New(c)
	c.B.Post(Mail{Conn: 8})
	require.Equal(t, []string{"posts", "step", "mail"}, c.took())
	c.B.Post(Mail{Conn: 9})
	c.B.Post(Mail{Conn: 8})
	c.blocked = false
	c.B.Settle()
	require.Equal(t, []string{"write", "first", "second", "posts", "step", "mail"}, c.took())
}

func TestCloneAndDigestKnowEveryField(t *testing.T) {
	c := &clerk{}
	c.B = *New(c)
	hosttest.CheckState(t, c, "Process", "owner", "settling", "blocked", "did")
}
