package zk

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/kernel"
	"github.com/simctl/simctl/sim/network"
	"github.com/simctl/simctl/sim/zk/jute"
)

// oracle is a server that grants every session, says what it is asked, and
// answers only what the script tells it to.
type oracle struct {
	s    *script
	end  network.End
	conn host.ConnID
	open bool // the handshake is done
}

// Handle implements kernel.Handler.
func (o *oracle) Handle(e *kernel.Event) {
	if !o.s.net.Arrive(e) {
		return
	}
	switch e.Kind {
	case kernel.Accepted:
		o.conn, o.open = host.ConnID(e.A), false
	case kernel.Hangup:
		o.s.say("z1", "connection closed")
	case kernel.Message:
		o.asked(e.V.(jute.Frame))
	}
}

func (o *oracle) asked(f jute.Frame) {
	d := jute.NewDecoder(f.Data)
	if o.open {
		o.s.say("z1", "asked: xid %d, operation %d", d.Int(), d.Int())
		return
	}
	o.open = true
	var r jute.ConnectRequest
	r.Decode(d)
	o.s.say("z1", "connection of session %#x, which saw zxid %#x", r.Session, r.LastZxidSeen)
	var e jute.Encoder
	(&jute.ConnectResponse{Timeout: r.Timeout, Session: 7, Password: make([]byte, 16)}).Encode(&e)
	o.send(&e)
}

func (o *oracle) send(e *jute.Encoder) { o.s.net.Send(o.end, o.conn, jute.Frame{Data: e.Buf}) }

// answer sends a header and a znode's data or its path.
func (o *oracle) answer(t *testing.T, words []string) {
	xid, err := strconv.ParseInt(words[0], 0, 32)
	require.NoError(t, err)
	zxid, err := strconv.ParseInt(words[1], 0, 64)
	require.NoError(t, err)
	var e jute.Encoder
	h := jute.ReplyHeader{Xid: int32(xid), Zxid: zxid}
	switch words[2] {
	case "no-node":
		h.Err = jute.NoNode
		h.Encode(&e)
	case "data":
		h.Encode(&e)
		e.Buffer([]byte(words[3]))
		(&jute.Stat{}).Encode(&e)
	case "path":
		h.Encode(&e)
		e.String(words[3])
	case "nothing":
		h.Encode(&e)
	case "half": // of a header, or of an event
		h.Encode(&e)
		e.Int(0)
	default:
		t.Fatalf("no answer %q", words[2])
	}
	o.send(&e)
}

// newOracle returns a script whose one server is an oracle, and whose process
// p1 has a client of the profile.
func newOracle(t *testing.T, p Profile) (*script, *oracle) {
	s := &script{lab: newLab(t, 1, 0, 2*time.Second), users: map[string]*user{}}
	o := &oracle{s: s}
	m := s.net.AddMachine("z1")
	o.end = network.End{Machine: m, Actor: s.k.AddActor("z1", o)}
	s.addrs = []host.Addr{"z1:2181"}
	require.NoError(t, s.net.Listen(o.end, s.addrs[0], jute.Codec{}))
	u := &user{s: s, name: "p1"}
	s.users["p1"] = u
	u.c = NewClient(s.k, s.net, ClientConfig{
		Owner: "p1", Inc: 1, Machine: s.net.AddMachine("p1"), Profile: p, Wire: true,
		Deliver: func(_ kernel.Kind, c host.Call, result any) { c.Run(u, result) },
	})
	u.session = u.c.OpenSession(coord.Options{Servers: s.addrs, Timeout: 12 * time.Second}, host.BindResult((*user).changed, struct{}{}))
	return s, o
}

func TestAnswersAreMatchedAsTheLibraryDoes(t *testing.T) {
	datadriven.Walk(t, "testdata/answers", func(t *testing.T, path string) {
		var s *script
		var o *oracle
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			if d.Cmd == "client" {
				p, err := ParseProfile(d.CmdArgs[0].Key)
				require.NoError(t, err)
				s, o = newOracle(t, p)
			}
			s.out.Reset()
			for line := range strings.Lines(d.Input) {
				words := strings.Fields(line)
				switch words[0] {
				case "answer":
					o.answer(t, words[1:])
				case "hang-up":
					s.net.Close(o.end, o.conn)
				default:
					s.command(t, words)
				}
			}
			return s.out.String()
		})
	})
}
