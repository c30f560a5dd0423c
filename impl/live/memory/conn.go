package memory

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// window is how many bytes of one direction may be under way or unread before
// its writer has to wait.
const window = 1 << 20

// A Conn is one end of a connection. It implements live.Stream.
type Conn struct {
	in, out       *pipe
	local, remote net.Addr

	mu     sync.Mutex
	abrupt bool // SetLinger(0)
	closed bool
}

var _ net.Conn = (*Conn)(nil)

// Read implements net.Conn.
func (c *Conn) Read(b []byte) (int, error) { return c.in.read(b) }

// Write implements net.Conn.
func (c *Conn) Write(b []byte) (int, error) { return c.out.write(b) }

// CloseWrite ends the sending side.
func (c *Conn) CloseWrite() error {
	c.out.end(io.EOF)
	return nil
}

// SetLinger makes Close reset the connection if it is given 0.
func (c *Conn) SetLinger(seconds int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.abrupt = seconds == 0
	return nil
}

// Close implements net.Conn. A peer that sends more is reset.
func (c *Conn) Close() error {
	c.mu.Lock()
	closed, abrupt := c.closed, c.abrupt
	c.closed = true
	c.mu.Unlock()
	if closed {
		return net.ErrClosed
	}
	if abrupt {
		c.out.end(syscall.ECONNRESET)
	} else {
		c.out.end(io.EOF)
	}
	c.in.abandon()
	return nil
}

// LocalAddr implements net.Conn.
func (c *Conn) LocalAddr() net.Addr { return c.local }

// RemoteAddr implements net.Conn.
func (c *Conn) RemoteAddr() net.Addr { return c.remote }

// SetDeadline implements net.Conn.
func (c *Conn) SetDeadline(t time.Time) error {
	c.in.setDeadline(&c.in.reading, t)
	c.out.setDeadline(&c.out.writing, t)
	return nil
}

// SetReadDeadline implements net.Conn.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.in.setDeadline(&c.in.reading, t)
	return nil
}

// SetWriteDeadline implements net.Conn.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	c.out.setDeadline(&c.out.writing, t)
	return nil
}

// A pipe is one direction of a connection.
type pipe struct {
	net   *Net
	way   way
	delay time.Duration

	mu       sync.Mutex
	changed  sync.Cond
	sent     []segment // not arrived
	ready    []byte    // arrived, unread
	size     int       // bytes in sent and ready
	finished error     // what the writing end ended it with, nil if it did not
	broken   error     // what the reader gets behind ready: EOF or a reset
	gone     bool      // the reading end is closed
	other    *pipe     // the other direction
	reading  deadline
	writing  deadline
}

// A segment is what one write sent, or an end.
type segment struct {
	at   time.Time
	data []byte
	end  error
}

// A deadline is until when one end waits.
type deadline struct {
	at    time.Time // zero: for ever
	timer *time.Timer
}

func (d *deadline) passed() bool { return !d.at.IsZero() && !time.Now().Before(d.at) }

func newPipe(n *Net, w way, delay time.Duration) *pipe {
	p := &pipe{net: n, way: w, delay: delay}
	p.changed.L = &p.mu
	return p
}

func (p *pipe) read(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		switch {
		case p.gone:
			return 0, opError("read", net.ErrClosed)
		case p.reading.passed():
			return 0, opError("read", os.ErrDeadlineExceeded)
		case len(p.ready) > 0:
			n := copy(b, p.ready)
			p.ready = p.ready[n:]
			p.size -= n
			p.changed.Broadcast()
			return n, nil
		case p.broken == io.EOF:
			return 0, io.EOF
		case p.broken != nil:
			return 0, opError("read", p.broken)
		case len(b) == 0:
			return 0, nil
		}
		p.changed.Wait()
	}
}

func (p *pipe) write(b []byte) (written int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		switch {
		case p.finished == io.EOF:
			return written, opError("write", net.ErrClosed)
		case p.finished != nil:
			return written, opError("write", p.finished)
		case p.writing.passed():
			return written, opError("write", os.ErrDeadlineExceeded)
		case len(b) == 0:
			return written, nil
		}
		if n := min(len(b), window-p.size); n > 0 {
			p.send(segment{data: append([]byte(nil), b[:n]...)})
			written += n
			b = b[n:]
			continue
		}
		p.changed.Wait()
	}
}

// send puts a segment on its way. The pipe is locked.
func (p *pipe) send(s segment) {
	s.at = time.Now().Add(p.delay)
	p.sent = append(p.sent, s)
	p.size += len(s.data)
	if len(p.sent) == 1 {
		p.net.busy(p, true)
	}
	time.AfterFunc(p.delay, p.arrive)
}

// end ends the writing side: gracefully behind everything sent, or by a reset.
func (p *pipe) end(why error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.finished == nil || p.finished == io.EOF && why != io.EOF {
		p.finished = why
		p.send(segment{end: why})
		p.changed.Broadcast()
	}
}

// abandon closes the reading side. What arrives from now on is answered with
// a reset.
func (p *pipe) abandon() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.gone = true
	p.size -= len(p.ready)
	p.ready = nil
	p.changed.Broadcast()
}

// arrive lets the reading end have what is due, unless the way is cut.
func (p *pipe) arrive() {
	if p.net.isCut(p.way) {
		return
	}
	unwanted, reset := p.deliver(time.Now())
	if unwanted {
		p.other.end(syscall.ECONNRESET)
	}
	if reset {
		p.other.fail(syscall.ECONNRESET)
	}
}

// deliver moves what is due. It reports whether nobody wanted some of it and
// whether a reset was among it.
func (p *pipe) deliver(now time.Time) (unwanted, reset bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.sent) > 0 && !p.sent[0].at.After(now) {
		s := p.sent[0]
		p.sent = p.sent[1:]
		switch {
		case s.end != nil:
			p.broken = s.end
			reset = reset || s.end != io.EOF
		case p.gone:
			p.size -= len(s.data)
			unwanted = true
		default:
			p.ready = append(p.ready, s.data...)
		}
	}
	if len(p.sent) == 0 {
		p.net.busy(p, false)
	}
	p.changed.Broadcast()
	return unwanted, reset
}

// fail makes further writes fail: the reading end said that it is gone.
func (p *pipe) fail(why error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.finished == nil {
		p.finished = why
		p.changed.Broadcast()
	}
}

func (p *pipe) setDeadline(d *deadline, t time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	d.at = t
	if wait := time.Until(t); !t.IsZero() && wait > 0 {
		d.timer = time.AfterFunc(wait, p.look)
	}
	p.changed.Broadcast()
}

// look lets whoever waits look at its deadline.
func (p *pipe) look() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.changed.Broadcast()
}

func opError(op string, err error) error { return &net.OpError{Op: op, Net: "tcp", Err: err} }
