// Package link is the links between the machines of a live run: TCP relays
// that fail as networks do.
package link

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/simctl/simctl/impl/host"
)

// A Way is a direction through a [Proxy].
type Way int

// The ways.
const (
	Forward  Way = iota // from the one who dialled to the target
	Backward            // from the target to the one who dialled
)

// A Proxy is a TCP relay on one link, which can fail as networks do. A cut is
// silent: nothing passes, no end is told, and what was sent meanwhile arrives
// after Restore, as TCP's retransmissions do. (Toxiproxy, which would be the
// ready-made one, drops what its timeout toxic swallows and closes the
// connection when the toxic is removed.)
//
// Two things differ from a real link, because the relay's own kernel answers a
// dial: dialling through a cut succeeds and is then met with silence, and
// dialling a target where nobody listens is met with a reset instead of a
// refusal.
type Proxy struct {
	target string
	listen net.Listener
	wait   sync.WaitGroup

	mu     sync.Mutex
	cuts   [2]int           // how many faults cut each way now
	open   [2]chan struct{} // closed while the way is open
	worn   [2]wear          // what else is wrong with each way now
	frame  Framing          // nil: a read's bytes are a packet
	traps  [2][]*Trap
	relays map[*relay]bool
	serial uint64
	closed bool
}

// A relay is one connection through a proxy.
type relay struct {
	p        *Proxy
	near     *net.TCPConn // of the one who dialled
	far      *net.TCPConn // to the target; nil while it is dialled
	over     chan struct{}
	overOnce sync.Once

	stalls  int           // how many faults stall it now
	moving  chan struct{} // closed while none does
	greeted []byte        // the first bytes that came from the target
	ways    [2]chan parcel
	serial  uint64 // counts the connections of the link
}

// NewProxy listens on a free port of loopback and relays to target.
func NewProxy(target host.Addr) (*Proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("proxy to %s: %w", target, err)
	}
	p := &Proxy{target: string(target), listen: l, relays: map[*relay]bool{}}
	for way := range p.open {
		p.open[way] = make(chan struct{})
		close(p.open[way])
	}
	p.wait.Add(1)
	go p.accept()
	return p, nil
}

// Addr is where to dial instead of the target.
func (p *Proxy) Addr() host.Addr { return host.Addr(p.listen.Addr().String()) }

// Cut lets nothing pass, in silence.
func (p *Proxy) Cut() {
	p.CutWay(Forward)
	p.CutWay(Backward)
}

// CutWay lets nothing pass in one direction, in silence. Several faults may
// cut one way: each is undone by [Proxy.HealWay], or all of them by Restore.
func (p *Proxy) CutWay(way Way) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cuts[way]++; p.cuts[way] == 1 {
		p.open[way] = make(chan struct{})
	}
}

// HealWay undoes one CutWay.
func (p *Proxy) HealWay(way Way) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cuts[way] == 0 {
		return
	}
	if p.cuts[way]--; p.cuts[way] == 0 {
		close(p.open[way])
	}
}

// Restore undoes every Cut and CutWay.
func (p *Proxy) Restore() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for way, n := range p.cuts {
		if n > 0 {
			p.cuts[way] = 0
			close(p.open[way])
		}
	}
}

// Slow lets what is sent in one direction from now on take longer by d; a
// negative one undoes that.
func (p *Proxy) Slow(way Way, d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.worn[way].slow = max(0, p.worn[way].slow+d)
}

// Stall lets the connections that stand now carry nothing, in silence, while
// new ones pass. The function that it returns undoes it.
func (p *Proxy) Stall() (undo func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var held []*relay
	for r := range p.relays {
		if r.stalls++; r.stalls == 1 {
			r.moving = make(chan struct{})
		}
		held = append(held, r)
	}
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, r := range held {
			if r.stalls--; r.stalls == 0 {
				close(r.moving)
			}
		}
	}
}

// Greetings returns the first bytes, at most [Greeted], that the target sent
// on each connection that stands.
func (p *Proxy) Greetings() (out [][]byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for r := range p.relays {
		out = append(out, slices.Clone(r.greeted))
	}
	return out
}

// Greeted is how many bytes of each connection are kept for [Proxy.Greetings].
const Greeted = 64

// Reset breaks every connection, once; both ends are told. New ones pass.
func (p *Proxy) Reset() { ResetAll([]*Proxy{p}) }

// ResetAll breaks every connection that passes any of the proxies now, and none
// that is made because of it.
func ResetAll(proxies []*Proxy) {
	var ends []End
	for _, p := range proxies {
		ends = append(ends, End{p, Forward})
	}
	ResetEnds(ends, 0)
}

// Close breaks every connection and ends the proxy.
func (p *Proxy) Close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.listen.Close()
	p.Reset()
	p.wait.Wait()
}

func (p *Proxy) accept() {
	defer p.wait.Done()
	for {
		c, err := p.listen.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(10 * time.Millisecond) // out of descriptors: they may come back
			continue
		}
		r := &relay{p: p, near: c.(*net.TCPConn), over: make(chan struct{}), moving: make(chan struct{})}
		r.ways = [2]chan parcel{make(chan parcel, 64), make(chan parcel, 64)}
		close(r.moving)
		if !p.add(r) {
			c.Close()
			return
		}
		go r.run()
	}
}

// add counts r in, unless the proxy is closed.
func (p *Proxy) add(r *relay) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.serial++
	r.serial = p.serial
	p.relays[r] = true
	p.wait.Add(1)
	return true
}

// pass waits until the way is open. It reports false if the relay is over.
func (r *relay) pass(way Way) bool {
	for {
		r.p.mu.Lock()
		open, moving := r.p.open[way], r.moving
		r.p.mu.Unlock()
		for _, c := range []chan struct{}{open, moving} {
			select {
			case <-r.over:
				return false
			case <-c:
			}
		}
		r.p.mu.Lock()
		still := r.p.open[way] == open && r.moving == moving
		r.p.mu.Unlock()
		if still {
			return true
		}
	}
}

func (r *relay) run() {
	defer r.p.wait.Done()
	defer func() {
		r.reset()
		r.p.mu.Lock()
		delete(r.p.relays, r)
		r.p.mu.Unlock()
	}()
	if !r.pass(Forward) || !r.pass(Backward) {
		return
	}
	d := net.Dialer{Timeout: 5 * time.Second}
	far, err := d.Dial("tcp", r.p.target)
	if err != nil {
		return
	}
	r.p.mu.Lock()
	r.far = far.(*net.TCPConn)
	r.p.mu.Unlock()
	select {
	case <-r.over: // reset while it dialled
		_ = r.far.SetLinger(0)
		r.far.Close()
		return
	default:
	}
	both := make(chan bool, 2)
	go func() { both <- r.relay(Forward, r.near, r.far) }()
	go func() { both <- r.relay(Backward, r.far, r.near) }()
	first := <-both
	if !first {
		r.reset()
	}
	if <-both && first {
		r.close()
	}
}

// close ends a relay whose both ends have ended.
func (r *relay) close() {
	r.overOnce.Do(func() { close(r.over) })
	r.near.Close()
	r.far.Close()
}
