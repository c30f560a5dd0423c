// Package armed keeps the watches of one session as a client library does: by
// path, with what is to be called when they fire. The servers know of a path
// once, however many calls wait for it.
package armed

import (
	"maps"
	"slices"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/host"
)

// calls are what is to be called, by path, in the order in which it was armed.
type calls map[string][]host.Call

// Watches are those of one session; the zero Watches are none.
type Watches struct{ data, exist, kids calls }

// A Watch is one call and the path that it waits for.
type Watch struct {
	Path string
	Call host.Call
}

// Arm begins the watch that an operation leaves when it is answered with err: a
// read leaves one if it succeeds, and Exists of no znode one too. A call that is
// zero is none.
func (w *Watches) Arm(op *coord.Op, err error, call host.Call) {
	switch {
	case call.IsZero():
	case op.Kind == coord.Exists && err == coord.ErrNoNode:
		w.exist.add(&w.exist, op.Path, call)
	case err != nil:
	case op.Kind == coord.Exists || op.Kind == coord.Get:
		w.data.add(&w.data, op.Path, call)
	case op.Kind == coord.Children:
		w.kids.add(&w.kids, op.Path, call)
	}
}

// add makes w if need be.
func (calls) add(w *calls, path string, call host.Call) {
	if *w == nil {
		*w = calls{}
	}
	(*w)[path] = append((*w)[path], call)
}

// Take ends the watches that an event is for, and returns their calls in order.
// There may be none: a server can tell of a watch twice.
func (w *Watches) Take(e *coord.Event) (told []host.Call) {
	if e.Type != coord.ChildrenChanged {
		told = w.exist.take(e.Path, w.data.take(e.Path, told))
	}
	if e.Type == coord.ChildrenChanged || e.Type == coord.Deleted {
		told = w.kids.take(e.Path, told)
	}
	return told
}

func (w calls) take(path string, told []host.Call) []host.Call {
	told = append(told, w[path]...)
	delete(w, path)
	return told
}

// All ends every watch and returns them: first of data, then of existence, then
// of children, each by path.
func (w *Watches) All() (all []Watch) {
	for _, one := range [...]calls{w.data, w.exist, w.kids} {
		for _, path := range one.paths() {
			for _, call := range one[path] {
				all = append(all, Watch{path, call})
			}
		}
	}
	*w = Watches{}
	return all
}

// Paths returns what is watched, each list sorted: what a client sets again on
// a new connection.
func (w *Watches) Paths() (data, exist, kids []string) {
	return w.data.paths(), w.exist.paths(), w.kids.paths()
}

// None reports whether nothing is watched.
func (w *Watches) None() bool { return len(w.data)+len(w.exist)+len(w.kids) == 0 }

func (w calls) paths() []string { return slices.Sorted(maps.Keys(w)) }
