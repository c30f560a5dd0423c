package hosttest

import (
	"maps"
	"slices"
	"strings"

	"github.com/simctl/simctl/impl/host"
)

// Files are the files of a machine's disk, by name. They last from one
// incarnation to the next, and machines may share them. What is asked is done
// at once, and answered when a [Coord] settles.
type Files struct {
	Data map[string]string
	// Fail are errors by action and name, as "append recovery/driver_a"; each
	// strikes once.
	Fail map[string]string
	// Log, if it is not nil, gets a line for each change.
	Log func(line string)
}

// NewFiles returns an empty disk.
func NewFiles() *Files { return &Files{Data: map[string]string{}, Fail: map[string]string{}} }

// change carries out an action and returns what a DiskResult's Err says.
func (f *Files) change(what, name string, do func() string) string {
	if err, ok := f.Fail[what+" "+name]; ok {
		delete(f.Fail, what+" "+name)
		return err
	}
	if f.Log != nil {
		f.Log(what + " " + name)
	}
	return do()
}

// there returns the result for a file that must be there.
func (f *Files) there(name string) string {
	if _, ok := f.Data[name]; !ok {
		return host.FileNotExist
	}
	return ""
}

// answer keeps a completion until the machine settles.
func (h *Host) answer(run func()) { h.answers = append(h.answers, run) }

// Answer completes the oldest call of the disk that waits, and reports whether
// there was one.
func (h *Host) Answer() bool {
	if len(h.answers) == 0 || h.gone {
		return false
	}
	next := h.answers[0]
	h.answers = h.answers[1:]
	next()
	return true
}

// disk asks for a change.
func (h *Host) disk(what, name string, c host.Call, do func(f *Files) string) {
	if h.gone {
		return
	}
	if h.Files == nil {
		h.say("disk %s %s", what, name)
		c.Run(h.p, &host.DiskResult{})
		return
	}
	r := &host.DiskResult{Err: h.Files.change(what, name, func() string { return do(h.Files) })}
	h.answer(func() { c.Run(h.p, r) })
}

// CreateFile implements [host.Disk].
func (h *Host) CreateFile(name string, c host.Call) {
	h.disk("create", name, c, func(f *Files) string {
		if f.there(name) == "" {
			return host.FileExists
		}
		f.Data[name] = ""
		return ""
	})
}

// AppendFile implements [host.Disk].
func (h *Host) AppendFile(name string, data []byte, c host.Call) {
	h.disk("append", name, c, func(f *Files) string {
		f.Data[name] += string(data)
		return ""
	})
}

// SyncFile implements [host.Disk].
func (h *Host) SyncFile(name string, c host.Call) {
	h.disk("sync", name, c, func(f *Files) string { return f.there(name) })
}

// RenameFile implements [host.Disk].
func (h *Host) RenameFile(from, to string, c host.Call) {
	h.disk("rename", from+" "+to, c, func(f *Files) string {
		err := f.there(from)
		if err == "" {
			f.Data[to] = f.Data[from]
			delete(f.Data, from)
		}
		return err
	})
}

// RemoveFile implements [host.Disk].
func (h *Host) RemoveFile(name string, c host.Call) {
	h.disk("remove", name, c, func(f *Files) string {
		err := f.there(name)
		delete(f.Data, name)
		return err
	})
}

// ReadFile implements [host.Disk].
func (h *Host) ReadFile(name string, c host.Call) {
	r := &host.ReadResult{Err: host.FileNotExist}
	if h.Files == nil {
		h.say("disk read %s", name)
		c.Run(h.p, r)
		return
	}
	if data, ok := h.Files.Data[name]; ok {
		r = &host.ReadResult{Data: []byte(data)}
	}
	if err, ok := h.Files.Fail["read "+name]; ok {
		delete(h.Files.Fail, "read "+name)
		r = &host.ReadResult{Err: err}
	}
	h.answer(func() { c.Run(h.p, r) })
}

// ListFiles implements [host.Disk].
func (h *Host) ListFiles(dir string, c host.Call) {
	r := &host.ListResult{}
	if h.Files == nil {
		h.say("disk list %s", dir)
		c.Run(h.p, r)
		return
	}
	for _, name := range slices.Sorted(maps.Keys(h.Files.Data)) {
		if in, ok := strings.CutPrefix(name, dir+"/"); ok {
			r.Names = append(r.Names, in)
		}
	}
	h.answer(func() { c.Run(h.p, r) })
}
