package live

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/simctl/simctl/impl/host"
)

// A disk carries out file operations one after another, in the order asked.
type disk struct {
	mu   sync.Mutex
	jobs []func()
	more chan struct{}
	end  bool
}

func (h *Host) startDisk() *disk {
	if h.disk == nil {
		h.disk = &disk{more: make(chan struct{}, 1)}
		h.others.Add(1)
		go func() {
			defer h.others.Done()
			h.disk.run()
		}()
	}
	return h.disk
}

func (d *disk) run() {
	for {
		d.mu.Lock()
		jobs, end := d.jobs, d.end
		d.jobs = nil
		d.mu.Unlock()
		for _, f := range jobs {
			f()
		}
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
		return "not exist"
	default:
		return err.Error()
	}
}

// AppendFile appends data to a file, which is made if it is missing.
func (h *Host) AppendFile(name string, data []byte, c host.Call) {
	data = append([]byte(nil), data...)
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

// dirFiles are the files below a directory.
type dirFiles string

// path is the file called name, which must be below the directory.
func (dir dirFiles) path(name string) (string, error) {
	if dir == "" {
		return "", errors.New("this process has no data directory")
	}
	if !filepath.IsLocal(name) {
		return "", fmt.Errorf("file name %q leaves the data directory", name)
	}
	return filepath.Join(string(dir), name), nil
}

func (dir dirFiles) Append(name string, data []byte) error {
	path, err := dir.path(name)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}

func (dir dirFiles) Sync(name string) error {
	path, err := dir.path(name)
	if err != nil {
		return err
	}
	if err := syncPath(path); err != nil {
		return err
	}
	return syncPath(filepath.Dir(path))
}

func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func (dir dirFiles) Rename(from, to string) error {
	old, err := dir.path(from)
	if err != nil {
		return err
	}
	name, err := dir.path(to)
	if err != nil {
		return err
	}
	return os.Rename(old, name)
}

func (dir dirFiles) Remove(name string) error {
	path, err := dir.path(name)
	if err != nil {
		return err
	}
	return os.Remove(path)
}

func (dir dirFiles) Read(name string) ([]byte, error) {
	path, err := dir.path(name)
	if err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}
