package link

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"time"
)

// A Framing tells what stands at the beginning of a stream: the name of the
// first message and how many bytes it takes; 0 if it is not whole yet. After an
// error it is not asked any more.
type Framing func(stream []byte) (name string, used int, err error)

// Prefixed is the framing of a stream of messages without names, each behind
// four bytes of its length, as a client of ZooKeeper and its server send them.
func Prefixed(stream []byte) (string, int, error) {
	if len(stream) < 4 {
		return "", 0, nil
	}
	length := int64(binary.BigEndian.Uint32(stream))
	if length > 64<<20 {
		return "", 0, fmt.Errorf("a message of %d bytes", length)
	}
	if int64(len(stream)) < 4+length {
		return "", 0, nil
	}
	return "", 4 + int(length), nil
}

// Frame lets the link carry messages, each a packet. It comes before the first
// connection.
func (p *Proxy) Frame(f Framing) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.frame = f
}

// wear is what is wrong with one way of a link, besides cuts.
type wear struct {
	slow  time.Duration // each packet takes so much longer
	loss  int           // of a thousand packets
	apart time.Duration // between two packets
}

// Lossy adds to the packets of a thousand that one way loses, and TCP sends
// again; a negative number takes it back.
func (p *Proxy) Lossy(way Way, loss int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.worn[way].loss = max(0, p.worn[way].loss+loss)
}

// Drain adds to the time between two packets that a connection carries one way;
// a negative duration takes it back.
func (p *Proxy) Drain(way Way, apart time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.worn[way].apart = max(0, p.worn[way].apart+apart)
}

// TCP sends what is lost again after its shortest timeout, and then after ever
// twice as long. Linux: TCP_RTO_MIN. As in the simulated network.
const (
	firstResend = 200 * time.Millisecond
	lastResend  = 3200 * time.Millisecond
)

// resent is how late a packet comes because it was lost: each attempt is, with a
// probability of loss in a thousand.
func (w *wear) resent() (late time.Duration) {
	for wait := firstResend; wait <= lastResend && rand.IntN(1000) < w.loss; wait *= 2 {
		late += wait
	}
	return late
}

// A parcel is one packet, and when it may go on.
type parcel struct {
	data []byte
	err  error
	due  time.Time
}

// A reader cuts one way of a connection into packets.
type reader struct {
	r    *relay
	way  Way
	out  chan<- parcel
	rest []byte // the beginning of a message
	raw  bool   // what came is no message
	last time.Time
}

// read reads one way, ahead of what is passed on, so that a slow link has many
// bytes under way.
func (r *relay) read(way Way, from *net.TCPConn, out chan<- parcel) {
	defer r.p.wait.Done()
	in := reader{r: r, way: way, out: out}
	for {
		buf := make([]byte, 32<<10)
		n, err := from.Read(buf)
		r.p.mu.Lock()
		if way == Backward && len(r.greeted) < Greeted {
			r.greeted = append(r.greeted, buf[:min(n, Greeted-len(r.greeted))]...)
		}
		r.p.mu.Unlock()
		if !in.take(buf[:n], err) || err != nil {
			return
		}
	}
}

// take cuts off the packets that are whole. It reports false if the relay is
// over.
func (in *reader) take(data []byte, err error) bool {
	p := in.r.p
	p.mu.Lock()
	frame := p.frame
	p.mu.Unlock()
	if frame == nil || in.raw {
		return in.pass(data, err, "")
	}
	in.rest = append(in.rest, data...)
	for {
		name, used, bad := frame(in.rest)
		if bad != nil || err != nil && used == 0 {
			in.raw = bad != nil
			data, in.rest = in.rest, nil
			return in.pass(data, err, "")
		}
		if used == 0 {
			return true
		}
		whole := slices.Clone(in.rest[:used])
		in.rest = in.rest[used:]
		if !in.pass(whole, nil, name) {
			return false
		}
	}
}

// pass sends a packet on its way, if no trap wants it. The end of a stream is a
// packet too.
func (in *reader) pass(data []byte, err error, name string) bool {
	p := in.r.p
	p.mu.Lock()
	lost, again, later := p.caught(in.way, name)
	w := p.worn[in.way]
	p.mu.Unlock()
	if lost {
		return true
	}
	if again {
		time.AfterFunc(later, func() { p.sendAgain(in.r, in.way, data) })
	}
	now := time.Now()
	due := now.Add(w.slow)
	if w.loss > 0 {
		due = due.Add(w.resent())
	}
	if at := in.last.Add(w.apart); w.apart > 0 && at.After(due) {
		due = at
	}
	if due.After(now) || w != (wear{}) {
		in.last = due
	}
	select {
	case in.out <- parcel{data, err, due}:
		return true
	case <-in.r.over:
		return false
	}
}

// relay copies one way. It reports true at a graceful end, which it has passed
// on.
func (r *relay) relay(way Way, from, to *net.TCPConn) bool {
	parcels := r.ways[way]
	r.p.wait.Add(1)
	go r.read(way, from, parcels)
	for {
		var next parcel
		select {
		case next = <-parcels:
		case <-r.over:
			return false
		}
		if late := time.Until(next.due); late > 0 {
			select {
			case <-time.After(late):
			case <-r.over:
				return false
			}
		}
		if !r.pass(way) {
			return false
		}
		if _, err := to.Write(next.data); err != nil {
			return false
		}
		if errors.Is(next.err, io.EOF) {
			return to.CloseWrite() == nil
		}
		if next.err != nil {
			return false
		}
	}
}
