package live

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/simctl/simctl/impl/host"
)

// tcpNet is TCP.
type tcpNet struct{}

// Listen listens so that every connection lingers for 0 s from its first
// moment: a process that dies before it has looked at one resets that too.
func (tcpNet) Listen(addr string) (net.Listener, error) {
	c := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) (err error) {
		controlled := raw.Control(func(fd uintptr) { err = noLinger(fd) })
		return cmp.Or(err, controlled)
	}}
	return c.Listen(context.Background(), "tcp", addr)
}

func (tcpNet) Dial(ctx context.Context, addr string) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, "tcp", addr)
}

// A listener accepts connections at one address.
type listener struct {
	tcp   net.Listener
	codec host.Codec
}

func (l *listener) close() { l.tcp.Close() }

// Listen accepts connections at addr. An address without a host is one of
// loopback.
func (h *Host) Listen(addr host.Addr, codec host.Codec) error {
	at, err := loopback(string(addr))
	if err != nil {
		return fmt.Errorf("listen at %s: %w", addr, err)
	}
	tcp, err := h.o.Net.Listen(at)
	if err != nil {
		return fmt.Errorf("listen at %s: %w", addr, err)
	}
	l := &listener{tcp: tcp, codec: codec}
	h.lists = append(h.lists, l)
	h.others.Add(1)
	go h.accept(l)
	return nil
}

// loopback is addr, with the loopback host if it has none.
func loopback(addr string) (string, error) {
	name, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", err
	}
	if name == "" {
		name = "127.0.0.1"
	}
	return net.JoinHostPort(name, port), nil
}

func (h *Host) accept(l *listener) {
	defer h.others.Done()
	for {
		peer, err := l.tcp.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(10 * time.Millisecond) // out of descriptors: they may come back
			continue
		}
		taken := h.post(func() {
			c := h.newConn(l.codec)
			h.p.Accepted(c.id, host.Addr(peer.RemoteAddr().String()))
			if h.conns[c.id] == c {
				c.begin(peer.(Stream))
			} else {
				peer.Close()
			}
		})
		if !taken {
			peer.Close()
		}
	}
}

// Dial opens a connection.
func (h *Host) Dial(addr host.Addr, codec host.Codec) host.ConnID {
	c := h.newConn(codec)
	to := string(h.o.Route(addr))
	ctx, cancel := context.WithCancel(context.Background())
	h.others.Add(2)
	go func() {
		defer h.others.Done()
		select {
		case <-c.gone:
			cancel()
		case <-ctx.Done():
		}
	}()
	go func() {
		defer h.others.Done()
		defer cancel()
		limited, end := context.WithTimeout(ctx, h.o.DialTimeout)
		defer end()
		peer, err := h.o.Net.Dial(limited, to)
		if err != nil {
			h.post(func() { h.lost(c, dialReason(err)) })
			return
		}
		if !h.post(func() { h.connected(c, peer.(Stream)) }) {
			peer.Close()
		}
	}()
	return c.id
}

// connected tells the process that a dial was answered.
func (h *Host) connected(c *conn, peer Stream) {
	if h.over() || h.conns[c.id] != c {
		peer.Close()
		return
	}
	c.begin(peer)
	h.p.Connected(c.id)
}

// deliver hands the process a message, unless it has closed the connection.
func (h *Host) deliver(c *conn, m host.Message) {
	if h.conns[c.id] == c {
		h.p.Received(c.id, m)
	}
}

// lost tells the process that a connection is gone, unless it closed it.
func (h *Host) lost(c *conn, why host.Reason) {
	if why == host.ClosedByPeer {
		c.finish() // it may still read what was sent to it
	} else {
		c.reset()
	}
	if h.conns[c.id] == c {
		delete(h.conns, c.id)
		h.p.Closed(c.id, why)
	}
}

// Send queues m. A peer that takes too little is reset, so that no queue grows
// for ever. A message that the codec refuses is a mistake of the process.
func (h *Host) Send(id host.ConnID, m host.Message) {
	c := h.conns[id]
	if c == nil || h.exited {
		return
	}
	h.output()
	ok, err := c.send(m, h.o.SendQueue)
	if err != nil {
		panic(fmt.Sprintf("live: send %s: %v", m.Name(), err))
	}
	if !ok {
		c.reset()
	}
}

// Close ends a connection once everything sent is written.
func (h *Host) Close(id host.ConnID) {
	if c := h.conns[id]; c != nil {
		h.output()
		delete(h.conns, id)
		c.finish()
	}
}

// endConns closes every connection: gracefully if the process exited, with a
// reset if it failed.
func (h *Host) endConns() {
	for _, c := range h.conns {
		if h.failure != nil {
			c.reset()
		} else {
			c.finish()
		}
	}
}

func dialReason(err error) host.Reason {
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return host.Refused
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, syscall.ETIMEDOUT):
		return host.TimedOut
	default:
		return host.Reset
	}
}
