package worker

import (
	"cmp"
	"maps"
	"slices"

	"github.com/simctl/simctl/impl/host"
)

// digestExecutors is the part of Digest that tells of executors and children.
func (w *Worker) digestExecutors(d *host.Digest) {
	d.Uint(uint64(len(w.executors)))
	for i := range w.executors {
		w.executors[i].digest(d)
	}
	d.Uint(uint64(len(w.past)))
	for _, id := range sortedIDs(w.past) {
		id.digest(d)
		d.Str(string(w.past[id]))
	}
	d.Uint(uint64(len(w.finished)))
	for i := range w.finished {
		w.finished[i].digest(d)
	}
	d.Uint(uint64(len(w.finishing)))
	for _, app := range slices.Sorted(maps.Keys(w.finishing)) {
		d.Str(string(app))
		d.Int(w.finishing[app])
	}
	host.DigestMap(d, w.over)
	w.sync.digest(d)
	d.Int(w.reqs)
	d.Int(w.reports)
	d.Uint(uint64(len(w.watched)))
	for _, x := range w.watched {
		d.Conn(x.conn)
		d.Str(string(x.child))
	}
	d.Bool(w.decommissioned)
}

func sortedIDs[V any](m map[executorID]V) []executorID {
	return slices.SortedFunc(maps.Keys(m), func(a, b executorID) int {
		return cmp.Or(cmp.Compare(a.App, b.App), cmp.Compare(a.ID, b.ID))
	})
}

func (e executorID) digest(d *host.Digest) {
	d.Str(string(e.App))
	d.Int(e.ID)
}

func (e *Executor) digest(d *host.Digest) {
	e.ExecutorOnWorker.Digest(d)
	e.Desc.Digest(d)
	d.Int(e.Status)
	d.Str(e.Reason)
}

func (e *execution) digest(d *host.Digest) {
	e.Executor.digest(d)
	d.Str(string(e.child))
	d.Bool(e.asked)
	d.Bool(e.lost)
	d.Timer(e.timer)
	d.Int(e.req)
	d.Bool(e.told)
}

func (s *syncing) clone() syncing {
	c := *s
	c.out, c.failed, c.failures = slices.Clone(s.out), slices.Clone(s.failed), maps.Clone(s.failures)
	return c
}

func (s *syncing) digest(d *host.Digest) {
	for _, list := range [][]asked{s.out, s.failed} {
		d.Uint(uint64(len(list)))
		for i := range list {
			a := &list[i]
			a.m.Digest(d)
			d.Str(string(a.to))
			d.Timer(a.timer)
			d.Bool(a.timedOut)
		}
	}
	d.Timer(s.sleep)
	d.Uint(uint64(len(s.failures)))
	for _, id := range sortedIDs(s.failures) {
		id.digest(d)
		d.Int(s.failures[id])
	}
}
