package good

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync" //det:allow the table is filled once and equal in every world
	"time"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/host"
)

type worker struct {
	once    sync.Once
	drivers map[string]int
}

func (w *worker) beat(string)               {}
func (w *worker) done(string, coord.Result) {}
func (w *worker) fired(string, coord.Event) {}
func total(m map[string]int) (n int)        { return len(m) }
func later[P, A any](m func(P, A), a A)     { host.Bind(m, a) }
func show(h host.Clock) string              { return fmt.Sprint("at ", h.Wall()/1e9, " 100%%p") }
func source(a, b uint64) *rand.Rand         { return rand.New(rand.NewPCG(a, b)) }
func half(d time.Duration) time.Duration    { return d / 2 }

func (w *worker) all(h host.Clock) int64 {
	for range w.drivers { // the order does not show
	}
	for _, id := range slices.Sorted(maps.Keys(w.drivers)) {
		fmt.Println(id)
	}
	started := h.Mono()
	host.After(h, 1, (*worker).beat, "x")
	host.Bind((*worker).beat, "x")
	coord.Do((*worker).done, "x")
	coord.Watch((*worker).done, (*worker).fired, "x")
	//det:allow a sum does not depend on the order
	for _, n := range w.drivers {
		started += host.Mono(n)
	}
	return int64(h.Mono() - started)
}

func fill(from map[string]int) (copied map[string]int, some, large map[int]bool) {
	copied, some, large = map[string]int{}, map[int]bool{}, map[int]bool{}
	for id, n := range from { // the same in any order
		copied[id] = n
		some[n] = true
		if n > 7 {
			large[n], some[n] = true, true
		}
	}
	return copied, some, large
}
