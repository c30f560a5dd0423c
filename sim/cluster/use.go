package cluster

import "github.com/simctl/simctl/impl/host"

// use is what of a worker is in use, as it says itself or as a master counts.
type use struct{ cores, memory int64 }

// used notes what a process tells of a worker's use.
func (p *process) used(n *host.Note) {
	u := use{n.N, n.P}
	if p.kind == "worker" {
		p.worker, p.own = n.Subject, u
		return
	}
	if p.counts == nil {
		p.counts = map[string]use{}
	}
	p.counts[n.Subject] = u
}

// countsFor reports whether a master counts what a worker has in use, and has it
// among its own. While it does not, something runs there that it does not know,
// or the news is on its way: the run is watched until the bounds have passed.
func (p *process) countsFor(w *process) bool {
	counted, known := p.counts[w.worker]
	return known && w.own == counted
}
