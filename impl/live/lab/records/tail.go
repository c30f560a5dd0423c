package records

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/simctl/simctl/impl/live"
)

// A Tail follows a record file while processes append to it.
type Tail struct {
	Name string   // of the file, which need not be there yet
	f    *os.File // nil before the file is there
	rest []byte   // the beginning of a line whose end is not written yet
	line int
}

// Read returns the records that were appended since the last call.
func (t *Tail) Read() ([]live.Record, error) {
	if t.f == nil {
		f, err := os.Open(t.Name)
		if errors.Is(err, os.ErrNotExist) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("follow records: %w", err)
		}
		t.f = f
	}
	more, err := io.ReadAll(t.f)
	if err != nil {
		return nil, fmt.Errorf("follow records: %w", err)
	}
	if len(more) == 0 {
		return nil, nil
	}
	text := append(t.rest, more...)
	var out []live.Record
	for {
		line, rest, whole := bytes.Cut(text, []byte("\n"))
		if !whole {
			t.rest = bytes.Clone(text)
			return out, nil
		}
		text = rest
		t.line++
		var r live.Record
		if err := json.Unmarshal(line, &r); err != nil {
			return nil, fmt.Errorf("follow records: %s:%d: %w", t.Name, t.line, err)
		}
		if r.Process == "" || r.Event == "" {
			return nil, fmt.Errorf("follow records: %s:%d: a record needs a process and an event", t.Name, t.line)
		}
		out = append(out, r)
	}
}

// Close closes the file.
func (t *Tail) Close() {
	if t.f != nil {
		t.f.Close()
	}
}
