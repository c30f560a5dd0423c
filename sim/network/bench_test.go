package network

import (
	"testing"
	"time"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/kernel"
)

// ping is a message as processes send them: a struct behind an interface.
type ping struct {
	From, Seq uint64
}

func (m ping) Name() string { return "ping" }

func (m ping) Digest(d *host.Digest) {
	d.Uint(m.From)
	d.Uint(m.Seq)
}

// echo answers every message on the connection it came by, or on a random one
// of its own if it has several.
type echo struct {
	k     *kernel.Kernel
	n     *Net
	end   End
	conns []host.ConnID
	draws uint64
	seq   uint64
}

func (p *echo) Handle(e *kernel.Event) {
	if e.Kind == kernel.Timer {
		p.rearm()
		return
	}
	if !p.n.Arrive(e) {
		return
	}
	switch e.Kind {
	case kernel.Accepted, kernel.Connected:
		p.conns = append(p.conns, host.ConnID(e.A))
	case kernel.Message:
		p.seq++
		p.draws++
		i := p.k.Below(kernel.Key(p.end.Actor), p.draws, uint64(len(p.conns)))
		p.n.Send(p.end, p.conns[i], ping{uint64(p.end.Actor), p.seq})
	}
}

func (p *echo) rearm() {
	p.k.Post(p.k.Now()+int64(100*time.Millisecond), kernel.Event{Actor: p.end.Actor, Kind: kernel.Timer, Name: "tick", Sum: uint64(p.end.Actor)})
}

// mesh is n actors, each with a connection to each other, and some messages on
// their way for ever.
func mesh(actors, messages int) (*kernel.Kernel, []*echo) {
	k := kernel.New(1, nil)
	n := New(k, Config{Delay: Delay{Min: int64(time.Millisecond), Max: int64(10 * time.Millisecond)}})
	var ps []*echo
	for i := range actors {
		name := string(rune('a' + i))
		p := &echo{k: k, n: n}
		p.end = End{Machine: n.AddMachine(name), Actor: k.AddActor(name, p)}
		if err := n.Listen(p.end, host.Addr(name+":1"), nil); err != nil {
			panic(err)
		}
		ps = append(ps, p)
		for _, q := range ps[:i] {
			n.Dial(p.end, host.Addr(n.machines[q.end.Machine].name+":1"), nil)
		}
	}
	k.Run(int64(time.Second))
	for i := range messages {
		p := ps[i%actors]
		n.Send(p.end, p.conns[i%len(p.conns)], ping{})
	}
	return k, ps
}

// BenchmarkSend is one message: Send, its step, Arrive.
func BenchmarkSend(b *testing.B) {
	k, _ := mesh(2, 5)
	b.ReportAllocs()
	start := k.Steps()
	for b.Loop() {
		at, _ := k.Next()
		k.Run(at)
	}
	b.ReportMetric(float64(k.Steps()-start)/float64(b.N), "steps/op")
}

// BenchmarkMesh is five actors that answer each message to a random one after
// 1 to 10 ms, with a timer each.
func BenchmarkMesh(b *testing.B) {
	k, ps := mesh(5, 5)
	for _, p := range ps {
		p.rearm()
	}
	b.ReportAllocs()
	start := k.Steps()
	for b.Loop() {
		k.Run(k.Now() + int64(time.Second))
	}
	steps := float64(k.Steps() - start)
	b.ReportMetric(steps/b.Elapsed().Seconds()/1e6, "Msteps/s")
	b.ReportMetric(b.Elapsed().Seconds()*1e9/steps, "ns/step")
}
