package exploration

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/model/coverage"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/scenarios/guided"
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
	last  uint64          // state
	begun map[uint64]bool // states before the initial one
}

// Abstract is an abstract state, or a way from one to another.
type Abstract struct {
	ID    string `json:"id"`             // hexadecimal, as model/coverage numbers it
	From  string `json:"from,omitempty"` // of a way: the state before
	To    string `json:"to,omitempty"`
	Words string `json:"words"`
}

// A Header is the first line of a file: what was explored.
type Header struct {
	Schema string            `json:"schema"`
	System string            `json:"system"`
	Policy string            `json:"policy"`
	Bounds map[string]string `json:"bounds"`
	States int               `json:"states"`
	Ways   int               `json:"ways"`
	// Complete: these are all, within the bounds.
	Complete bool `json:"complete"`
}

// beside has the monitors watched beside the others of a system.
func (s *Seen) beside(news func() []space.Monitor) func() []space.Monitor {
	return func() []space.Monitor { return append(news(), &watcher{seen: s, at: &coverage.Follower{}}) }
}

// begin has all that was seen so far be what comes before the initial state, but
// for the last; once.
func (s *Seen) begin() {
	if s.begun != nil {
		return
	}
	s.begun = map[uint64]bool{}
	for id := range s.words {
		s.begun[id] = id != s.last
	}
}

func (s *Seen) add(w coverage.Way, words func() string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.words == nil {
		s.words, s.ways = map[uint64]string{}, map[coverage.Way]bool{}
	}
	if _, known := s.words[w.To]; !known {
		s.words[w.To] = words()
	}
	if s.last = w.To; w.From != 0 {
		s.ways[w] = true
	}
}

// All lists what was seen: states first, then ways.
func (s *Seen) All() []Abstract {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Abstract
	for _, id := range slices.Sorted(maps.Keys(s.words)) {
		if !s.begun[id] {
			out = append(out, Abstract{ID: hex(id), Words: s.words[id]})
		}
	}
	for _, w := range slices.SortedFunc(maps.Keys(s.ways), func(a, b coverage.Way) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	}) {
		if s.begun[w.From] || s.begun[w.To] {
			continue
		}
		out = append(out, Abstract{ID: hex(w.ID()), From: hex(w.From), To: hex(w.To), Words: s.words[w.From] + "  =>  " + s.words[w.To]})
	}
	return out
}

func hex(x uint64) string { return fmt.Sprintf("%016x", x) }

// Header is that of a file of what the search saw.
func (l *Line) Header() Header {
	return Header{System: l.System, Policy: l.Policy, Bounds: l.Bounds, Complete: l.Complete}
}

// WriteSeen writes states and ways.
func WriteSeen(w io.Writer, h Header, all []Abstract) error {
	h.Schema, h.States, h.Ways = CoverageSchema, 0, 0
	for i := range all {
		if all[i].From == "" {
			h.States++
		} else {
			h.Ways++
		}
	}
	if err := trace.WriteLines(w, []Header{h}); err != nil {
		return err
	}
	return trace.WriteLines(w, all)
}

// Targets are the states and ways of a file as what guided runs are to look for;
// none of no file.
func Targets(name string) (list []guided.Target, err error) {
	if name == "" {
		return nil, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	_, all, err := ReadSeen(name, f)
	if err != nil {
		return nil, err
	}
	return targets(all), nil
}

func targets(all []Abstract) (list []guided.Target) {
	for _, a := range all {
		list = append(list, guided.Target{From: number(a.From), ID: number(a.ID)})
	}
	return list
}

// number reads what hex wrote; 0 of nothing.
func number(text string) uint64 {
	n, _ := strconv.ParseUint(text, 16, 64) // it was looked at when it was read
	return n
}

// ReadSeen reads what WriteSeen wrote. Name is the file's, for errors.
func ReadSeen(name string, r io.Reader) (h Header, all []Abstract, err error) {
	lines, err := trace.ReadLines[json.RawMessage](name, r)
	if err != nil {
		return h, nil, err
	}
	if len(lines) == 0 || json.Unmarshal(lines[0], &h) != nil || h.Schema != CoverageSchema {
		return h, nil, fmt.Errorf("%s: line 1: want %s", name, CoverageSchema)
	}
	for i, text := range lines[1:] {
		var a Abstract
		if err := json.Unmarshal(text, &a); err != nil || len(a.ID) != 16 || len(a.From)%16 != 0 || strings.Trim(a.ID+a.From, "0123456789abcdef") != "" {
			return h, nil, fmt.Errorf("%s: line %d: no state and no way", name, i+2)
		}
		all = append(all, a)
	}
	return h, all, nil
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
