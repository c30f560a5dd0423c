package live

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
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

// do carries out f on the disk's goroutine and hands the loop its result.
func (h *Host) do(c host.Call, f func(Files) error) {
	d := h.startDisk()
	d.put(func() {
		r := host.DiskResult{Err: errText(f(h.o.Files))}
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
	h.do(c, func(f Files) error { return f.Create(name) })
}

// AppendFile appends data, which nobody may change any more, to a file, which
// is made if it is missing.
func (h *Host) AppendFile(name string, data []byte, c host.Call) {
	h.do(c, func(f Files) error { return f.Append(name, data) })
}

// SyncFile makes a file's content and its name survive a crash of the machine.
func (h *Host) SyncFile(name string, c host.Call) {
	h.do(c, func(f Files) error { return f.Sync(name) })
}

// RenameFile gives a file a new name and replaces what had it. It survives a
// crash once the new name is synced.
func (h *Host) RenameFile(from, to string, c host.Call) {
	h.do(c, func(f Files) error { return f.Rename(from, to) })
}

// RemoveFile removes a file.
func (h *Host) RemoveFile(name string, c host.Call) {
	h.do(c, func(f Files) error { return f.Remove(name) })
}

// ReadFile reads a whole file.
func (h *Host) ReadFile(name string, c host.Call) {
	d := h.startDisk()
	d.put(func() {
		data, err := h.o.Files.Read(name)
		r := host.ReadResult{Data: data, Err: errText(err)}
		h.post(func() { c.Run(h.p, &r) })
	})
}

// ListFiles lists the files in a directory.
func (h *Host) ListFiles(dir string, c host.Call) {
	d := h.startDisk()
	d.put(func() {
		names, err := h.o.Files.List(dir)
		r := host.ListResult{Names: names, Err: errText(err)}
		h.post(func() { c.Run(h.p, &r) })
	})
}

// dirFiles are the files below a directory. Those that were appended to stay
// open. It is used by one goroutine.
type dirFiles struct {
	dir    string
	noSync bool
	open   map[string]*os.File
	named  map[string]bool // the files since whose sync no directory has changed
}

func newDirFiles(dir string, noSync bool) *dirFiles {
	return &dirFiles{dir, noSync, map[string]*os.File{}, map[string]bool{}}
}

// path is the file called name, which must be below the directory.
func (d *dirFiles) path(name string) (string, error) {
	if d.dir == "" {
		return "", errors.New("this process has no data directory")
	}
	if !filepath.IsLocal(name) {
		return "", fmt.Errorf("file name %q leaves the data directory", name)
	}
	return filepath.Join(d.dir, name), nil
}

func (d *dirFiles) Append(name string, data []byte) error {
	f := d.open[name]
	if f == nil {
		path, err := d.path(name)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if f, err = os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644); err != nil {
			return err
		}
		d.open[name] = f
		clear(d.named) // it may be new
	}
	_, err := f.Write(data)
	return err
}

func (d *dirFiles) Create(name string) error {
	path, err := d.path(name)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	d.forget(name)
	d.open[name] = f
	return nil
}

func (d *dirFiles) List(dir string) ([]string, error) {
	path, err := d.path(dir)
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(path) // sorted by name
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var out []string
	for _, e := range entries {
		if e.Type().IsRegular() {
			out = append(out, e.Name())
		}
	}
	return out, err
}

// forget closes a file whose name is about to mean something else. Its
// directory changes, so that every file's next sync is one of that too.
func (d *dirFiles) forget(name string) {
	clear(d.named)
	if f := d.open[name]; f != nil {
		f.Close()
		delete(d.open, name)
	}
}

// Close closes what is open.
func (d *dirFiles) Close() error {
	for _, f := range d.open {
		f.Close()
	}
	return nil
}

func (d *dirFiles) Sync(name string) error {
	path, err := d.path(name)
	if err != nil || d.noSync {
		return err
	}
	if f := d.open[name]; f != nil {
		err = f.Sync()
	} else {
		err = syncPath(path)
	}
	if err != nil || d.named[name] {
		return err
	}
	err = syncPath(filepath.Dir(path))
	d.named[name] = err == nil
	return err
}

func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func (d *dirFiles) Rename(from, to string) error {
	old, err := d.path(from)
	if err != nil {
		return err
	}
	name, err := d.path(to)
	if err != nil {
		return err
	}
	d.forget(from)
	d.forget(to)
	return os.Rename(old, name)
}

func (d *dirFiles) Remove(name string) error {
	path, err := d.path(name)
	if err != nil {
		return err
	}
	d.forget(name)
	return os.Remove(path)
}

func (d *dirFiles) Read(name string) ([]byte, error) {
	path, err := d.path(name)
	if err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}
