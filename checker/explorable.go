package checker

import (
	"cmp"
	"slices"

	"github.com/simctl/simctl/model/trace"
)

// An Explorable is a monitor of a safety property whose state is a part of the
// state that an exploration searches: two pasts may be taken for one only if
// their monitors will say the same of every future.
//
// The events of an explored run are exact (Until is 0), each action is one step,
// and no run ends: what only trace.Ended decides is not judged, and an event
// that is still to come is of a later step than all that were observed.
type Explorable interface {
	Monitor
	// Clone returns a monitor that has observed the same, and goes its own way.
	Clone() Explorable
	// Digest writes all that matters for the verdict on what is still to come,
	// in an order that depends on nothing else: not what is only counted or told.
	Digest(d Sink)
	// Broken tells how the property was violated first, "" if it was not.
	Broken() string
}

// A Listener is an Explorable that knows which events mean nothing to it: most
// steps then leave it as it is.
type Listener interface {
	// Hears reports whether observing e may change what Digest writes or what
	// Broken tells.
	Hears(e *trace.Event) bool
}

// A Sink takes the state of monitors, part by part, and makes one number of it
// in which only differences count that judges can see. Who writes a list
// writes its length first.
type Sink interface {
	Uint(x uint64)
	Int(x int64)
	Bool(b bool)
	// Str writes a text, by the name that [Sink.Rename] gives it.
	Str(s string)
	// Zxid writes a place in the order of transactions, 0 for none. Not the
	// number counts, but how it stands to the other zxids of the whole state.
	Zxid(z int64)
	// Ago writes how long before now a moment lies, and if that is more than
	// most nanoseconds no more than that it is.
	Ago(at, most int64)
	// Rename is the name under which s is written: another one than s where
	// interchangeable processes change places. What is sorted is sorted by it.
	Rename(s string) string
}

// DigestSorted writes how many keys m has, and each of them by write in the order
// of the names that less gives: first the name, then whatever write adds. Two
// keys of one name must not differ in what is written.
func DigestSorted[K comparable, V any](d Sink, m map[K]V, name func(K) string, write func(k K, v V)) {
	d.Uint(uint64(len(m)))
	type entry struct {
		name string
		key  K
	}
	keys := make([]entry, 0, len(m))
	for k := range m { //det:allow sorted below
		keys = append(keys, entry{d.Rename(name(k)), k})
	}
	slices.SortFunc(keys, func(a, b entry) int { return cmp.Compare(a.name, b.name) })
	for _, k := range keys {
		write(k.key, m[k.key])
	}
}

// Itself is the name of a key that is one, for [DigestSorted].
func Itself(s string) string { return s }

// DigestSet writes a set of names.
func DigestSet(d Sink, set map[string]bool) {
	DigestSorted(d, set, Itself, func(name string, in bool) { d.Str(name); d.Bool(in) })
}

// DigestNames writes a map from names to names.
func DigestNames(d Sink, m map[string]string) {
	DigestSorted(d, m, Itself, func(k, v string) { d.Str(k); d.Str(v) })
}

// InOrder calls do for every entry of m, in the order of their names. Do may change
// what stands under keys that m has.
func InOrder[K comparable, V any](m map[K]V, name func(K) string, do func(k K, v V)) {
	keys := make([]K, 0, len(m))
	for k := range m { //det:allow sorted below
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b K) int { return cmp.Compare(name(a), name(b)) })
	for _, k := range keys {
		do(k, m[k])
	}
}
