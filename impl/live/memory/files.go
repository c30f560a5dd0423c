package memory

import (
	"io/fs"
	"slices"
	"strings"
	"sync"
)

// Files are the files of one process. They implement live.Files; nothing is
// lost when the process ends. The zero Files are empty.
type Files struct {
	mu    sync.Mutex
	files map[string][]byte
}

// Create implements live.Files.
func (f *Files) Create(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, ok := f.files[name]; ok {
		return &fs.PathError{Op: "create", Path: name, Err: fs.ErrExist}
	}
	if f.files == nil {
		f.files = map[string][]byte{}
	}
	f.files[name] = nil
	return nil
}

// List implements live.Files.
func (f *Files) List(dir string) ([]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	for name := range f.files {
		if in, ok := strings.CutPrefix(name, dir+"/"); ok && !strings.Contains(in, "/") {
			out = append(out, in)
		}
	}
	slices.Sort(out)
	return out, nil
}

// Append implements live.Files.
func (f *Files) Append(name string, data []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.files == nil {
		f.files = map[string][]byte{}
	}
	f.files[name] = append(f.files[name], data...)
	return nil
}

// Sync implements live.Files.
func (f *Files) Sync(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.exists("sync", name)
}

// Rename implements live.Files.
func (f *Files) Rename(from, to string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.exists("rename", from); err != nil {
		return err
	}
	f.files[to] = f.files[from]
	delete(f.files, from)
	return nil
}

// Remove implements live.Files.
func (f *Files) Remove(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.exists("remove", name); err != nil {
		return err
	}
	delete(f.files, name)
	return nil
}

// Read implements live.Files.
func (f *Files) Read(name string) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.exists("read", name); err != nil {
		return nil, err
	}
	return append([]byte(nil), f.files[name]...), nil
}

func (f *Files) exists(op, name string) error {
	if _, ok := f.files[name]; !ok {
		return &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
	}
	return nil
}
