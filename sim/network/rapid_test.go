package network

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/kernel"
)

// number is the n-th message that an end sent on a connection.
type number int

func (m number) Name() string          { return "number" }
func (m number) Digest(d *host.Digest) { d.Int(int64(m)) }

// half is what the naive twin knows of one end of one connection.
type half struct {
	owner *twinProc
	sent  int  // messages handed to the network
	got   int  // messages that arrived: exactly 0, 1, ... got-1
	open  bool // the owner may use it
	fin   bool // closed by its owner, after sent messages
	deaf  bool // the owner ended, with some messages perhaps unread
}

// twin is the processes of a network and what they were told; it fails as soon
// as a connection does what TCP would not.
type twin struct {
	t      require.TestingT
	k      *kernel.Kernel
	n      *Net
	procs  []*twinProc
	halves map[uint64]*half
	ids    []uint64
	cuts   [4][4]int
	stalls [4][4]int
	bad    string
}

type twinProc struct {
	w       *twin
	addr    host.Addr
	end     End
	alive   bool
	paused  bool
	resumed int64 // when; what waited meanwhile is read only as time goes on
}

func newTwin(t require.TestingT, seed uint64) *twin {
	w := &twin{t: t, k: kernel.New(seed, nil), halves: map[uint64]*half{}}
	w.n = New(w.k, Config{
		Delay:       Delay{Min: int64(time.Millisecond), Max: int64(5 * time.Millisecond), Tail: 100_000, TailMax: int64(time.Second)},
		DialTimeout: int64(time.Second),
	})
	for i := range 4 {
		name := fmt.Sprintf("m%d", min(i, 2)) // two processes on the last machine
		m, ok := w.n.Machine(name)
		if !ok {
			m = w.n.AddMachine(name)
		}
		p := &twinProc{w: w, addr: host.Addr(fmt.Sprintf("%s:%d", name, i))}
		p.end = End{Machine: m, Actor: w.k.AddActor(fmt.Sprintf("p%d", i), p)}
		w.procs = append(w.procs, p)
		p.start()
	}
	return w
}

func (p *twinProc) start() {
	if p.alive || !p.w.n.machines[p.end.Machine].up {
		return
	}
	p.end.Inc++
	p.w.k.SetIncarnation(p.end.Actor, p.end.Inc)
	p.alive, p.paused = true, false
	require.NoError(p.w.t, p.w.n.Listen(p.end, p.addr, nil))
}

func (p *twinProc) stop(reset bool) {
	if !p.alive {
		return
	}
	p.w.n.Gone(p.end, reset)
	p.alive = false
	p.w.k.SetIncarnation(p.end.Actor, 1<<31)
	for _, id := range p.w.ids {
		if h := p.w.halves[id]; h.owner == p && h.open {
			h.open, h.deaf = false, p.paused || p.resumed == p.w.k.Now()
		}
	}
}

func (p *twinProc) resume() {
	p.paused, p.resumed = false, p.w.k.Now()
	p.w.k.Resume(p.end.Actor)
}

func (w *twin) add(id uint64, p *twinProc) {
	if w.halves[id] != nil {
		w.bad = fmt.Sprintf("connection id %x is used twice", id)
	}
	w.halves[id] = &half{owner: p, open: true}
	w.ids = append(w.ids, id)
}

// Handle holds each arrival against what the other end sent.
func (p *twinProc) Handle(e *kernel.Event) {
	if !p.w.n.Arrive(e) {
		return
	}
	if e.Kind == kernel.Accepted {
		p.w.add(e.A, p)
		return
	}
	h, peer := p.w.halves[e.A], p.w.halves[e.A^1]
	switch {
	case h == nil || !h.open || h.owner != p:
		p.w.bad = fmt.Sprintf("%s for an end that is not %s's", e.Kind, p.addr)
	case e.Kind == kernel.Message:
		if int(e.V.(number)) != h.got || peer == nil || h.got >= peer.sent {
			p.w.bad = fmt.Sprintf("got message %v, not %d", e.V, h.got)
		}
		h.got++
	case e.Kind == kernel.Hangup:
		h.open = false
		if host.Reason(e.B) == host.ClosedByPeer && (peer == nil || !peer.fin || h.got != peer.sent) {
			p.w.bad = "closed by its peer before all was read"
		}
	}
}

// usable lists the ends that their living owners may use.
func (w *twin) usable() (ids []uint64) {
	for _, id := range w.ids {
		if h := w.halves[id]; h.open && h.owner.alive && !h.owner.paused {
			ids = append(ids, id)
		}
	}
	return ids
}

func (w *twin) send(id uint64) {
	h := w.halves[id]
	w.n.Send(h.owner.end, host.ConnID(id), number(h.sent))
	h.sent++
}

// heal takes every fault back.
func (w *twin) heal() {
	for a := MachineID(1); a <= 3; a++ {
		w.n.SetMachine(a, true)
		for b := MachineID(1); b <= 3; b++ {
			for ; w.cuts[a][b] > 0; w.cuts[a][b]-- {
				w.n.Heal(a, b)
			}
			for ; w.stalls[a][b] > 0; w.stalls[a][b]-- {
				w.n.Unstall(a, b)
			}
			w.n.Slow(a, b, 0)
		}
	}
	for _, p := range w.procs {
		if p.paused {
			p.resume()
		}
	}
	w.k.Run(w.k.Now() + int64(time.Minute))
}

// unanswered finds an end that sent something which nobody will ever take, and
// that was not told so.
func (w *twin) unanswered() error {
	for _, id := range w.usable() {
		peer := w.halves[id^1]
		if peer != nil && !peer.open && !peer.deaf && w.halves[id].sent > peer.got {
			return fmt.Errorf("the owner of %x was not answered", id)
		}
	}
	return nil
}

// probe lets whoever stands learn of the others.
func (w *twin) probe() {
	for _, id := range w.usable() {
		w.send(id)
	}
	w.k.Run(w.k.Now() + int64(time.Minute))
}

// quiet says what is wrong after everything was healed.
func (w *twin) quiet() error {
	for _, id := range w.usable() {
		peer := w.halves[id^1]
		if peer == nil || !peer.open || !peer.owner.alive {
			return fmt.Errorf("the owner of %x does not know that its peer is gone", id)
		}
		if h := w.halves[id]; h.got != peer.sent {
			return fmt.Errorf("%x got %d of %d messages", id, h.got, peer.sent)
		}
	}
	return w.n.leftovers()
}

// dialAll lets each process that lives dial each address.
func (w *twin) dialAll() {
	for _, p := range w.procs {
		for _, to := range w.procs {
			w.add(uint64(w.n.Dial(p.end, to.addr, nil)), p)
		}
	}
	w.k.Run(w.k.Now() + int64(10*time.Millisecond))
}

// actions are what may happen, by name; what shall happen often has several.
func (w *twin) actions() map[string]func(*rapid.T) {
	all := w.rare()
	for _, often := range []string{"run", "run long", "dial", "send", "sends", "start", "up", "heal"} {
		for i := range 5 {
			// rapid favours what sorts first, and a blank sorts before letters.
			all[fmt.Sprintf(" %s %d", often, i)] = all[often]
		}
	}
	return all
}

func (w *twin) rare() map[string]func(*rapid.T) {
	proc := rapid.SampledFrom(w.procs)
	m := rapid.Map(rapid.IntRange(1, 3), func(i int) MachineID { return MachineID(i) })
	use := func(f func(id uint64)) func(*rapid.T) {
		return func(t *rapid.T) {
			if ids := w.usable(); len(ids) > 0 {
				f(rapid.SampledFrom(ids).Draw(t, "end"))
			}
		}
	}
	return map[string]func(*rapid.T){
		"": func(t *rapid.T) { require.Empty(t, w.bad) },
		"run": func(t *rapid.T) {
			w.k.Run(w.k.Now() + rapid.Int64Range(1, int64(3*time.Millisecond)).Draw(t, "short"))
		},
		"run long": func(t *rapid.T) {
			w.k.Run(w.k.Now() + rapid.Int64Range(1, int64(2*time.Second)).Draw(t, "long"))
		},
		"dial": func(t *rapid.T) {
			p, to := proc.Draw(t, "from"), proc.Draw(t, "to")
			if p.alive && !p.paused {
				w.add(uint64(w.n.Dial(p.end, to.addr, nil)), p)
			}
		},
		"send":  use(w.send),
		"sends": use(func(id uint64) { w.send(id); w.send(id); w.send(id) }),
		"close": use(func(id uint64) {
			h := w.halves[id]
			w.n.Close(h.owner.end, host.ConnID(id))
			h.open, h.fin = false, true
		}),
		"kill":  func(t *rapid.T) { proc.Draw(t, "proc").stop(true) },
		"start": func(t *rapid.T) { proc.Draw(t, "proc").start() },
		"lose": func(t *rapid.T) {
			id := m.Draw(t, "machine")
			w.n.SetMachine(id, false)
			for _, p := range w.procs {
				if p.end.Machine == id {
					p.stop(false)
				}
			}
		},
		"up": func(t *rapid.T) { w.n.SetMachine(m.Draw(t, "machine"), true) },
		"cut": func(t *rapid.T) {
			a, b := m.Draw(t, "from"), m.Draw(t, "to")
			w.cuts[a][b]++
			w.n.Cut(a, b)
		},
		"heal": func(t *rapid.T) {
			if a, b := m.Draw(t, "from"), m.Draw(t, "to"); w.cuts[a][b] > 0 {
				w.cuts[a][b]--
				w.n.Heal(a, b)
			}
		},
		"stall": func(t *rapid.T) {
			a, b := m.Draw(t, "from"), m.Draw(t, "to")
			w.stalls[a][b]++
			w.n.Stall(a, b)
		},
		"unstall": func(t *rapid.T) {
			if a, b := m.Draw(t, "from"), m.Draw(t, "to"); w.stalls[a][b] > 0 {
				w.stalls[a][b]--
				w.n.Unstall(a, b)
			}
		},
		"reset": func(t *rapid.T) { w.n.ResetBetween(m.Draw(t, "from"), m.Draw(t, "to"), 0) },
		"slow": func(t *rapid.T) {
			w.n.Slow(m.Draw(t, "from"), m.Draw(t, "to"), rapid.Int64Range(-1e6, 1e8).Draw(t, "extra"))
		},
		"pause": func(t *rapid.T) {
			if p := proc.Draw(t, "proc"); p.alive && !p.paused {
				p.paused = true
				w.k.Pause(p.end.Actor)
			}
		},
		"resume": func(t *rapid.T) {
			if p := proc.Draw(t, "proc"); p.alive && p.paused {
				p.resume()
			}
		},
	}
}

func TestConnectionsAreFIFOAndExactlyOnceUnderAnyFaults(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newTwin(t, rapid.Uint64().Draw(t, "seed"))
		w.dialAll()
		for range rapid.IntRange(1, 4).Draw(t, "rounds") {
			t.Repeat(w.actions())
		}
		w.heal()
		require.NoError(t, w.unanswered())
		w.probe()
		require.Empty(t, w.bad)
		require.NoError(t, w.quiet())
	})
}

// TestTheTwinRejectsANetworkThatIsNotTCP plants what the test above looks for.
func TestTheTwinRejectsANetworkThatIsNotTCP(t *testing.T) {
	tests := []struct {
		name  string
		plant func(w *twin, e kernel.Event) // given a message on its way to p1
	}{
		{"a message twice", func(w *twin, e kernel.Event) { w.k.Post(w.k.Now(), e) }},
		{"a message out of order", func(w *twin, e kernel.Event) { e.V = number(7); w.k.Post(w.k.Now(), e) }},
		{"a hangup before all was read", func(w *twin, e kernel.Event) {
			e.Kind, e.B = kernel.Hangup, uint64(host.ClosedByPeer)
			w.k.Post(w.k.Now(), e)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newTwin(t, 1)
			id := uint64(w.n.Dial(w.procs[0].end, w.procs[1].addr, nil))
			w.add(id, w.procs[0])
			w.k.Run(int64(5 * time.Second))
			w.send(id)
			to := w.procs[1]
			tt.plant(w, kernel.Event{Actor: to.end.Actor, Inc: to.end.Inc, Kind: kernel.Message, A: id ^ 1, V: number(0)})
			w.k.Run(int64(10 * time.Second))
			require.NotEmpty(t, w.bad)
		})
	}
}
