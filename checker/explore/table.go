package explore

import "math/bits"

// shards is into how many parts the table is divided, by the first bits of a
// fingerprint. It is the same on every machine: the order of the frontier
// depends on it.
const (
	shardBits = 5
	shards    = 1 << shardBits
)

// A table holds fingerprints and 32 bits with each: 12 bytes a slot, 16 with
// ids, at least half of the slots in use once it has grown. One goroutine at a
// time may add to a shard, and none may read it meanwhile.
type table struct {
	shards [shards]shard
}

// A shard is open-addressing with linear probing. A fingerprint's home is
// proportional to it, so that those which begin with the same bits are near
// one another.
type shard struct {
	fps  []uint64 // 0: free
	refs []uint32 // what stands with each
	ids  []uint32 // the how manieth each is; nil unless wanted
	n    int
}

const (
	firstSlots = 64
	ref32      = 32 // a fingerprint's first bits that a ref of a parent holds
)

func newTable(ids bool) *table {
	t := &table{}
	for i := range t.shards {
		t.shards[i].make(firstSlots, ids)
	}
	return t
}

func (s *shard) make(slots int, ids bool) {
	s.fps, s.refs = huge(make([]uint64, slots)), huge(make([]uint32, slots))
	if ids {
		s.ids = make([]uint32, slots)
	}
}

func shardOf(fp uint64) int { return int(fp >> (64 - shardBits)) }

func (s *shard) home(fp uint64) int {
	hi, _ := bits.Mul64(fp<<shardBits, uint64(len(s.fps)))
	return int(hi)
}

// find returns where fp stands, or the free slot where it would, and which.
func (s *shard) find(fp uint64) (slot int, found bool) {
	for i := s.home(fp); ; i++ {
		if i == len(s.fps) {
			i = 0
		}
		switch s.fps[i] {
		case fp:
			return i, true
		case 0:
			return i, false
		}
	}
}

// touch reads the first slot that matters for fp, so that the memory is near
// when find comes for it.
func (t *table) touch(fp uint64) uint64 {
	s := &t.shards[shardOf(fp)]
	return s.fps[s.home(fp)]
}

// add enters fp with ref unless it is there, and returns its slot until the
// next add to the same shard.
func (s *shard) add(fp uint64, ref uint32) (slot int, added bool) {
	i, found := s.find(fp)
	if found {
		return i, false
	}
	if (s.n+1)*4 > len(s.fps)*3 {
		s.grow()
		i, _ = s.find(fp)
	}
	s.fps[i], s.refs[i] = fp, ref
	if s.ids != nil {
		s.ids[i] = uint32(s.n)
	}
	s.n++
	return i, true
}

// grow makes half as many slots again.
func (s *shard) grow() {
	old := *s
	s.make(len(old.fps)+len(old.fps)/2, old.ids != nil)
	for i, fp := range old.fps {
		if fp == 0 {
			continue
		}
		j, _ := s.find(fp)
		s.fps[j], s.refs[j] = fp, old.refs[i]
		if s.ids != nil {
			s.ids[j] = old.ids[i]
		}
	}
}

// refOf is what is kept of a parent's fingerprint.
func refOf(fp uint64) uint32 { return uint32(fp >> ref32) }

// candidates appends every fingerprint that ref may stand for: nearly always
// one.
func (t *table) candidates(ref uint32, dst []uint64) []uint64 {
	first := uint64(ref) << ref32
	s := &t.shards[shardOf(first)]
	i, last := s.home(first), s.home(first|1<<ref32-1)
	for beyond := false; ; i++ {
		if i == len(s.fps) {
			i, beyond = 0, true
		}
		fp := s.fps[i]
		if fp == 0 && (beyond || i > last) {
			return dst
		}
		if fp != 0 && refOf(fp) == ref {
			dst = append(dst, fp)
		}
	}
}

func (t *table) len() (n uint64) {
	for i := range t.shards {
		n += uint64(t.shards[i].n)
	}
	return n
}

func (t *table) bytes() (n uint64) {
	for i := range t.shards {
		s := &t.shards[i]
		n += uint64(8*len(s.fps) + 4*len(s.refs) + 4*len(s.ids))
	}
	return n
}

// fingerprint spreads a digest over 64 bits, one to one but for 0, which a
// free slot holds.
func fingerprint(digest uint64) uint64 {
	x := digest
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	x ^= x >> 31
	if x == 0 {
		return 1
	}
	return x
}
