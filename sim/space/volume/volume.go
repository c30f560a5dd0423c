// Package volume is the files of one machine as a value, and all that a loss of
// power may leave of them: sim/disk's model (ext4 with data=ordered), every
// outcome instead of a drawn one.
//
//   - What is appended is read at once, and is on the disk for sure once a sync of
//     its file is done. A loss of power leaves any first few of the appends that no
//     sync covered, and of the next one none or half.
//   - Creations, renames and removals go to one journal, which every sync commits.
//     Of what is not committed a loss leaves any first few.
//   - A rename writes the file's data out before itself.
package volume

import (
	"fmt"
	"slices"
	"strings"

	"github.com/simctl/simctl/impl/host"
)

// inode is one file, whatever its name is.
type inode struct {
	data   string
	writes []int // length after each append that is not on the disk
	synced int   // length that is on the disk
}

// entry is a name and what it stands for.
type entry struct {
	name string
	file int // in inodes
}

// change is one entry of the journal. A removal has no to, a creation no from.
type change struct {
	from, to string
	file     int
	size     int // of a renamed file
}

// A Volume is files as processes see them, and what of that is on the disk. The
// zero Volume is empty. Methods that change something return another one.
type Volume struct {
	inodes  []inode
	names   []entry // as processes see them, sorted
	durable []entry // as the committed journal says, sorted
	journal []change
}

// clone is a copy to be changed.
func (v *Volume) clone() *Volume {
	c := &Volume{slices.Clone(v.inodes), slices.Clone(v.names), slices.Clone(v.durable), slices.Clone(v.journal)}
	for i := range c.inodes {
		c.inodes[i].writes = slices.Clone(c.inodes[i].writes)
	}
	return c
}

func find(names []entry, name string) int {
	return slices.IndexFunc(names, func(e entry) bool { return e.name == name })
}

// carry carries an entry of the journal out on a directory.
func (c *change) carry(names []entry) []entry {
	names = slices.DeleteFunc(names, func(e entry) bool { return c.from != "" && e.name == c.from || e.name == c.to })
	if c.to == "" {
		return names
	}
	at, _ := slices.BinarySearchFunc(names, c.to, func(e entry, name string) int { return strings.Compare(e.name, name) })
	return slices.Insert(names, at, entry{c.to, c.file})
}

func (v *Volume) change(c change) {
	v.journal = append(v.journal, c)
	v.names = c.carry(v.names)
}

// Create makes an empty file. Err is that of a [host.DiskResult], here and below.
func (v *Volume) Create(name string) (after *Volume, err string) {
	if find(v.names, name) >= 0 {
		return v, host.FileExists
	}
	c := v.clone()
	c.inodes = append(c.inodes, inode{})
	c.change(change{to: name, file: len(c.inodes) - 1})
	return c, ""
}

// Append appends to a file, which it makes if there is none.
func (v *Volume) Append(name string, data []byte) (after *Volume, err string) {
	c, _ := v.Create(name)
	if c == v {
		c = v.clone()
	}
	f := &c.inodes[c.names[find(c.names, name)].file]
	f.data += string(data)
	f.writes = append(f.writes, len(f.data))
	return c, ""
}

// Sync has the file, and the journal, survive every loss.
func (v *Volume) Sync(name string) (after *Volume, err string) {
	at := find(v.names, name)
	if at < 0 {
		return v, host.FileNotExist
	}
	c := v.clone()
	f := &c.inodes[c.names[at].file]
	f.sync(len(f.data))
	c.commit(len(c.journal))
	return c, ""
}

// Rename gives a file another name, whose file, if any, is gone.
func (v *Volume) Rename(from, to string) (after *Volume, err string) {
	at := find(v.names, from)
	if at < 0 {
		return v, host.FileNotExist
	}
	c := v.clone()
	file := c.names[at].file
	c.change(change{from, to, file, len(c.inodes[file].data)})
	return c, ""
}

// Remove removes a file.
func (v *Volume) Remove(name string) (after *Volume, err string) { return v.Rename(name, "") }

// Read is what a file holds.
func (v *Volume) Read(name string) (data []byte, err string) {
	at := find(v.names, name)
	if at < 0 {
		return nil, host.FileNotExist
	}
	return []byte(v.inodes[v.names[at].file].data), ""
}

// List is the names of the files in a directory, without it, sorted.
func (v *Volume) List(dir string) (names []string) {
	for _, e := range v.names {
		if in, ok := strings.CutPrefix(e.name, dir+"/"); ok && !strings.Contains(in, "/") {
			names = append(names, in)
		}
	}
	return names
}

// commit makes the first n entries of the journal survive.
func (v *Volume) commit(n int) {
	for i := range v.journal[:n] {
		c := &v.journal[i]
		v.durable = c.carry(v.durable)
		if c.from != "" && c.to != "" {
			v.inodes[c.file].sync(c.size)
		}
	}
	v.journal = v.journal[n:]
}

// sync puts the first n bytes on the disk.
func (f *inode) sync(n int) {
	f.synced = max(f.synced, n)
	f.writes = slices.DeleteFunc(f.writes, func(end int) bool { return end <= f.synced })
}

// left lists how much a loss may leave of a file.
func (f *inode) left() (sizes []int) {
	at := f.synced
	sizes = append(sizes, at)
	for _, end := range f.writes {
		if half := at + (end-at)/2; half > at {
			sizes = append(sizes, half)
		}
		sizes = append(sizes, end)
		at = end
	}
	return sizes
}

// Outcomes lists all that a loss of power may leave, each once, that which loses
// most first.
func (v *Volume) Outcomes() (all []*Volume) {
	known := map[uint64]bool{}
	for n := range len(v.journal) + 1 {
		c := v.clone()
		c.commit(n)
		c.journal = nil
		for _, o := range c.torn(0) {
			o.names = slices.Clone(o.durable)
			if sum := o.Sum(); !known[sum] {
				known[sum] = true
				all = append(all, o)
			}
		}
	}
	return all
}

// torn lists what may be left of the i-th file and those behind it.
func (v *Volume) torn(i int) (all []*Volume) {
	if i == len(v.durable) {
		return []*Volume{v}
	}
	for _, size := range v.inodes[v.durable[i].file].left() {
		c := v.clone()
		f := &c.inodes[v.durable[i].file]
		f.data, f.writes, f.synced = f.data[:size], nil, size
		all = append(all, c.torn(i+1)...)
	}
	return all
}

// Sum is one number for all that can be read of it, now or after a loss.
func (v *Volume) Sum() uint64 {
	var d host.Digest
	rank := map[int]int{}
	write := func(file int) {
		n, known := rank[file]
		if !known {
			n = len(rank)
			rank[file] = n
		}
		d.Int(int64(n))
		if f := &v.inodes[file]; !known {
			d.Str(f.data)
			d.Int(int64(f.synced))
			d.Any(f.writes)
		}
	}
	for _, list := range [...][]entry{v.names, v.durable} {
		d.Uint(uint64(len(list)))
		for _, e := range list {
			d.Str(e.name)
			write(e.file)
		}
	}
	d.Uint(uint64(len(v.journal)))
	for _, c := range v.journal {
		d.Str(c.from)
		d.Str(c.to)
		d.Int(int64(c.size))
		write(c.file)
	}
	return d.Sum()
}

// String lists the files, a line each, and what a loss of power may take.
func (v *Volume) String() string {
	var b strings.Builder
	for _, e := range v.names {
		f := &v.inodes[e.file]
		fmt.Fprintf(&b, "%s of %d bytes", e.name, len(f.data))
		if at := find(v.durable, e.name); at < 0 || v.durable[at].file != e.file {
			b.WriteString(", its name not synced")
		}
		if f.synced < len(f.data) {
			fmt.Fprintf(&b, ", %d synced", f.synced)
		}
		b.WriteByte('\n')
	}
	for _, e := range v.durable {
		if find(v.names, e.name) < 0 {
			fmt.Fprintf(&b, "%s is removed, not synced\n", e.name)
		}
	}
	return b.String()
}

// Differ tells in words what another volume lacks of this one or has else, for a
// loss that made it of this one; "nothing" if processes see the same.
func (v *Volume) Differ(after *Volume) string {
	var words []string
	for _, e := range v.names {
		data, err := after.Read(e.name)
		was := v.inodes[e.file].data
		switch {
		case err != "":
			words = append(words, e.name)
		case len(data) < len(was) && strings.HasPrefix(was, string(data)):
			words = append(words, fmt.Sprintf("all but %d of %d bytes of %s", len(data), len(was), e.name))
		case string(data) != was:
			words = append(words, "the latest "+e.name)
		}
	}
	for _, e := range after.names {
		if find(v.names, e.name) < 0 {
			words = append(words, "the removal of "+e.name)
		}
	}
	if len(words) == 0 {
		return "nothing"
	}
	return strings.Join(words, ", ")
}
