package ensemble

import (
	"slices"
	"strings"

	"github.com/simctl/simctl/impl/host"
)

// disk is what a server's machine keeps, and what it is still to do.
type disk struct {
	files []file // by name
	asked []order
	held  bool // it is held up
}

type file struct {
	name string
	data []byte // never changes
}

// what is asked of a disk
const (
	appends = iota + 1
	syncs
	renames
	removes
	reads
)

// An order is one thing that a disk is asked to do.
type order struct {
	kind uint8
	name string
	to   string // of a rename
	data []byte
	done host.Call
	sum  uint64
	sent uint64
}

func (d *disk) at(name string) (int, bool) {
	return slices.BinarySearchFunc(d.files, name, func(f file, name string) int { return strings.Compare(f.name, name) })
}

// do carries an order out, and returns what it completes with.
func (d *disk) do(o *order) any {
	i, found := d.at(o.name)
	if o.kind != syncs && o.kind != reads {
		d.files = slices.Clone(d.files)
	}
	switch {
	case o.kind == appends && found:
		d.files[i].data = slices.Concat(d.files[i].data, o.data)
	case o.kind == appends:
		d.files = slices.Insert(d.files, i, file{o.name, o.data})
	case !found && o.kind == reads:
		return &host.ReadResult{Err: host.FileNotExist}
	case !found:
		return &host.DiskResult{Err: host.FileNotExist}
	case o.kind == reads:
		return &host.ReadResult{Data: d.files[i].data}
	case o.kind == removes:
		d.files = slices.Delete(d.files, i, i+1)
	case o.kind == renames:
		f := d.files[i]
		d.files = slices.Delete(d.files, i, i+1)
		f.name = o.to
		if to, there := d.at(o.to); there {
			d.files[to] = f
		} else {
			d.files = slices.Insert(d.files, to, f)
		}
	}
	return &host.DiskResult{}
}

// crash forgets what was asked for, or carries it out without telling anybody.
func (d *disk) crash(lost bool) {
	for i := range d.asked {
		if !lost {
			d.do(&d.asked[i])
		}
	}
	d.asked, d.held = nil, false
}

func (d *disk) digest(to *host.Digest) {
	to.Uint(uint64(len(d.files)))
	for i := range d.files {
		to.Str(d.files[i].name)
		to.Bytes(d.files[i].data)
	}
	to.Uint(uint64(len(d.asked)))
	for i := range d.asked {
		to.Uint(d.asked[i].sum)
	}
	to.Bool(d.held)
}

// write lets a disk go on to its next sync, of a file that is not about to get
// another name.
func (w *World) write(i int) {
	w.mut(i).disk.held = false
	for {
		d := &w.mut(i).disk
		o := d.asked[0]
		d.asked = d.asked[1:]
		w.complete(i, &o, d.do(&o))
		if d = &w.nodes[i].disk; len(d.asked) == 0 || o.kind == syncs && d.asked[0].kind != renames {
			return
		}
	}
}

// read lets a disk do what it is asked to read.
func (w *World) read(i int) {
	d := &w.mut(i).disk
	o := d.asked[0]
	d.asked = d.asked[1:]
	w.complete(i, &o, d.do(&o))
}
