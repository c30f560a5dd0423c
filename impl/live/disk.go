package live

import (
	"errors"
	"io"
	"io/fs"
	"sync"

	"github.com/simctl/simctl/impl/host"
)

// A disk carries out file operations one after another, in the order asked.
type disk struct {
	mu    sync.Mutex
	jobs  []func()
	spare []func() // the other buffer of jobs
	more  chan struct{}
	end   bool
}

func (h *Host) startDisk() *disk {
	if h.disk == nil {
		h.disk = &disk{more: make(chan struct{}, 1)}
		h.others.Add(1)
		go func() {
			defer h.others.Done()
			h.disk.run()
			if c, ok := h.o.Files.(io.Closer); ok {
				_ = c.Close() // whatever had to last was synced
			}
		}()
	}
	return h.disk
}

func (d *disk) run() {
	for {
		d.mu.Lock()
		jobs, end := d.jobs, d.end
		d.jobs = d.spare[:0]
		d.mu.Unlock()
		for i, f := range jobs {
			jobs[i] = nil
			f()
		}
		d.spare = jobs
		if len(jobs) == 0 {
			if end {
				return
			}
			<-d.more
		}
	}
}

func (d *disk) put(f func()) {
	d.mu.Lock()
	d.jobs = append(d.jobs, f)
	d.mu.Unlock()
	d.poke()
}

// close ends the disk once everything asked is done, or at once.
func (d *disk) close(atOnce bool) {
	d.mu.Lock()
	d.end = true
	if atOnce {
		d.jobs = nil
	}
	d.mu.Unlock()
	d.poke()
}

func (d *disk) poke() {
	select {
	case d.more <- struct{}{}:
	default:
	}
}

// do carries out f on the disk's goroutine and hands the loop its result. On a
// full disk nothing is done that needs room.
func (h *Host) do(c host.Call, needsRoom bool, f func(Files) error) {
	h.output()
	d := h.startDisk()
	d.put(func() {
		err := h.o.Trouble.Disk(needsRoom)
		if err == nil {
			err = f(h.o.Files)
		}
		r := host.DiskResult{Err: errText(err)}
		h.post(func() { c.Run(h.p, &r) })
	})
}

func errText(err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, fs.ErrNotExist):
		return host.FileNotExist
	case errors.Is(err, fs.ErrExist):
		return host.FileExists
	default:
		return err.Error()
	}
}

// CreateFile makes an empty file; one that is there is an error.
func (h *Host) CreateFile(name string, c host.Call) {
	h.do(c, true, func(f Files) error { return f.Create(name) })
}

// AppendFile appends data, which nobody may change any more, to a file, which
// is made if it is missing.
func (h *Host) AppendFile(name string, data []byte, c host.Call) {
	h.do(c, true, func(f Files) error { return f.Append(name, data) })
}

// SyncFile makes a file's content and its name survive a crash of the machine.
func (h *Host) SyncFile(name string, c host.Call) {
	h.do(c, false, func(f Files) error { return f.Sync(name) })
}

// RenameFile gives a file a new name and replaces what had it. It survives a
// crash once the new name is synced.
func (h *Host) RenameFile(from, to string, c host.Call) {
	h.do(c, false, func(f Files) error { return f.Rename(from, to) })
}

// RemoveFile removes a file.
func (h *Host) RemoveFile(name string, c host.Call) {
	h.do(c, false, func(f Files) error { return f.Remove(name) })
}

// ReadFile reads a whole file.
func (h *Host) ReadFile(name string, c host.Call) {
	d := h.startDisk()
	d.put(func() {
		_ = h.o.Trouble.Disk(false) // reading needs no room
		data, err := h.o.Files.Read(name)
		r := host.ReadResult{Data: data, Err: errText(err)}
		h.post(func() { c.Run(h.p, &r) })
	})
}

// ListFiles lists the files in a directory.
func (h *Host) ListFiles(dir string, c host.Call) {
	d := h.startDisk()
	d.put(func() {
		_ = h.o.Trouble.Disk(false)
		names, err := h.o.Files.List(dir)
		r := host.ListResult{Names: names, Err: errText(err)}
		h.post(func() { c.Run(h.p, &r) })
	})
}
