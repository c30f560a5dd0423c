package kernel

import (
	"math/bits"

	"github.com/simctl/simctl/impl/host"
)

// A Key names a family of random draws: who draws, and for what. Keys are
// built by hashing names, never by counting calls, so that a new key changes
// no draw of another.
type Key uint64

// KeyOf returns the key of a purpose and the numbers that tell its instances
// apart, such as an actor and its incarnation.
func KeyOf(purpose string, words ...uint64) Key {
	var d host.Digest
	d.Str(purpose)
	for _, w := range words {
		d.Uint(w)
	}
	return Key(d.Sum())
}

// Draw returns the n-th number of key under the kernel's seed: a pure function
// of the three (a counter-based generator, after Salmon et al., SC'11).
func (k *Kernel) Draw(key Key, n uint64) uint64 { return draw(k.seed, key, n) }

// Below returns the n-th number of key, in [0,limit). A limit of 0 gives 0.
func (k *Kernel) Below(key Key, n, limit uint64) uint64 {
	hi, _ := bits.Mul64(draw(k.seed, key, n), limit)
	return hi
}

// Between returns the n-th number of key in [lo,hi]; lo if hi is not above it.
func (k *Kernel) Between(key Key, n uint64, lo, hi int64) int64 {
	if hi <= lo {
		return lo
	}
	return lo + int64(k.Below(key, n, uint64(hi-lo)+1))
}

// draw mixes three words by two rounds of 64x64->128 bit multiplication and
// the finaliser of MurmurHash3.
func draw(seed uint64, key Key, n uint64) uint64 {
	x := mum(seed^0xa0761d6478bd642f, uint64(key)^0xe7037ed1a0b428db)
	x = mum(x^n*0x9e3779b97f4a7c15, uint64(key)+0x8ebc6af09c88c6e3^n)
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

func mum(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

// Draws returns draws by purpose, each purpose counted by itself: those of a seed
// that are made before there is a run. Kind goes before every purpose.
func Draws(seed uint64, kind string) func(purpose string, n uint64) uint64 {
	k := New(seed, nil)
	counts := map[string]uint64{}
	return func(purpose string, n uint64) uint64 {
		counts[purpose]++
		return k.Below(KeyOf(kind+" "+purpose), counts[purpose], n)
	}
}
