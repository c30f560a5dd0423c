// Package dir is the disk of a real process: files below one directory.
package dir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Files are the files below a directory. Those that were appended to stay
// open. It is used by one goroutine.
type Files struct {
	dir    string
	noSync bool
	open   map[string]*os.File
	named  map[string]bool // the files since whose sync no directory has changed
}

// New returns the files below a directory, which need not be there; without one
// every call fails. With noSync a Sync does nothing.
func New(dir string, noSync bool) *Files {
	return &Files{dir, noSync, map[string]*os.File{}, map[string]bool{}}
}

// path is the file called name, which must be below the directory.
func (d *Files) path(name string) (string, error) {
	if d.dir == "" {
		return "", errors.New("this process has no data directory")
	}
	if !filepath.IsLocal(name) {
		return "", fmt.Errorf("file name %q leaves the data directory", name)
	}
	return filepath.Join(d.dir, name), nil
}

// Append appends to a file, which it makes if it is missing.
func (d *Files) Append(name string, data []byte) error {
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

// Create makes an empty file; one that is there is an fs.ErrExist.
func (d *Files) Create(name string) error {
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

// List returns the names of the files in a directory, in order.
func (d *Files) List(dir string) ([]string, error) {
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
func (d *Files) forget(name string) {
	clear(d.named)
	if f := d.open[name]; f != nil {
		f.Close()
		delete(d.open, name)
	}
}

// Close closes what is open.
func (d *Files) Close() error {
	for _, f := range d.open {
		f.Close()
	}
	return nil
}

// Sync makes a file survive a crash of the machine, and what was created,
// renamed and removed in its directory.
func (d *Files) Sync(name string) error {
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

// Rename replaces what had the new name.
func (d *Files) Rename(from, to string) error {
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

// Remove removes a file.
func (d *Files) Remove(name string) error {
	path, err := d.path(name)
	if err != nil {
		return err
	}
	d.forget(name)
	return os.Remove(path)
}

// Read reads a whole file.
func (d *Files) Read(name string) ([]byte, error) {
	path, err := d.path(name)
	if err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}
