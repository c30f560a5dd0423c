package bad

import (
	_ "crypto/rand" // want `import of crypto/rand`
	"fmt"
	"maps"
	"math/rand/v2"
	_ "net" // want `import of net: only impl/live`
	"os"    // want `import of os: only impl/live`
	"reflect"
	"slices"
	"sync" // want `import of sync: nothing to lock`
	tm "time"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/host"
)

type master struct {
	mu      sync.Mutex
	workers map[string]int
	started host.Mono
}

func (m *master) timedOut(string)           {}
func (m *master) done(string, coord.Result) {}
func (m *master) fired(string, coord.Event) {}
func (m *master) answered(string, struct{}) {}
func (m *master) now() int64                { return tm.Now().UnixNano() } // want `time.Now: ask the host's clock`
func clock() func() tm.Time                 { return tm.Now }              // want `time.Now`
func keys[M ~map[string]int](m M) (out []string) {
	for k := range m { // want `range over map`
		out = append(out, k)
	}
	return out
}

func (m *master) order() {
	for id, n := range m.workers { // want `range over map`
		fmt.Println(id, n)
	}
	for range maps.Keys(m.workers) { // want `maps.Keys: order differs`
	}
	_ = slices.Collect(maps.Values(m.workers)) // want `maps.Values`
	_ = reflect.ValueOf(m.workers).MapKeys()   // want `reflect.Value.MapKeys`
	go m.order()                               // want `go statement`
	select {}                                  // want `select: the runtime`
}

func (m *master) chance() {
	_ = rand.IntN(3) // want `global source`
	tm.Sleep(1)      // want `time.Sleep: start a timer`
	_ = os.Getenv("HOME")
	fmt.Printf("%p\n", m)          // want `%p: addresses`
	_ = fmt.Sprintf("%-8p", m)     // want `%p: addresses`
	_ = tm.Unix(0, 0).In(tm.Local) // want `time.Local`
}

func (m *master) continuations(h host.Clock) {
	host.After(h, 1, func(m *master, id string) {}, "w1")                    // want `function literal passed to impl/host.After`
	host.Bind(func(m *master, id string) {}, "w1")                           // want `function literal passed to impl/host.Bind`
	host.Bind[*master, string](func(m *master, id string) {}, "w1")          // want `function literal`
	coord.Do(func(*master, string, coord.Result) {}, "w1")                   // want `function literal passed to impl/coord.Do`
	coord.Watch((*master).done, func(*master, string, coord.Event) {}, "w1") // want `function literal passed to impl/coord.Watch`
	b := binder{}
	host.Bind(b.bound, "w1")               // want `bound method bound passed to impl/host.Bind`
	host.BindResult((b.boundResult), "w1") // want `bound method boundResult`
}

type binder struct{}

func (binder) bound(*master, string)                 {}
func (binder) boundResult(*master, string, struct{}) {}

func (m *master) decisions(h host.Clock) bool {
	if h.Mono() > m.started { // want `host.Mono in a condition`
		return true
	}
	for int64(h.Wall()) < 7 { // want `host.Wall in a condition`
	}
	switch h.Mono() { // want `host.Mono in a condition`
	}
	late := m.started-h.Mono() >= 3 // want `host.Mono in a condition`
	_ = max(m.started, h.Mono())    // want `host.Mono in a condition`
	return late
}

func mean(a, b float64) float64 {
	a += b         // want `floating-point`
	return a / 2.0 // want `floating-point`
}

/* want `//det:allow without a reason` */ //det:allow
var one = 1

/* want `//det:allow excuses nothing` */ //det:allow the line below is innocent
var two = 2

func reasonless(m map[int]int) {
	/* want `//det:allow without a reason` */ //det:allow
	for k := range m {                        // one error, at the comment
		_ = k
	}
}

func invert(from map[string]int) map[int]string {
	to := map[int]string{}
	for id, n := range from { // want `range over map`
		to[n] = id // whichever comes last stays
	}
	return to
}

func mark(from map[string]int) map[int]bool {
	to := map[int]bool{}
	for _, n := range from { // want `range over map`
		to[n] = false
	}
	return to
}
