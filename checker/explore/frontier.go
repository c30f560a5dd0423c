package explore

import (
	"math/bits"
	"reflect"
	"unsafe" //det:allow the size of a type, not an address
)

// A block is a part of the frontier: states that are expanded together. What
// is not among states is made again from its fingerprint.
type block[S any] struct {
	fps    []uint64
	states []S // of all fingerprints, or nil
	bytes  uint64
}

// A frontier is the states of one level that wait, in blocks of a fixed length.
type frontier[S any] struct {
	blocks []*block[S]
	n      int
}

// A store makes blocks and takes them back, and knows how much is in use.
type store[S any] struct {
	length   int // states in a block
	sized    Sized[S]
	pointers bool   // states refer to other memory
	each     uint64 // bytes of a state, without what Sized counts
	free     []*block[S]
	made     uint64 // bytes of blocks, in use or free, without what states refer to
	held     uint64 // bytes that states in use refer to
}

func newStore[S any](sys System[S]) *store[S] {
	var s S
	t := &store[S]{each: uint64(unsafe.Sizeof(s)), pointers: refers(reflect.TypeFor[S]())}
	t.sized, _ = sys.(Sized[S])
	size := t.each
	switch {
	case t.sized != nil:
		size += uint64(t.sized.Size(sys.Initial()[0]))
	case t.pointers:
		size += elsewhere
		t.each = size
	}
	t.length = int(min(max(batchBytes>>bits.Len64(size-1), batchLeast), batchMost))
	return t
}

// refers reports whether values of type t refer to other memory.
func refers(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr,
		reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128:
		return false
	case reflect.Array:
		return t.Len() > 0 && refers(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if refers(t.Field(i).Type) {
				return true
			}
		}
		return false
	}
	return true
}

// A batch is a block: so many states that what they lead to is about
// batchBytes at one new state each, a power of two. It depends on the system alone.
const (
	elsewhere  = 16 << 10 // what a state that refers to other memory counts as, unless it is Sized
	batchBytes = 1 << 20
	batchLeast = 64
	batchMost  = 8192
)

func (t *store[S]) block(spilled bool) *block[S] {
	if n := len(t.free); n > 0 && !spilled {
		b := t.free[n-1]
		t.free = t.free[:n-1]
		return b
	}
	b := &block[S]{fps: make([]uint64, 0, t.length)}
	t.made += 8 * uint64(t.length)
	if !spilled {
		b.states = make([]S, 0, t.length)
		t.made += t.each * uint64(t.length)
	}
	return b
}

// release takes a block back after it was expanded.
func (t *store[S]) release(b *block[S]) {
	t.held -= b.bytes
	if b.states == nil {
		t.made -= 8 * uint64(t.length)
		return
	}
	if t.pointers {
		clear(b.states)
	}
	b.fps, b.states, b.bytes = b.fps[:0], b.states[:0], 0
	t.free = append(t.free, b)
}

// push adds a state; to a new block, if it is spilled, only its fingerprint.
// Where one block ends and the next begins does not depend on that.
func (f *frontier[S]) push(t *store[S], fp uint64, s S, spilled bool) {
	last := len(f.blocks) - 1
	if last < 0 || len(f.blocks[last].fps) == t.length {
		f.blocks = append(f.blocks, t.block(spilled))
		last++
	}
	b := f.blocks[last]
	b.fps = append(b.fps, fp)
	f.n++
	if b.states == nil {
		return
	}
	b.states = append(b.states, s)
	if t.sized != nil {
		n := uint64(t.sized.Size(s))
		b.bytes += n
		t.held += n
	}
}

// shed forgets the states of a frontier: they wait as fingerprints then.
func (f *frontier[S]) shed(t *store[S]) {
	for _, b := range f.blocks {
		if b.states == nil {
			continue
		}
		t.made -= t.each * uint64(t.length)
		t.held -= b.bytes
		b.states, b.bytes = nil, 0
	}
	t.made -= uint64(len(t.free)) * (t.each + 8) * uint64(t.length)
	t.free = nil
}

func (t *store[S]) bytes() uint64 { return t.made + t.held }
