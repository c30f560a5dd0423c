package server_test

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/sim/zk/jute"
)

// A raw is a client that speaks the protocol as it is told to.
type raw struct {
	c        net.Conn
	xid      int32
	session  int64
	password []byte
	events   []string
}

func dialRaw(t *testing.T, addr string, session int64, password []byte) (*raw, jute.ConnectResponse) {
	t.Helper()
	return dialFor(t, addr, 10*time.Second, session, password)
}

// dialFor opens or resumes a session with a timeout.
func dialFor(t *testing.T, addr string, timeout time.Duration, session int64, password []byte) (*raw, jute.ConnectResponse) {
	t.Helper()
	c, err := net.DialTimeout("tcp", addr, 5*time.Second)
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	r := &raw{c: c}
	if password == nil {
		password = make([]byte, 16)
	}
	var e jute.Encoder
	(&jute.ConnectRequest{Timeout: int32(timeout.Milliseconds()), Session: session, Password: password, HasReadOnly: true}).Encode(&e)
	r.write(t, e.Buf)
	var resp jute.ConnectResponse
	d := jute.NewDecoder(r.packet(t))
	resp.Decode(d)
	require.NoError(t, d.Err())
	r.session, r.password = resp.Session, slices.Clone(resp.Password)
	return r, resp
}

func (r *raw) write(t *testing.T, packet []byte) {
	t.Helper()
	_, err := r.c.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(packet))), packet...))
	require.NoError(t, err)
}

func (r *raw) packet(t *testing.T) []byte {
	t.Helper()
	b, err := r.tryPacket()
	require.NoError(t, err)
	return b
}

func (r *raw) tryPacket() ([]byte, error) {
	_ = r.c.SetReadDeadline(time.Now().Add(10 * time.Second))
	var head [4]byte
	if _, err := io.ReadFull(r.c, head[:]); err != nil {
		return nil, err
	}
	b := make([]byte, binary.BigEndian.Uint32(head[:]))
	_, err := io.ReadFull(r.c, b)
	return b, err
}

// call sends a request and returns the reply; events that come before it are
// kept. It returns io.EOF's error if the server closed the connection.
func (r *raw) call(t *testing.T, typ int32, body []byte) (jute.ReplyHeader, []byte, error) {
	t.Helper()
	r.xid++
	xid := r.xid
	if typ == jute.OpPing {
		xid = jute.XidPing
	}
	var e jute.Encoder
	(&jute.RequestHeader{Xid: xid, Type: typ}).Encode(&e)
	r.write(t, append(e.Buf, body...))
	for {
		b, err := r.tryPacket()
		if err != nil {
			return jute.ReplyHeader{}, nil, err
		}
		d := jute.NewDecoder(b)
		var h jute.ReplyHeader
		h.Decode(d)
		if h.Xid != jute.XidNotification {
			require.Equal(t, xid, h.Xid)
			return h, d.Rest(), nil
		}
		var w jute.WatchEvent
		w.Decode(d)
		r.events = append(r.events, fmt.Sprintf("%d %d %s (zxid %d)", w.Type, w.State, w.Path, h.Zxid))
	}
}

// do carries out an operation and renders what came of it, without what no two
// servers share: times and session numbers.
func (r *raw) do(t *testing.T, base int64, typ int32, body []byte, names map[int64]string) string {
	t.Helper()
	h, b, err := r.call(t, typ, body)
	if err != nil {
		return "closed"
	}
	zxid := h.Zxid
	if zxid > 0 {
		zxid -= base
	}
	return fmt.Sprintf("zxid %d err %d %s", zxid, h.Err, render(typ, h.Err, b, base, names))
}

func render(typ int32, code jute.Code, b []byte, base int64, names map[int64]string) string {
	if code != jute.OK {
		return fmt.Sprintf("%d bytes", len(b))
	}
	d := jute.NewDecoder(b)
	stat := func() string {
		var s jute.Stat
		s.Decode(d)
		return fmt.Sprintf("{%d %d %d v%d c%d a%d %s len %d kids %d}", max(s.Czxid-base, 0), max(s.Mzxid-base, 0), max(s.Pzxid-base, 0),
			s.Version, s.Cversion, s.Aversion, names[s.EphemeralOwner], s.DataLength, s.NumChildren)
	}
	var out string
	switch typ {
	case jute.OpCreate, jute.OpSync:
		out = d.String()
	case jute.OpCreate2, jute.OpCreateContainer, jute.OpCreateTTL:
		out = d.String() + " " + stat()
	case jute.OpSetData, jute.OpSetACL, jute.OpExists:
		out = stat()
	case jute.OpGetData:
		data := d.Buffer()
		out = fmt.Sprintf("%v %q %s", data == nil, data, stat())
	case jute.OpGetACL:
		out = fmt.Sprint(jute.DecodeACL(d), stat())
	case jute.OpGetChildren, jute.OpGetEphemerals:
		kids := d.Strings()
		slices.Sort(kids)
		out = strings.Join(kids, ",")
	case jute.OpGetChildren2:
		kids := d.Strings()
		slices.Sort(kids)
		out = strings.Join(kids, ",") + " " + stat()
	case jute.OpMulti, jute.OpMultiRead:
		return renderMulti(d, base, names)
	case jute.OpGetAllChildren, jute.OpAddWatch:
		out = fmt.Sprint(d.Int())
	}
	return fmt.Sprintf("%s +%d", out, len(d.Rest()))
}

func renderMulti(d *jute.Decoder, base int64, names map[int64]string) string {
	var out []string
	for {
		var h jute.MultiHeader
		h.Decode(d)
		if h.Done || d.Err() != nil {
			return strings.Join(append(out, fmt.Sprintf("done %v +%d", d.Err(), len(d.Rest()))), "; ")
		}
		one := fmt.Sprintf("%d/%d ", h.Type, h.Err)
		var st jute.Stat
		switch h.Type {
		case jute.OpError:
			one += fmt.Sprint(d.Int())
		case jute.OpCreate:
			one += d.String()
		case jute.OpCreate2:
			one += d.String()
			st.Decode(d)
		case jute.OpSetData:
			st.Decode(d)
			one += fmt.Sprint(st.Version, st.Mzxid-base)
		case jute.OpGetData:
			one += fmt.Sprintf("%q", d.Buffer())
			st.Decode(d)
		case jute.OpGetChildren:
			kids := d.Strings()
			slices.Sort(kids)
			one += strings.Join(kids, ",")
		}
		out = append(out, one)
	}
}
