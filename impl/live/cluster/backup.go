package cluster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// backup copies the servers' snapshots and logs while they run, as
// administrators do: a log may end in the middle of a record, which a server
// that starts from it leaves out. With them goes how often masters and workers
// were started: identities carry that.
func (c *cluster) backup(to string) error {
	if _, err := os.Stat(to); !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("backup: %s is there already", to)
	}
	for _, s := range c.servers.Servers() {
		if err := copyTree(filepath.Join(s.Dir(), "data"), filepath.Join(to, serverName(s), "data")); err != nil {
			return fmt.Errorf("backup: %w", err)
		}
	}
	for _, m := range c.members {
		if err := copyFile(filepath.Join(m.Data, starts), filepath.Join(to, m.ID, starts)); err != nil {
			return fmt.Errorf("backup: %w", err)
		}
	}
	return nil
}

// restore lays a backup where a cluster looks for its data, if there is none.
func restore(from, data string) error {
	if _, err := os.Stat(filepath.Join(data, zookeeper)); !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("begin from %s: there is data in %s", from, data)
	}
	servers, err := filepath.Glob(filepath.Join(from, "z*", "data"))
	if err != nil || len(servers) == 0 {
		return fmt.Errorf("begin from %s: it holds no backup", from)
	}
	for _, dir := range servers {
		if err := copyTree(dir, filepath.Join(data, zookeeper, filepath.Base(filepath.Dir(dir)), "data")); err != nil {
			return err
		}
	}
	counts, err := filepath.Glob(filepath.Join(from, "*", starts))
	for _, file := range counts {
		err = errors.Join(err, copyFile(file, filepath.Join(data, filepath.Base(filepath.Dir(file)), starts)))
	}
	return err
}

// copyTree copies a directory. A file that goes away meanwhile is left out.
func copyTree(from, to string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	for _, e := range entries {
		a, b := filepath.Join(from, e.Name()), filepath.Join(to, e.Name())
		copied := copyFile
		if e.IsDir() {
			copied = copyTree
		}
		if err := copied(a, b); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

func copyFile(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o644)
}
