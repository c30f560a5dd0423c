package reports

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/simctl/simctl/model/history"
	"github.com/simctl/simctl/model/trace"
)

// ReadBundle reads the directory that [WriteBundle] wrote. A missing, cut or
// changed file, or one of a newer format, is an error that names file, line
// and reason.
func ReadBundle(dir string) (*Bundle, error) {
	b, err := readBundle(dir)
	if err != nil {
		return nil, fmt.Errorf("read bundle %s: %w", dir, err)
	}
	return b, nil
}

func readBundle(dir string) (*Bundle, error) {
	run, err := readRun(dir)
	if err != nil {
		return nil, err
	}
	b := &Bundle{Run: *run}
	if b.Steps, err = readLines(dir, "trace.ndjson", run, trace.ReadLines[trace.Step]); err != nil {
		return nil, err
	}
	if b.Events, err = readLines(dir, "events.ndjson", run, trace.ReadLines[trace.Event]); err != nil {
		return nil, err
	}
	if b.History, err = readLines(dir, "history.ndjson", run, history.Read); err != nil {
		return nil, err
	}
	data, err := readFile(dir, "findings.json", run)
	if err != nil {
		return nil, err
	}
	return b, decode("findings.json", data, &b.Findings)
}

// ReadRun reads run.json of the bundle dir alone.
func ReadRun(dir string) (*RunFile, error) {
	run, err := readRun(dir)
	if err != nil {
		return nil, fmt.Errorf("read bundle %s: %w", dir, err)
	}
	return run, nil
}

func readRun(dir string) (*RunFile, error) {
	data, err := os.ReadFile(filepath.Join(dir, "run.json"))
	if err != nil {
		return nil, missing("run.json", err)
	}
	var head struct {
		Schema string `json:"schema"`
	}
	if err := decode("run.json", data, &head); err != nil {
		return nil, err
	}
	if err := checkSchema(head.Schema); err != nil {
		return nil, fmt.Errorf("run.json: line %d: %w", lineOf(data, bytes.Index(data, []byte(`"schema"`))), err)
	}
	run := &RunFile{}
	if err := decode("run.json", data, run); err != nil {
		return nil, err
	}
	if run.Kind != SimBundle && run.Kind != SoakBundle && (run.Kind != ExploreBundle || run.Explored == nil) {
		return nil, fmt.Errorf("run.json: line %d: unknown kind %q", lineOf(data, bytes.Index(data, []byte(`"kind"`))), run.Kind)
	}
	return run, nil
}

func checkSchema(got string) error {
	if got == BundleSchema {
		return nil
	}
	prefix := strings.TrimRight(BundleSchema, "0123456789")
	version, ours := strings.CutPrefix(got, prefix)
	if n, err := strconv.Atoi(version); ours && err == nil && n > 1 {
		return fmt.Errorf("the format %s is newer than this build reads (%s)", got, BundleSchema)
	}
	return fmt.Errorf("the schema is %q, not %s: this is no bundle", got, BundleSchema)
}

func missing(name string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: no such file", name)
	}
	return fmt.Errorf("%s: %w", name, plain(err))
}

// decode reads JSON and names the line of what is wrong.
func decode(name string, data []byte, into any) error {
	err := json.Unmarshal(data, into)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &syntax) && int(syntax.Offset) >= len(data):
		return fmt.Errorf("%s: line %d: truncated: %w", name, lineOf(data, len(data)), err)
	case errors.As(err, &syntax):
		return fmt.Errorf("%s: line %d: %w", name, lineOf(data, int(syntax.Offset)), err)
	case errors.As(err, &kind):
		return fmt.Errorf("%s: line %d: %s is a %s", name, lineOf(data, int(kind.Offset)), kind.Field, kind.Value)
	}
	return fmt.Errorf("%s: line 1: %w", name, err)
}

func lineOf(data []byte, offset int) int {
	return 1 + bytes.Count(data[:max(0, min(offset, len(data)))], []byte{'\n'})
}

func readLines[L any](dir, name string, run *RunFile, read func(string, io.Reader) (L, error)) (L, error) {
	var none L
	data, err := readFile(dir, name, run)
	if err != nil {
		return none, err
	}
	return read(name, bytes.NewReader(data))
}

// readFile returns a file of the bundle and holds it against what run.json
// says of it.
func readFile(dir, name string, run *RunFile) ([]byte, error) {
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return nil, missing(name, err)
	}
	want, ok := run.Files[name]
	got := fileInfo(data)
	switch {
	case !ok:
		return nil, fmt.Errorf("run.json: line 1: says nothing of %s", name)
	case got.Lines < want.Lines:
		return nil, fmt.Errorf("%s: line %d: truncated: %d of %d lines are there", name, got.Lines+1, got.Lines, want.Lines)
	case got != want:
		return nil, fmt.Errorf("%s: line %d: changed since it was written: %s", name, firstBad(data), "its sum is another")
	}
	return data, nil
}

// firstBad guesses which line of a changed file is meant: the first that is
// no JSON, or the last.
func firstBad(data []byte) int {
	n := 0
	for line := range bytes.Lines(data) {
		n++
		if !json.Valid(line) {
			return n
		}
	}
	return max(n, 1)
}
