package reports

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/simctl/simctl/model/history"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/scenarios"
)

// WriteBundle writes b as the directory dir: run.json, trace.ndjson,
// events.ndjson, history.ndjson, findings.json, timeline.html, REPRODUCE and
// whatever more is given, as name and content. It is made beside dir and
// renamed into place, so that dir is never half-written; a bundle that is
// there already is replaced, anything else that is there is an error.
func WriteBundle(dir string, b *Bundle, more map[string][]byte) error {
	if err := writeBundle(filepath.Clean(dir), b, more); err != nil {
		return fmt.Errorf("write bundle %s: %w", dir, err)
	}
	return nil
}

func writeBundle(dir string, b *Bundle, more map[string][]byte) error {
	if err := checkReplaceable(dir); err != nil {
		return err
	}
	files, err := bundleFiles(b)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(more)) {
		if _, ok := files[name]; ok || filepath.Base(name) != name {
			return fmt.Errorf("no further file can be called %q", name)
		}
		files[name] = more[name]
	}
	parent := filepath.Dir(dir)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(parent, "."+filepath.Base(dir)+".new-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	if err := os.Chmod(tmp, 0o755); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		mode := fs.FileMode(0o644)
		if name == "REPRODUCE" {
			mode = 0o755
		}
		if err := os.WriteFile(filepath.Join(tmp, name), files[name], mode); err != nil {
			return fmt.Errorf("%s: %w", name, plain(err))
		}
	}
	return replace(tmp, dir)
}

// plain drops the name of the temporary file from an error: it is gone when
// the error is read.
func plain(err error) error {
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		return p.Err
	}
	return err
}

// checkReplaceable refuses a dir that holds something that is no bundle.
func checkReplaceable(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case len(entries) == 0:
		return nil
	}
	if _, err := os.Stat(filepath.Join(dir, "run.json")); err != nil {
		return errors.New("the directory is there and is no bundle; it is left alone")
	}
	return nil
}

// replace renames tmp to dir. A bundle that stands there is put aside first
// and put back if the new one cannot take its place.
func replace(tmp, dir string) error {
	old := tmp + ".old"
	switch err := os.Rename(dir, old); {
	case errors.Is(err, fs.ErrNotExist):
		return os.Rename(tmp, dir)
	case err != nil:
		return err
	}
	if err := os.Rename(tmp, dir); err != nil {
		return errors.Join(err, os.Rename(old, dir))
	}
	return os.RemoveAll(old)
}

// bundleFiles makes every file of the bundle, in memory.
func bundleFiles(b *Bundle) (map[string][]byte, error) {
	run := b.Run
	run.Schema = BundleSchema
	run.Files = map[string]FileInfo{}
	files := map[string][]byte{}
	for _, f := range []struct {
		name  string
		write func(w *bytes.Buffer) error
	}{
		{"trace.ndjson", func(w *bytes.Buffer) error { return trace.WriteLines(w, b.Steps) }},
		{"events.ndjson", func(w *bytes.Buffer) error { return trace.WriteLines(w, b.Events) }},
		{"history.ndjson", func(w *bytes.Buffer) error { return history.Write(w, b.History) }},
		{"findings.json", func(w *bytes.Buffer) error { return writeJSON(w, orEmpty(b.Findings), " ") }},
	} {
		var w bytes.Buffer
		if err := f.write(&w); err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
		files[f.name] = w.Bytes()
		run.Files[f.name] = fileInfo(w.Bytes())
	}
	run.Overrides, run.Failovers, run.Checkpoints = orEmpty(run.Overrides), orEmpty(run.Failovers), orEmpty(run.Checkpoints)
	if run.Config == nil {
		run.Config = map[string]string{}
	}
	var w bytes.Buffer
	if err := writeJSON(&w, run, " "); err != nil {
		return nil, fmt.Errorf("run.json: %w", err)
	}
	files["run.json"] = w.Bytes()
	html, err := Timeline(b)
	if err != nil {
		return nil, err
	}
	files["timeline.html"] = html
	files["REPRODUCE"] = []byte(reproduce(&run))
	return files, nil
}

func fileInfo(data []byte) FileInfo {
	sum := sha256.Sum256(data)
	return FileInfo{Lines: bytes.Count(data, []byte{'\n'}), SHA256: hex.EncodeToString(sum[:])}
}

// reproduce is a script, so that one command works wherever the bundle is.
func reproduce(r *RunFile) string {
	if r.Kind == SoakBundle {
		return "#!/bin/sh\n# A live run cannot be repeated, but it can be judged again.\n" +
			"exec simctl check \"$(dirname \"$0\")\" \"$@\"\n"
	}
	if r.Kind == ExploreBundle {
		return "#!/bin/sh\n# The same path, action by action.\nexec simctl replay \"$(dirname \"$0\")\" \"$@\"\n"
	}
	seed := "\n# From the seed: " + Command(r)
	if _, err := scenarios.Lookup(r.Name); err != nil {
		seed = "" // nobody else has its scenario
	}
	return "#!/bin/sh\n# The recorded schedule, again: step for step the same run." + seed +
		"\nexec simctl replay \"$(dirname \"$0\")\" \"$@\"\n"
}

// Command is the command line that makes the run again from its seed.
func Command(r *RunFile) string {
	text := fmt.Sprintf("simctl run %s --seed=%d --policy=%s", r.Name, r.Seed, r.Policy)
	if r.Grain != "" {
		text += " --zk-grain=" + r.Grain
	}
	if r.ZKClient != "" && r.ZKClient != "go-zookeeper" {
		text += " --zk-client=" + r.ZKClient
	}
	if r.Strategy != "" {
		text += " --strategy=" + r.Strategy
	}
	if ss, err := scenarios.Lookup(r.Name); err == nil && len(ss) == 1 && ss[0].Timers != "" && r.Timers.Name != "" && ss[0].Timers != r.Timers.Name {
		text += " --timers=" + string(r.Timers.Name)
	}
	for _, key := range slices.Sorted(maps.Keys(r.Config)) {
		text += " --conf " + key + "=" + r.Config[key]
	}
	return text
}
