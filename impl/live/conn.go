package live

import (
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"sync"
	"time"

	"github.com/simctl/simctl/impl/host"
)

const (
	// linger is how long an ending process waits for its peers to take what
	// it has sent.
	linger = time.Second
	// undelivered is how many messages of one connection may wait for the
	// loop before the connection is read no further.
	undelivered = 256
	// longest is the most bytes that one message may take.
	longest = 64 << 20
)

// A conn is one connection. The loop owns id and codec; the reader and the
// writer are a goroutine each.
type conn struct {
	h     *Host
	id    host.ConnID
	codec host.Codec
	taken chan struct{} // a token for each message that waits for the loop

	mu     sync.Mutex
	tcp    Stream // nil while dialling
	out    []byte // encoded, not yet written
	ending bool   // nothing more is sent: a graceful close
	dead   bool   // reset, or over
	more   chan struct{}
	gone   chan struct{} // closed with dead
	ended  chan struct{} // closed when the reader has ended
}

func (h *Host) newConn(codec host.Codec) *conn {
	h.connSeq++
	c := &conn{
		h: h, id: h.connSeq, codec: codec,
		taken: make(chan struct{}, undelivered),
		more:  make(chan struct{}, 1), gone: make(chan struct{}), ended: make(chan struct{}),
	}
	h.conns[c.id] = c
	return c
}

// send queues bytes and reports false if too many wait already.
func (c *conn) send(m host.Message, limit int) (ok bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ending || c.dead {
		return true, nil
	}
	if c.out, err = c.codec.Append(c.out, m); err != nil {
		return false, err
	}
	c.poke()
	return len(c.out) <= limit, nil
}

func (c *conn) poke() {
	select {
	case c.more <- struct{}{}:
	default:
	}
}

// finish closes the connection once everything queued is written. One that
// does not stand yet is given up.
func (c *conn) finish() {
	c.mu.Lock()
	dialling := c.tcp == nil
	c.ending = true
	c.poke()
	c.mu.Unlock()
	if dialling {
		c.reset()
	}
}

// reset ends the connection at once; the peer is told so by the network,
// because the socket lingers for 0 s.
func (c *conn) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dead {
		return
	}
	c.dead = true
	close(c.gone)
	c.poke()
	if c.tcp != nil {
		c.tcp.Close()
	}
}

// begin starts the goroutines of a connection that stands.
func (c *conn) begin(tcp Stream) {
	// A socket that lingers for 0 s is reset by the kernel when its process
	// dies, so that a peer tells a death from a close.
	_ = tcp.SetLinger(0)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dead {
		tcp.Close()
		return
	}
	c.tcp = tcp
	c.h.others.Add(2)
	go c.write()
	go c.read()
}

// write sends what is queued, and ends the sending side when asked to.
func (c *conn) write() {
	defer c.h.others.Done()
	var spare []byte
	for {
		c.mu.Lock()
		buf, ending, dead := c.out, c.ending, c.dead
		c.out = spare[:0]
		c.mu.Unlock()
		spare = buf
		switch {
		case dead:
			return
		case len(buf) > 0:
			if _, err := c.tcp.Write(buf); err != nil {
				<-c.ended // what the peer had sent is read first
				c.reset()
				return
			}
		case ending:
			c.goodbye()
			return
		default:
			<-c.more
		}
	}
}

// goodbye ends the sending side and waits for the peer to end its own, so that
// nothing sent is lost to a reset.
func (c *conn) goodbye() {
	_ = c.tcp.SetLinger(-1)
	_ = c.tcp.CloseWrite()
	_ = c.tcp.SetReadDeadline(time.Now().Add(linger))
	select {
	case <-c.ended:
	case <-time.After(2 * linger):
	}
	c.reset()
}

// read hands messages to the loop until the connection ends.
func (c *conn) read() {
	defer c.h.others.Done()
	why := c.receive()
	close(c.ended)
	if !c.h.post(func() { c.h.lost(c, why) }) {
		c.finish()
	}
}

// receive returns why it could not go on. A panic of the codec is one of the
// process.
func (c *conn) receive() (why host.Reason) {
	defer func() {
		if r := recover(); r != nil {
			stack := debug.Stack()
			c.h.post(func() { panic(fmt.Sprintf("decoding: %v\n%s", r, stack)) })
			why = host.Malformed
		}
	}()
	buf := make([]byte, 0, 4096)
	for {
		if len(buf) == cap(buf) {
			if len(buf) >= longest {
				return host.Malformed
			}
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := c.tcp.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		used, ok := c.decode(buf)
		if !ok {
			return host.Malformed
		}
		buf = buf[:copy(buf, buf[used:])]
		switch {
		case errors.Is(err, io.EOF) && len(buf) == 0:
			return host.ClosedByPeer
		case err != nil:
			return host.Reset
		}
	}
}

// decode hands the whole messages in buf to the loop. It reports false if
// there is something else in it.
func (c *conn) decode(buf []byte) (used int, ok bool) {
	for used < len(buf) {
		m, n, err := c.codec.Decode(buf[used:])
		if err != nil {
			return used, false
		}
		if n == 0 {
			break
		}
		used += n
		if m == nil {
			continue
		}
		if !c.take() {
			return used, true
		}
		delivered := func() {
			<-c.taken
			c.h.deliver(c, m)
		}
		if !c.h.post(delivered) {
			<-c.taken
		}
	}
	return used, true
}

// take waits until one more message may wait for the loop. It reports false if
// the connection is gone.
func (c *conn) take() bool {
	select {
	case c.taken <- struct{}{}:
		return true
	default:
	}
	select {
	case c.taken <- struct{}{}:
		return true
	case <-c.gone:
		return false
	}
}
