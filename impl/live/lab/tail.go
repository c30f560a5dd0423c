package lab

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/simctl/simctl/impl/live"
)

// A tail follows a record file while processes append to it.
type tail struct {
	name string
	f    *os.File // nil before the file is there
	rest []byte   // the beginning of a line whose end is not written yet
	line int
}

// read returns the records that were appended since the last call.
func (t *tail) read() ([]live.Record, error) {
	if t.f == nil {
		f, err := os.Open(t.name)
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
			return nil, fmt.Errorf("follow records: %s:%d: %w", t.name, t.line, err)
		}
		if r.Process == "" || r.Event == "" {
			return nil, fmt.Errorf("follow records: %s:%d: a record needs a process and an event", t.name, t.line)
		}
		out = append(out, r)
	}
}

func (t *tail) close() {
	if t.f != nil {
		t.f.Close()
	}
}
