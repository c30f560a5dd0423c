package server_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/sim/zk/jute"
)

// A tester is a test, or a check of rapid's.
type tester interface {
	require.TestingT
	Helper()
	Cleanup(func())
	Logf(format string, args ...any)
}

// A raw is a client that speaks the protocol as it is told to.
type raw struct {
	c        net.Conn
	in       *bufio.Reader
	held     []byte // requests that go out together, if hold is set
	hold     bool
	xid      int32
	session  int64
	password []byte
	events   []string
}

func dialRaw(t tester, addr string, session int64, password []byte) (*raw, jute.ConnectResponse) {
	t.Helper()
	return dialFor(t, addr, 10*time.Second, session, password)
}

// dialFor opens or resumes a session with a timeout.
func dialFor(t tester, addr string, timeout time.Duration, session int64, password []byte) (*raw, jute.ConnectResponse) {
	t.Helper()
	c, err := net.DialTimeout("tcp", addr, 5*time.Second)
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	r := &raw{c: c, in: bufio.NewReaderSize(c, 32<<10)}
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

func (r *raw) write(t tester, packet []byte) {
	t.Helper()
	require.NoError(t, r.tryWrite(packet))
}

func (r *raw) tryWrite(packet []byte) error {
	r.held = append(binary.BigEndian.AppendUint32(r.held, uint32(len(packet))), packet...)
	if r.hold {
		return nil
	}
	return r.flush()
}

// flush sends what was held.
func (r *raw) flush() error {
	_, err := r.c.Write(r.held)
	r.held, r.hold = r.held[:0], false
	return err
}

func (r *raw) packet(t tester) []byte {
	t.Helper()
	b, err := r.tryPacket()
	require.NoError(t, err)
	return b
}

// answerTime is how long an answer may take on a busy machine.
const answerTime = 30 * time.Second

func (r *raw) tryPacket() ([]byte, error) {
	_ = r.c.SetReadDeadline(time.Now().Add(answerTime))
	var head [4]byte
	if _, err := io.ReadFull(r.in, head[:]); err != nil {
		return nil, err
	}
	b := make([]byte, binary.BigEndian.Uint32(head[:]))
	_, err := io.ReadFull(r.in, b)
	return b, err
}

// call sends a request and returns the reply; events that come before it are
// kept. It returns io.EOF's error if the server closed the connection.
func (r *raw) call(t tester, typ int32, body []byte) (jute.ReplyHeader, []byte, error) {
	t.Helper()
	xid, err := r.send(typ, body)
	if err != nil {
		return jute.ReplyHeader{}, nil, err
	}
	return r.receive(t, xid)
}

// send sends a request and returns its xid.
func (r *raw) send(typ int32, body []byte) (int32, error) {
	r.xid++
	xid := r.xid
	if typ == jute.OpPing {
		xid = jute.XidPing
	}
	var e jute.Encoder
	(&jute.RequestHeader{Xid: xid, Type: typ}).Encode(&e)
	return xid, r.tryWrite(append(e.Buf, body...))
}

// receive returns the reply to a request.
func (r *raw) receive(t tester, xid int32) (jute.ReplyHeader, []byte, error) {
	t.Helper()
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

// A scale is how zxids and session numbers are told so that two ensembles can
// be compared: an epoch by how many came since the first, a counter of the
// first as what was added to it, and a session by its client.
type scale struct {
	first  int64 // zxid
	epochs []int64
	names  map[int64]string
}

func newScale(first int64) *scale {
	return &scale{first: first, epochs: []int64{first >> 32}, names: map[int64]string{0: "-"}}
}

// zxid is a zxid in words.
func (s *scale) zxid(z int64) string {
	epoch, counter := z>>32, z&0xffffffff
	switch {
	case z < 0:
		return fmt.Sprint(z)
	case z <= s.first:
		return "old"
	case epoch == s.epochs[0]:
		return fmt.Sprint(z - s.first)
	}
	at := slices.Index(s.epochs, epoch)
	if at < 0 {
		at = len(s.epochs)
		s.epochs = append(s.epochs, epoch)
	}
	return fmt.Sprintf("%d/%d", at, counter)
}

// reply is what came of an operation, without what no two servers share: times
// and session numbers.
func (s *scale) reply(typ int32, h jute.ReplyHeader, b []byte, err error) string {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "no answer"
	case err != nil:
		return "closed"
	}
	return fmt.Sprintf("zxid %s err %d %s", s.zxid(h.Zxid), h.Err, s.render(typ, h.Err, b))
}

func (s *scale) stat(d *jute.Decoder) string {
	var st jute.Stat
	st.Decode(d)
	return fmt.Sprintf("{%s %s %s v%d c%d a%d %s len %d kids %d}", s.zxid(st.Czxid), s.zxid(st.Mzxid), s.zxid(st.Pzxid),
		st.Version, st.Cversion, st.Aversion, s.names[st.EphemeralOwner], st.DataLength, st.NumChildren)
}

// render is the body of a reply in words.
func (s *scale) render(typ int32, code jute.Code, b []byte) string {
	if code != jute.OK {
		return fmt.Sprintf("%d bytes", len(b))
	}
	d := jute.NewDecoder(b)
	var out string
	switch typ {
	case jute.OpCreate, jute.OpSync:
		out = d.String()
	case jute.OpCreate2, jute.OpCreateContainer, jute.OpCreateTTL:
		out = d.String() + " " + s.stat(d)
	case jute.OpSetData, jute.OpSetACL, jute.OpExists:
		out = s.stat(d)
	case jute.OpGetData:
		data := d.Buffer()
		out = fmt.Sprintf("%v %s %s", data == nil, brief(data), s.stat(d))
	case jute.OpGetACL:
		out = fmt.Sprint(inWords(jute.DecodeACL(d)), s.stat(d))
	case jute.OpGetChildren, jute.OpGetEphemerals:
		out = strings.Join(sorted(d.Strings()), ",")
	case jute.OpGetChildren2:
		out = strings.Join(sorted(d.Strings()), ",") + " " + s.stat(d)
	case jute.OpMulti, jute.OpMultiRead:
		return s.multi(d)
	case jute.OpGetAllChildren, jute.OpAddWatch:
		out = fmt.Sprint(d.Int())
	case jute.OpWhoAmI:
		out = fmt.Sprint(inWords(jute.DecodeIDs(d)))
	}
	return fmt.Sprintf("%s +%d", out, len(d.Rest()))
}

// inWords is what ZooKeeper gives in the order of a hash table: sorted.
func inWords[T any](v []T) []string {
	out := make([]string, len(v))
	for i := range v {
		out[i] = fmt.Sprint(v[i])
	}
	return sorted(out)
}

func sorted(v []string) []string { slices.Sort(v); return v }

// brief is data in words: all of it, or its length and checksum.
func brief(b []byte) string {
	if bytes.HasPrefix(b, []byte("server.1=")) {
		return "the servers" // whose ports differ
	}
	if len(b) > 64 {
		return fmt.Sprintf("%d bytes of sum %x", len(b), crc32.ChecksumIEEE(b))
	}
	return fmt.Sprintf("%q", b)
}

func (s *scale) multi(d *jute.Decoder) string {
	var out []string
	for {
		var h jute.MultiHeader
		h.Decode(d)
		if h.Done || d.Err() != nil {
			return strings.Join(append(out, fmt.Sprintf("done %v %d/%d +%d", d.Err(), h.Type, h.Err, len(d.Rest()))), "; ")
		}
		one := fmt.Sprintf("%d/%d ", h.Type, h.Err)
		switch h.Type {
		case jute.OpError:
			one += fmt.Sprint(d.Int())
		case jute.OpCreate:
			one += d.String()
		case jute.OpCreate2:
			one += d.String() + " " + s.stat(d)
		case jute.OpSetData:
			one += s.stat(d)
		case jute.OpGetData:
			one += brief(d.Buffer()) + " " + s.stat(d)
		case jute.OpGetChildren:
			one += strings.Join(sorted(d.Strings()), ",")
		}
		out = append(out, one)
	}
}
