package exploration

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/model/coverage"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/sim/space"
)

// CoverageSchema is that of a file of abstract states.
const CoverageSchema = "simctl/coverage/v1"

// Seen collects the abstract states that explored worlds go through, and the ways
// between them: what model/coverage tells of random runs, and so what these can be
// measured by. What came before the initial state does not count. The zero Seen
// has seen nothing.
type Seen struct {
	mu    sync.Mutex
	words map[uint64]string
	ways  map[coverage.Way]bool
}

// Abstract is an abstract state, or a way from one to another.
type Abstract struct {
	ID    string `json:"id"`             // hexadecimal, as model/coverage numbers it
	From  string `json:"from,omitempty"` // of a way: the state before
	To    string `json:"to,omitempty"`
	Words string `json:"words"`
}

// header is the first line of a file.
type header struct {
	Schema string            `json:"schema"`
	System string            `json:"system"`
	Policy string            `json:"policy"`
	Bounds map[string]string `json:"bounds"`
	States int               `json:"states"`
	Ways   int               `json:"ways"`
}

// beside has the monitors watched beside the others of a system.
func (s *Seen) beside(news func() []space.Monitor) func() []space.Monitor {
	return func() []space.Monitor { return append(news(), &watcher{seen: s, at: &coverage.Follower{}}) }
}

// forget drops what was seen so far: the beginnings of runs.
func (s *Seen) forget() { s.words, s.ways = nil, nil }

func (s *Seen) add(w coverage.Way, words func() string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.words == nil {
		s.words, s.ways = map[uint64]string{}, map[coverage.Way]bool{}
	}
	if _, known := s.words[w.To]; !known {
		s.words[w.To] = words()
	}
	if w.From != 0 {
		s.ways[w] = true
	}
}

// All lists what was seen: states first, then ways.
func (s *Seen) All() []Abstract {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Abstract
	for _, id := range slices.Sorted(maps.Keys(s.words)) {
		out = append(out, Abstract{ID: hex(id), Words: s.words[id]})
	}
	for _, w := range slices.SortedFunc(maps.Keys(s.ways), func(a, b coverage.Way) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	}) {
		if s.words[w.From] == "" {
			continue // from what came before the initial state
		}
		out = append(out, Abstract{ID: hex(w.ID()), From: hex(w.From), To: hex(w.To), Words: s.words[w.From] + "  =>  " + s.words[w.To]})
	}
	return out
}

func hex(x uint64) string { return fmt.Sprintf("%016x", x) }

// WriteSeen writes what a search saw.
func WriteSeen(w io.Writer, l *Line, all []Abstract) error {
	h := header{Schema: CoverageSchema, System: l.System, Policy: l.Policy, Bounds: l.Bounds}
	for i := range all {
		if all[i].From == "" {
			h.States++
		} else {
			h.Ways++
		}
	}
	if err := trace.WriteLines(w, []header{h}); err != nil {
		return err
	}
	return trace.WriteLines(w, all)
}

// ReadSeen reads what WriteSeen wrote, and returns the bounds of what was explored.
// Name is the file's, for errors.
func ReadSeen(name string, r io.Reader) (bounds map[string]string, all []Abstract, err error) {
	lines, err := trace.ReadLines[json.RawMessage](name, r)
	if err != nil {
		return nil, nil, err
	}
	var h header
	if len(lines) == 0 || json.Unmarshal(lines[0], &h) != nil || h.Schema != CoverageSchema {
		return nil, nil, fmt.Errorf("%s: line 1: want %s", name, CoverageSchema)
	}
	for i, text := range lines[1:] {
		var a Abstract
		if err := json.Unmarshal(text, &a); err != nil || len(a.ID) != 16 || strings.Trim(a.ID, "0123456789abcdef") != "" {
			return nil, nil, fmt.Errorf("%s: line %d: no state and no way", name, i+2)
		}
		all = append(all, a)
	}
	return h.Bounds, all, nil
}

// watcher is a follower of one path as a monitor that never complains.
type watcher struct {
	seen *Seen
	at   *coverage.Follower
}

// Observe implements space.Monitor.
func (w *watcher) Observe(e *trace.Event) {
	if way, moved := w.at.Observe(e); moved {
		w.seen.add(way, w.at.Words)
	}
}

// Clone implements space.Monitor.
func (w *watcher) Clone() space.Monitor { return &watcher{w.seen, w.at.Clone()} }

// Digest implements space.Monitor: nothing is judged by it.
func (w *watcher) Digest(*host.Digest, int64) {}

// Broken implements space.Monitor.
func (w *watcher) Broken() (property, detail string) { return "", "" }
