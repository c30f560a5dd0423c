package explore

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os" //det:allow the search's own file; no state depends on it
)

// A saved is the head of a checkpoint: one line of JSON. The numbers follow it,
// little-endian: the table shard by shard, then the frontier as fingerprints,
// of which the table has the paths, and what goals need.
type saved struct {
	Format  string        `json:"format"`
	Label   string        `json:"label"`
	Goals   bool          `json:"goals"`
	Result  Result        `json:"result"`
	Depth   int           `json:"depth"`
	Slots   [shards]int   `json:"slots"`
	Counts  [shards]int   `json:"counts"`
	Cur     int           `json:"cur"`
	Nxt     int           `json:"nxt"`
	Levels  [][shards]int `json:"levels"`
	Partial []uint64      `json:"partial"`
	Edges   int           `json:"edges"`
	Reached [shards]int   `json:"reached"`
	Initial []uint64      `json:"initial"` // fingerprints of the initial states
}

const format = "simctl exploration 1"

func (b *breadth[S]) initial() (fps []uint64) {
	for _, s := range b.sys.Initial() {
		fps = append(fps, fingerprint(b.sys.Digest(s)))
	}
	return fps
}

// save writes the checkpoint beside the last one and then in its place.
func (b *breadth[S]) save() (err error) {
	name := b.o.Checkpoint
	f, err := os.Create(name + ".new")
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	err = errors.Join(b.write(w), w.Flush(), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(name+".new", name)
	}
	b.saved = b.res.Distinct
	return err
}

func (b *breadth[S]) write(w io.Writer) error {
	h := saved{
		Format: format, Label: b.o.Label, Goals: b.o.Goals, Result: b.res, Depth: b.depth, Levels: b.levels,
		Partial: b.partial, Cur: b.cur.n, Nxt: b.nxt.n, Initial: b.initial(),
	}
	h.Result.Why = ""
	for i := range b.table.shards {
		h.Slots[i], h.Counts[i], h.Reached[i] = len(b.table.shards[i].fps), b.table.shards[i].n, len(b.reached[i])
	}
	for _, list := range b.edges {
		h.Edges += len(list)
	}
	head, err := json.Marshal(h)
	if err != nil {
		return err
	}
	if _, err := w.Write(append(head, '\n')); err != nil {
		return err
	}
	return b.numbers(func(data any) error { return binary.Write(w, binary.LittleEndian, data) })
}

// numbers hands over all that follows the head, in its order.
func (b *breadth[S]) numbers(each func(data any) error) error {
	for i := range b.table.shards {
		s := &b.table.shards[i]
		if err := errors.Join(each(s.fps), each(s.refs), each(s.ids), each([]uint64(b.reached[i]))); err != nil {
			return err
		}
	}
	for _, f := range []*frontier[S]{&b.cur, &b.nxt} {
		for _, k := range f.blocks {
			if err := each(k.fps); err != nil {
				return err
			}
		}
	}
	for _, list := range b.edges {
		if err := each(list); err != nil {
			return err
		}
	}
	return nil
}

// load goes on from the checkpoint. Its states are made again by their paths
// when their turn comes.
func (b *breadth[S]) load() error {
	f, err := os.Open(b.o.Checkpoint)
	if err != nil {
		return err
	}
	defer f.Close()
	r := bufio.NewReaderSize(f, 1<<20)
	head, err := r.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("%s: %w", b.o.Checkpoint, err)
	}
	var h saved
	if err := json.Unmarshal(head, &h); err != nil || h.Format != format {
		return fmt.Errorf("%s is not a checkpoint of this version", b.o.Checkpoint)
	}
	if h.Label != b.o.Label || h.Goals != b.o.Goals || fmt.Sprint(h.Initial) != fmt.Sprint(b.initial()) {
		return fmt.Errorf("%s is a checkpoint of another search, %q; this one is %q", b.o.Checkpoint, h.Label, b.o.Label)
	}
	b.restore(h)
	if err := b.numbers(func(data any) error { return binary.Read(r, binary.LittleEndian, data) }); err != nil {
		return fmt.Errorf("%s: %w", b.o.Checkpoint, err)
	}
	return nil
}

// restore makes room for the numbers.
func (b *breadth[S]) restore(h saved) {
	b.res, b.depth, b.levels, b.partial = h.Result, h.Depth, h.Levels, h.Partial
	b.saved = b.res.Distinct
	for i := range b.table.shards {
		b.table.shards[i].make(h.Slots[i], h.Goals)
		b.table.shards[i].n = h.Counts[i]
		b.reached[i] = make(idSet, h.Reached[i])
	}
	b.edges[0] = make([]edge, h.Edges)
	for _, f := range []struct {
		to *frontier[S]
		n  int
	}{{&b.cur, h.Cur}, {&b.nxt, h.Nxt}} {
		f.to.n = f.n
		for n := f.n; n > 0; n -= b.store.length {
			k := b.store.block(true)
			k.fps = k.fps[:min(n, b.store.length)]
			f.to.blocks = append(f.to.blocks, k)
		}
	}
}
