// Package disk is the files of one simulated machine, with what a crash does
// to them.
//
// The model, after ext4 with data=ordered:
//
//   - An append is seen by reads at once, and is on the disk only when a sync of
//     its file, called later, has completed. At a crash a keyed choice keeps a
//     prefix of the writes that no sync covered, and may tear the next one.
//   - Creations, renames and removals are atomic and go to one journal, which any
//     completed sync commits up to where it stood when the sync was called. At a
//     crash a keyed choice keeps a prefix of what is not committed.
//   - A rename writes the file's data out before itself (auto_da_alloc), so no
//     crash leaves a renamed file with less than it had.
//
// It assumes more freedom than the real one has: without a sync nothing reaches
// the disk for sure, however long ago it was written.
//
// Its one invariant: what a completed sync covered survives every crash.
package disk

import (
	"maps"
	"slices"
	"strings"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/kernel"
)

// Latencies in nanoseconds: of an SSD that flushes its cache at each sync.
const (
	opMin, opMax     = 20_000, 100_000
	syncMin, syncMax = 500_000, 3_000_000
	syncTail         = 10_000 // of a million syncs wait for the journal
	syncTailMax      = 60_000_000
)

// What a result's Err says went wrong.
const (
	NotExist = host.FileNotExist
	Exists   = host.FileExists
	Full     = "no space left on device"
	Failed   = "input/output error"
)

// inode is one file, whatever its name is.
type inode struct {
	data   []byte
	writes []int // length after each append that is not on the disk
	synced int   // length that is on the disk
}

// change is one entry of the journal. A removal has no to, a creation no from.
type change struct {
	from, to string
	file     *inode
	size     int // of a renamed file
}

// syncing is one sync that is under way.
type syncing struct {
	at      int64 // when it completes
	file    *inode
	size    int
	journal uint64 // entries it commits, counted from the first ever
}

// A Disk is the files of one machine.
type Disk struct {
	k     *kernel.Kernel
	key   kernel.Key
	calls uint64
	last  int64 // when the latest call completes

	names     map[string]*inode // as processes see them
	durable   map[string]*inode // as the committed journal says
	journal   []change          // not committed
	committed uint64            // entries ever committed
	syncs     []syncing
	crashes   uint64

	full    int // faults that fill it
	failing bool
	extra   int64
}

// New returns the empty disk of a machine.
func New(k *kernel.Kernel, machine string) *Disk {
	return &Disk{k: k, key: kernel.KeyOf("disk " + machine), names: map[string]*inode{}, durable: map[string]*inode{}}
}

// SetFull says whether appends fail for want of space.
func (d *Disk) SetFull(full bool) {
	d.full = 0
	if full {
		d.full = 1
	}
}

// AddFull is one more thing that fills the disk, or one less if n is -1.
func (d *Disk) AddFull(n int) { d.full += n }

// AddSlow adds nanoseconds to what each call takes, on top of what was added
// before; or takes them away.
func (d *Disk) AddSlow(extra int64) { d.extra += extra }

// SetFailing says whether every call fails with an input/output error.
func (d *Disk) SetFailing(failing bool) { d.failing = failing }

// SetSlow adds nanoseconds to what each call takes.
func (d *Disk) SetSlow(extra int64) { d.extra = extra }

// AppendFile appends data to a file, which it makes if there is none. The
// owner, an incarnation of an actor, gets DiskDone with a [host.DiskResult].
func (d *Disk) AppendFile(a kernel.ActorID, inc uint32, name string, data []byte, c host.Call) {
	d.settle()
	switch {
	case d.failing:
		d.done(a, inc, name, Failed, c, false)
	case d.full > 0:
		d.done(a, inc, name, Full, c, false)
	default:
		f := d.names[name]
		if f == nil {
			f = &inode{}
			d.names[name] = f
			d.journal = append(d.journal, change{to: name, file: f})
		}
		f.data = append(f.data, data...)
		f.writes = append(f.writes, len(f.data))
		d.done(a, inc, name, "", c, false)
	}
}

// CreateFile makes an empty file, and fails if there is one. The owner is told
// as by AppendFile.
func (d *Disk) CreateFile(a kernel.ActorID, inc uint32, name string, c host.Call) {
	d.settle()
	switch {
	case d.failing:
		d.done(a, inc, name, Failed, c, false)
	case d.names[name] != nil:
		d.done(a, inc, name, Exists, c, false)
	case d.full > 0:
		d.done(a, inc, name, Full, c, false)
	default:
		f := &inode{}
		d.names[name] = f
		d.journal = append(d.journal, change{to: name, file: f})
		d.done(a, inc, name, "", c, false)
	}
}

// SyncFile makes what the file holds now survive crashes, and with it every
// creation, rename and removal so far. The owner is told as by AppendFile.
func (d *Disk) SyncFile(a kernel.ActorID, inc uint32, name string, c host.Call) {
	d.settle()
	f := d.names[name]
	switch {
	case d.failing:
		d.done(a, inc, name, Failed, c, true)
	case f == nil:
		d.done(a, inc, name, NotExist, c, true)
	default:
		at := d.done(a, inc, name, "", c, true)
		d.syncs = append(d.syncs, syncing{at, f, len(f.data), d.committed + uint64(len(d.journal))})
	}
}

// RenameFile gives a file another name, whose file, if any, is gone. The owner
// is told as by AppendFile.
func (d *Disk) RenameFile(a kernel.ActorID, inc uint32, from, to string, c host.Call) {
	d.change(a, inc, from, to, c)
}

// RemoveFile removes a file. The owner is told as by AppendFile.
func (d *Disk) RemoveFile(a kernel.ActorID, inc uint32, name string, c host.Call) {
	d.change(a, inc, name, "", c)
}

func (d *Disk) change(a kernel.ActorID, inc uint32, from, to string, c host.Call) {
	d.settle()
	f := d.names[from]
	switch {
	case d.failing:
		d.done(a, inc, from, Failed, c, false)
	case f == nil:
		d.done(a, inc, from, NotExist, c, false)
	default:
		e := change{from, to, f, len(f.data)}
		d.journal = append(d.journal, e)
		e.apply(d.names)
		d.done(a, inc, from, "", c, false)
	}
}

// ReadFile reads a whole file. The owner gets DiskDone with a
// [host.ReadResult].
func (d *Disk) ReadFile(a kernel.ActorID, inc uint32, name string, c host.Call) {
	r := &host.ReadResult{}
	f := d.names[name]
	switch {
	case d.failing:
		r.Err = Failed
	case f == nil:
		r.Err = NotExist
	default:
		r.Data = slices.Clone(f.data)
	}
	var sum host.Digest
	sum.Bytes(r.Data)
	sum.Str(r.Err)
	d.post(a, inc, name, c, r, sum, false)
}

// ListFiles lists the files in a directory. The owner gets DiskDone with a
// [host.ListResult].
func (d *Disk) ListFiles(a kernel.ActorID, inc uint32, dir string, c host.Call) {
	r := &host.ListResult{}
	if d.failing {
		r.Err = Failed
	} else {
		for _, name := range slices.Sorted(maps.Keys(d.names)) {
			if in, ok := strings.CutPrefix(name, dir+"/"); ok && !strings.Contains(in, "/") {
				r.Names = append(r.Names, in)
			}
		}
	}
	var sum host.Digest
	sum.Any(r.Names)
	sum.Str(r.Err)
	d.post(a, inc, dir, c, r, sum, false)
}

// done completes a call with a result, and returns when.
func (d *Disk) done(a kernel.ActorID, inc uint32, name, err string, c host.Call, sync bool) int64 {
	var sum host.Digest
	sum.Str(err)
	return d.post(a, inc, name, c, &host.DiskResult{Err: err}, sum, sync)
}

// post tells the owner, later. Calls complete in the order in which they were
// made.
func (d *Disk) post(a kernel.ActorID, inc uint32, name string, c host.Call, v any, sum host.Digest, sync bool) int64 {
	lo, hi := int64(opMin), int64(opMax)
	if sync {
		lo, hi = syncMin, syncMax
		if d.k.Below(d.key, 2*d.calls+1, 1_000_000) < syncTail {
			lo, hi = syncMax, syncTailMax
		}
	}
	at := max(d.k.Now()+d.k.Between(d.key, 2*d.calls, lo, hi)+d.extra, d.last+1)
	d.last = at
	d.calls++
	c.Digest(&sum)
	sum.Str(name)
	if !c.IsZero() {
		d.k.Post(at, kernel.Event{
			Actor: a, Inc: inc, Kind: kernel.DiskDone, Call: c, V: v, Name: c.Name(), Sum: sum.Sum(),
		})
	}
	return at
}

// settle carries out the syncs that have completed by now.
func (d *Disk) settle() {
	n := 0
	for n < len(d.syncs) && d.syncs[n].at <= d.k.Now() {
		s := &d.syncs[n]
		s.file.sync(s.size)
		if s.journal > d.committed {
			d.commit(int(s.journal - d.committed))
		}
		n++
	}
	d.syncs = slices.Delete(d.syncs, 0, n)
}

// commit makes the first n entries of the journal survive.
func (d *Disk) commit(n int) {
	for i := range d.journal[:n] {
		e := &d.journal[i]
		e.apply(d.durable)
		if e.from != "" && e.to != "" {
			e.file.sync(e.size)
		}
	}
	d.journal = slices.Delete(d.journal, 0, n)
	d.committed += uint64(n)
}

// apply carries an entry out on a directory.
func (e *change) apply(names map[string]*inode) {
	if e.from != "" {
		delete(names, e.from)
	}
	if e.to != "" {
		names[e.to] = e.file
	}
}

// sync puts the first n bytes on the disk.
func (f *inode) sync(n int) {
	f.synced = max(f.synced, n)
	i := 0
	for i < len(f.writes) && f.writes[i] <= f.synced {
		i++
	}
	f.writes = slices.Delete(f.writes, 0, i)
}

// Crash is the loss of the machine: what is not on the disk may be lost. The
// owners of calls under way must be told nothing, as their incarnations are
// gone. It is for lost machines only: the files of a killed process stay as
// it wrote them.
func (d *Disk) Crash() {
	d.settle()
	d.crashes++
	d.syncs, d.last = nil, d.k.Now()
	key := kernel.KeyOf("crash", uint64(d.key), d.crashes)
	d.commit(int(d.k.Below(key, 0, uint64(len(d.journal))+1)))
	d.journal = nil
	for _, name := range slices.Sorted(maps.Keys(d.durable)) {
		d.tear(d.durable[name], kernel.KeyOf(name, uint64(key)))
	}
	d.names = maps.Clone(d.durable)
}

// tear keeps what is on the disk of a file, some of the writes behind it, and
// perhaps a part of the next.
func (d *Disk) tear(f *inode, key kernel.Key) {
	kept := int(d.k.Below(key, 0, uint64(len(f.writes))+1))
	size := f.synced
	if kept > 0 {
		size = f.writes[kept-1]
	}
	if kept < len(f.writes) && d.k.Below(key, 1, 2) == 0 {
		size += int(d.k.Below(key, 2, uint64(f.writes[kept]-size)))
	}
	f.data, f.writes, f.synced = f.data[:size], nil, size
}

// Files returns a copy of every file, by name.
func (d *Disk) Files() map[string][]byte {
	out := make(map[string][]byte, len(d.names))
	for _, name := range slices.Sorted(maps.Keys(d.names)) {
		out[name] = slices.Clone(d.names[name].data)
	}
	return out
}

// SetFiles replaces every file, as an operator does who copies them there and
// waits until they are on the disk. No call may be under way.
func (d *Disk) SetFiles(files map[string][]byte) {
	d.journal, d.syncs, d.last = nil, nil, d.k.Now()
	d.names, d.durable = map[string]*inode{}, map[string]*inode{}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		data := files[name]
		f := &inode{data: slices.Clone(data), synced: len(data)}
		d.names[name], d.durable[name] = f, f
	}
}

// Digest writes the files into h in the order of their names.
func (d *Disk) Digest(h *host.Digest) {
	for _, name := range slices.Sorted(maps.Keys(d.names)) {
		h.Str(name)
		h.Bytes(d.names[name].data)
	}
}
