package timeline

import (
	"cmp"
	"slices"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/reports/why"
)

// marks are the violations, each where it happened; without a step, at the end.
func (m *model) marks(in *Input) {
	m.Marks = []mark{}
	for _, f := range in.Findings {
		if f.Verdict != checker.Violation {
			continue
		}
		k := mark{At: m.End, Step: f.Step, Property: f.Property, Detail: clip(f.Detail, 2000)}
		if i := slices.IndexFunc(in.Events, func(e trace.Event) bool { return e.Step == f.Step }); f.Step > 0 && i >= 0 {
			k.At, k.Lane = in.Events[i].At, machineOf(in.Events[i].Process)
		}
		if s := stepAt(in.Steps, f.Step); s != nil {
			k.At, k.Lane = s.At, machineOf(s.Actor)
		}
		m.Marks = append(m.Marks, k)
	}
	slices.SortStableFunc(m.Marks, func(a, b mark) int { return cmp.Compare(a.At, b.At) })
}

// stepAt finds a step by its number, nil if it is not there.
func stepAt(steps []trace.Step, n uint64) *trace.Step {
	i, ok := slices.BinarySearchFunc(steps, n, func(s trace.Step, n uint64) int { return cmp.Compare(s.N, n) })
	if !ok {
		return nil
	}
	return &steps[i]
}

// comesOf finds the steps that the first violation comes of. That takes a whole
// trace, from step 1.
func (m *model) comesOf(in *Input) *why.Slice {
	m.Slice, m.Edges = []uint64{}, []edge{}
	for i := range in.Steps {
		if in.Steps[i].N != uint64(i+1) || in.Steps[i].Cause >= in.Steps[i].N {
			return nil
		}
	}
	if len(m.Marks) == 0 || m.Marks[0].Step == 0 || stepAt(in.Steps, m.Marks[0].Step) == nil {
		return nil
	}
	k := &m.Marks[0]
	slice := why.Of(in.Steps, in.Events, checker.Finding{Property: k.Property, Verdict: checker.Violation, Step: k.Step, Detail: k.Detail})
	for i := range slice.Nodes {
		n := &slice.Nodes[i]
		m.Slice = append(m.Slice, n.Step.N)
		for _, back := range n.Back {
			m.Edges = append(m.Edges, edge{n.Step.N, back.Step, string(back.How)})
		}
	}
	return slice
}

// firstView is what is worth seeing first: from the fault before the first
// violation to behind it, or the whole run.
func (m *model) firstView() span {
	if len(m.Marks) == 0 || m.Marks[0].Step == 0 {
		return span{0, m.End}
	}
	at := m.Marks[0].At
	from := int64(0)
	for _, f := range m.Faults {
		if f.From < at {
			from = f.From
		}
	}
	room := max((at-from)/6, 1_000_000)
	return span{max(0, from-room), min(m.End, at+room)}
}

// A window is a stretch that must be kept before others.
type window struct {
	span
	focus int64 // what is nearest to it is kept first
}

// windows say what to keep of a run that is too long for a page, the most
// important first.
type windows struct {
	all    []window
	broken int // how many of them, at the beginning, are around violations
	slice  map[uint64]bool
}

// windowsOf are the stretches around violations, then those around failovers,
// then those around faults.
func windowsOf(in *Input, m *model) *windows {
	const second = int64(1_000_000_000)
	w := &windows{slice: map[uint64]bool{}}
	for _, n := range m.Slice {
		w.slice[n] = true
	}
	for _, k := range m.Marks {
		w.all = append(w.all, window{span{k.At - 30*second, k.At + 2*second}, k.At})
	}
	w.broken = len(w.all)
	for i := range in.Events {
		e := &in.Events[i]
		if e.Kind == trace.Elected && e.Term > 1 {
			w.all = append(w.all, window{span{e.At - 10*second, e.At + 5*second}, e.At})
		}
	}
	for _, f := range m.Faults {
		w.all = append(w.all, window{span{f.From - second, f.From + 5*second}, f.From})
	}
	if len(w.all) > maxWindows {
		w.all = w.all[:maxWindows]
	}
	return w
}

const maxWindows = 500

// rank says how important a moment is: the number of its first window, and how
// far it is from that window's focus. Less is more.
func (w *windows) rank(at int64) (int, int64) {
	for i := range w.all {
		if x := &w.all[i]; x.span[0] <= at && at <= x.span[1] {
			return i, max(at-x.focus, x.focus-at)
		}
	}
	return len(w.all), at
}

// chunk is how many items are kept or left out together, so that a stretch is
// either whole or not there.
const chunk = 64

// keep decides which of n items, in the order of time, are kept within a budget
// of bytes: whole chunks of them, the most important first. Half of the budget
// may go to the stretches around violations; then come those that must be kept,
// and then all others.
func (w *windows) keep(n, budget int, at func(int) int64, size func(int) int, must func(int) bool) []bool {
	kept := make([]bool, n)
	take := func(i int) bool {
		if kept[i] {
			return true
		}
		if budget -= size(i); budget < 0 {
			return false
		}
		kept[i] = true
		return true
	}
	// all takes a chunk, or nothing of it.
	all := func(p part) bool {
		was := slices.Clone(kept[p.first:min(p.first+chunk, n)])
		for i := p.first; i < min(p.first+chunk, n); i++ {
			if !take(i) {
				copy(kept[p.first:], was)
				return false
			}
		}
		return true
	}
	parts, half := w.parts(n, at), budget/2
	for len(parts) > 0 && parts[0].rank < w.broken && budget > half && all(parts[0]) {
		parts = parts[1:]
	}
	for i := range n {
		if must(i) && !take(i) {
			return kept
		}
	}
	for _, p := range parts {
		if !all(p) {
			break
		}
	}
	return kept
}

// A part is a chunk of items and how important it is.
type part struct {
	first, rank int
	far         int64
}

// parts are the chunks of n items, the most important first.
func (w *windows) parts(n int, at func(int) int64) []part {
	var parts []part
	for i := 0; i < n; i += chunk {
		p := part{first: i}
		p.rank, p.far = w.rank(at(min(i+chunk/2, n-1)))
		parts = append(parts, p)
	}
	slices.SortFunc(parts, func(a, b part) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.far, b.far), cmp.Compare(a.first, b.first))
	})
	return parts
}

// clip shortens a text, on the boundary of a character.
func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && s[most]&0xc0 == 0x80 {
		most--
	}
	return s[:most] + " ..."
}
