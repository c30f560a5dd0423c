package probe

import (
	"fmt"
	"slices"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/host"
)

// mostMade is how many sequential znodes random work remembers, to delete them.
const mostMade = 16

// percent is what shares are of.
const percent = 100

// think begins a slot's next turn after a while.
func (p *Probe) think(i int) {
	host.After(p.h, p.drawn("probe think", p.cfg.Program.Work.Think), (*Probe).turn, i)
}

// turn asks for some operations at once.
func (p *Probe) turn(i int) {
	s := &p.slots[i]
	if p.ending || s.left == 0 {
		return
	}
	if !s.rooted {
		s.rooted = true
		s.turn = 1
		p.ask(i, coord.Op{Kind: coord.Create, Path: p.cfg.Program.Work.Root}, false, byWork, 0)
		return
	}
	n := min(s.left, 1+int(p.h.Draw("probe depth", uint64(p.cfg.Program.Work.Depth))))
	s.left -= n
	s.turn = n
	for range n {
		p.draw(i)
	}
}

// workAnswered ends a turn with its last answer.
func (p *Probe) workAnswered(i int) {
	s := &p.slots[i]
	if s.turn--; s.turn == 0 && s.left > 0 {
		p.think(i)
	}
}

// draw asks for one drawn operation of a slot.
func (p *Probe) draw(i int) {
	weights := p.cfg.Program.Work.Mix.weights()
	total := 0
	for _, w := range weights {
		total += w
	}
	dice := int(p.h.Draw("probe operation", uint64(total)))
	what := 0
	for ; dice >= weights[what]; what++ {
		dice -= weights[what]
	}
	path := p.path()
	switch what {
	case 0, 1:
		p.work(i, coord.Op{Kind: coord.Create, Path: path, Mode: coord.Mode(what)})
	case 2:
		p.sequential(i)
	case 3:
		p.work(i, coord.Op{Kind: coord.Set, Path: path, Version: p.versionOf(path)})
	case 4, 5, 6:
		kinds := [...]coord.Kind{coord.Get, coord.Exists, coord.Children}
		p.read(i, kinds[what-4], path)
	case 7:
		p.remove(i, path)
	case 8:
		p.multi(i)
	case 9: // a read that follows a sync sees what was answered before it, at a follower
		p.slots[i].turn++
		p.work(i, coord.Op{Kind: coord.Sync, Path: path})
		p.read(i, coord.Get, path)
	default:
		p.leave(i, true)
		p.work(i, coord.Op{Kind: coord.Get, Path: path})
	}
}

// work asks for one operation of random work. Every datum is another.
func (p *Probe) work(i int, op coord.Op) {
	if op.Kind == coord.Create || op.Kind == coord.Set {
		op.Data = p.datum("")
	}
	p.ask(i, op, false, byWork, 0)
}

// datum is what the next operation writes, or the part of it that suffix says.
func (p *Probe) datum(suffix string) []byte {
	return fmt.Appendf(nil, "%s.%d.%d%s", p.h.Self(), p.h.Incarnation(), p.calls+1, suffix)
}

func (p *Probe) read(i int, k coord.Kind, path string) {
	if k == coord.Children {
		if p.h.Draw("probe list", 2) == 0 {
			path = p.cfg.Program.Work.Root
		}
	}
	watch := p.h.Draw("probe watch", percent) < uint64(p.cfg.Program.Work.Watch)
	p.ask(i, coord.Op{Kind: k, Path: path}, watch, byWork, 0)
}

// path draws one of the workload's paths: a node, or one below it.
func (p *Probe) path() string {
	w := &p.cfg.Program.Work
	n := p.h.Draw("probe path", uint64(w.Nodes))
	if p.h.Draw("probe child", 4) == 0 {
		return fmt.Sprintf("%s/n%d/c%d", w.Root, n, p.h.Draw("probe child path", 2))
	}
	return fmt.Sprintf("%s/n%d", w.Root, n)
}

// versionOf draws any version, or the one last seen.
func (p *Probe) versionOf(path string) int32 {
	if p.h.Draw("probe version", 2) == 0 {
		return coord.AnyVersion
	}
	for _, s := range p.seen {
		if s.path == path {
			return s.v
		}
	}
	return 0
}

func (p *Probe) sequential(i int) {
	mode := coord.PersistentSequential
	if p.h.Draw("probe ephemeral", 2) == 0 {
		mode = coord.EphemeralSequential
	}
	p.work(i, coord.Op{Kind: coord.Create, Path: p.cfg.Program.Work.Root + "/s-", Mode: mode})
}

// remove deletes a path, or a sequential znode that this process made.
func (p *Probe) remove(i int, path string) {
	if n := len(p.made); n > 0 && p.h.Draw("probe made", 2) == 0 {
		path = p.made[n-1]
		p.made = p.made[:n-1]
		p.ask(i, coord.Op{Kind: coord.Delete, Path: path, Version: coord.AnyVersion}, false, byWork, 0)
		return
	}
	p.ask(i, coord.Op{Kind: coord.Delete, Path: path, Version: p.versionOf(path)}, false, byWork, 0)
}

// multi asks for a check and two writes as one.
func (p *Probe) multi(i int) {
	a, b, c := p.path(), p.path(), p.path()
	ops := []coord.Op{
		{Kind: coord.Set, Path: b, Data: p.datum("b"), Version: coord.AnyVersion},
		{Kind: coord.Set, Path: c, Data: p.datum("c"), Version: p.versionOf(c)},
	}
	switch p.h.Draw("probe multi", 3) {
	case 0:
		ops[1] = coord.Op{Kind: coord.Create, Path: c, Data: p.datum("c")}
	case 1:
		ops = slices.Insert(ops, 0, coord.Op{Kind: coord.Check, Path: a, Version: p.versionOf(a)})
	}
	p.ask(i, coord.Op{Kind: coord.Multi, Ops: ops}, false, byWork, 0)
}
