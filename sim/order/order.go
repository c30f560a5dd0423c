// Package order chooses which of the deliveries that wait at one instant comes
// first, by the order that a scenario asks for.
//
// What [order.PCT] promises, after Burckhardt et al. (ASPLOS 2010): think of
// the runs in which deliveries happen at the ends of windows, within a connection
// as they were sent, and otherwise in any order. A violation that some d
// deliveries cause, one before the other, each two of them in one window, is found
// with a probability of at least 1/(n*k^(d-1)) a seed, where n is the number of
// directions of connections that ever have to wait for another one, k the steps of
// the order, as long as there are no more choices than that, and d its depth.
// It promises nothing of timers, faults, delays, or orders that would need a
// delivery to be later than the end of its window: those the seed draws.
package order

import (
	"slices"

	"github.com/simctl/simctl/scenarios/order"
	"github.com/simctl/simctl/sim/kernel"
)

// New returns what chooses for an order; nil for the zero order.
func New(k *kernel.Kernel, o order.Order) kernel.Chooser {
	switch o.Kind {
	case order.PCT:
		p := &pct{k: k, fallen: map[uint64]uint64{}}
		for i := range o.Depth - 1 {
			p.points = append(p.points, 1+k.Below(kernel.KeyOf("pct point"), uint64(i), uint64(o.Steps)))
		}
		slices.Sort(p.points)
		return p
	case order.POS:
		return &pos{k: k, made: map[kernel.ActorID]uint64{}}
	}
	return nil
}

// pct is [order.PCT].
type pct struct {
	k       *kernel.Kernel
	choices uint64
	points  []uint64          // choices at which somebody falls, sorted
	fallen  map[uint64]uint64 // chains that fell, with how many had before
}

// Choose implements [kernel.Chooser].
func (p *pct) Choose(waiting []kernel.Waiting) int {
	p.choices++
	first := p.highest(waiting)
	for len(p.points) > 0 && p.points[0] == p.choices {
		p.points = p.points[1:]
		p.fallen[waiting[first].Chain] = uint64(len(p.fallen)) + 1
		first = p.highest(waiting)
	}
	return first
}

func (p *pct) highest(waiting []kernel.Waiting) int {
	first, top := 0, uint64(0)
	for i := range waiting {
		if x := p.priority(waiting[i].Chain); i == 0 || x > top {
			first, top = i, x
		}
	}
	return first
}

// priority of a chain: those that fell are below all others, the last to fall
// lowest.
func (p *pct) priority(chain uint64) uint64 {
	if n := p.fallen[chain]; n > 0 {
		return 1<<32 - n
	}
	return p.k.Draw(kernel.KeyOf("pct chain"), chain) | 1<<32
}

// pos is [order.POS].
type pos struct {
	k    *kernel.Kernel
	made map[kernel.ActorID]uint64 // deliveries to each receiver
}

// Choose implements [kernel.Chooser].
func (p *pos) Choose(waiting []kernel.Waiting) int {
	first, top := 0, uint64(0)
	for i := range waiting {
		w := &waiting[i]
		x := p.k.Draw(kernel.KeyOf("pos", w.Chain, w.Event.Sum), p.made[w.Event.Actor])
		if i == 0 || x > top {
			first, top = i, x
		}
	}
	p.made[waiting[first].Event.Actor]++
	return first
}
