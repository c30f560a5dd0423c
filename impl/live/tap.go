package live

import (
	"encoding/binary"
	"net"
	"os"
	"sync/atomic"
	"time"
)

// Operation numbers and reserved xids of ZooKeeper's protocol that the tap
// knows.
const (
	opSetWatches = 101
	opClose      = -11
	xidEvent     = -1
	xidPing      = -2
)

// A tap is one TCP connection of a session, as go-zookeeper sees it. It reads
// along what passes, because three things that coord promises are on the wire
// but not in go-zookeeper's interface: the zxid of each reply, the negotiated
// timeout, and the order between watch events and replies. It also bounds
// every wait for the server, which go-zookeeper does not.
type tap struct {
	net.Conn
	s       *session
	begin   time.Time
	up      atomic.Bool // the handshake is over
	in, out frames
	broken  bool         // the answer that came in is lost
	deaf    atomic.Bool  // something was lost while the session was cut off
	until   atomic.Int64 // the read deadline, in nanoseconds of the wall clock
}

func newTap(c net.Conn, s *session) *tap {
	t := &tap{Conn: c, s: s, begin: time.Now()}
	t.in.whole = func(f []byte, first bool) {
		if first {
			t.connected(f)
		} else {
			t.received(f)
		}
	}
	t.out.whole = func(f []byte, first bool) {
		if !first && len(f) >= 8 {
			s.written(int32(binary.BigEndian.Uint32(f)), int32(binary.BigEndian.Uint32(f[4:])))
		}
	}
	return t
}

// Read reads and looks along.
func (t *tap) Read(b []byte) (int, error) {
	n, err := t.Conn.Read(b)
	if !t.hears() {
		return 0, os.ErrDeadlineExceeded
	}
	t.in.feed(b[:n])
	if t.broken {
		t.Conn.Close()
		return 0, errLost
	}
	return n, err
}

// Write looks along and writes: in this order, so that a reply finds its
// request known.
func (t *tap) Write(b []byte) (int, error) {
	t.out.feed(b)
	if t.s.cut() {
		t.deaf.Store(true)
		return len(b), nil
	}
	return t.Conn.Write(b)
}

// SetReadDeadline sets the deadline, or an earlier one. A handshake may take
// the session timeout over the number of servers (go-zookeeper's own bound is
// 6.67 session timeouts), and no silence may last longer than the session.
func (t *tap) SetReadDeadline(d time.Time) error {
	limit := time.Now().Add(t.s.timeout())
	if !t.up.Load() {
		limit = t.begin.Add(t.s.patience())
	}
	if d.IsZero() || limit.Before(d) {
		d = limit
	}
	t.until.Store(d.UnixNano())
	return t.Conn.SetReadDeadline(d)
}

// connected reads the answer to the handshake: protocol version, timeout,
// session and password.
func (t *tap) connected(f []byte) {
	t.up.Store(true)
	if len(f) < 20 {
		return
	}
	timeout := time.Duration(int32(binary.BigEndian.Uint32(f[4:]))) * time.Millisecond
	id := int64(binary.BigEndian.Uint64(f[8:]))
	if id != 0 {
		t.s.negotiated(t, id, timeout, f[20:])
	}
}

// received reads a reply's header, or a watch event.
func (t *tap) received(f []byte) {
	if len(f) < 16 {
		return
	}
	xid := int32(binary.BigEndian.Uint32(f))
	zxid := int64(binary.BigEndian.Uint64(f[4:]))
	code := int32(binary.BigEndian.Uint32(f[12:]))
	switch {
	case xid == xidPing:
	case xid != xidEvent && t.s.loses(xid):
		t.broken = true
	case xid != xidEvent:
		t.s.replied(xid, zxid, code)
	case len(f) >= 28:
		kind := int32(binary.BigEndian.Uint32(f[16:]))
		t.s.fired(kind, string(f[28:]))
	}
}

// frames cuts a stream into frames of a length and a payload.
type frames struct {
	whole func(payload []byte, first bool) // called with each frame's end
	head  [4]byte
	got   int    // bytes of head
	need  int    // payload bytes to come
	buf   []byte // payload so far: all of an event or handshake, else the header
	later bool   // the first frame is over
}

const headerLen = 16 // of a reply: xid, zxid, error

func (f *frames) feed(b []byte) {
	for len(b) > 0 {
		if f.got < len(f.head) {
			n := copy(f.head[f.got:], b)
			f.got += n
			b = b[n:]
			if f.got < len(f.head) {
				return
			}
			f.need = int(int32(binary.BigEndian.Uint32(f.head[:])))
			f.buf = f.buf[:0]
		}
		n := min(max(f.need, 0), len(b))
		f.keep(b[:n])
		f.need -= n
		b = b[n:]
		if f.need <= 0 {
			f.whole(f.buf, !f.later)
			f.later = true
			f.got = 0
		}
	}
}

// keep stores what will be looked at: the header of a reply is enough.
func (f *frames) keep(b []byte) {
	if f.later && len(f.buf) >= headerLen && int32(binary.BigEndian.Uint32(f.buf)) != xidEvent {
		return
	}
	if room := headerLen - len(f.buf); f.later && room > 0 && len(b) > room {
		f.buf = append(f.buf, b[:room]...)
		f.keep(b[room:])
		return
	}
	f.buf = append(f.buf, b...)
}
