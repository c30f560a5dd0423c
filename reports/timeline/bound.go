package timeline

import (
	"cmp"
	"fmt"
	"slices"
)

// A place is where a bar stands: which row, which bar of it.
type place struct{ row, i int }

// bound drops bars until those that are left take at most size bytes, and says
// how many. Faults and bands are kept before other bars, and those around
// violations before all; what is dropped of a row leaves a bar that says so.
func (m *model) bound(w *windows, size int) {
	rows, all := []*[]bar{&m.Faults}, []place{}
	bands := map[int]bool{0: true}
	for i := range m.Lanes {
		m.Lanes[i].trim()
		for j := range m.Lanes[i].Rows {
			r := &m.Lanes[i].Rows[j]
			bands[len(rows)] = r.Kind == "band"
			rows = append(rows, &r.Bars)
		}
	}
	total := 40 * len(rows)
	for r, bars := range rows {
		for i := range *bars {
			all = append(all, place{r, i})
			total += (*bars)[i].bytes()
		}
	}
	if total <= size {
		return
	}
	at := func(i int) *bar { return &(*rows[all[i].row])[all[i].i] }
	slices.SortStableFunc(all, func(a, b place) int { return cmp.Compare((*rows[a.row])[a.i].From, (*rows[b.row])[b.i].From) })
	kept := w.keep(len(all), size*3/4, func(i int) int64 { return at(i).From }, func(i int) int { return at(i).bytes() },
		func(i int) bool { return at(i).Bad || bands[all[i].row] })
	left := 0
	out := make([][]bar, len(rows))
	for i, ok := range kept {
		b, row := *at(i), &out[all[i].row]
		if ok {
			*row = append(*row, b)
			continue
		}
		left++
		if n := len(*row); n > 0 && (*row)[n-1].Class == "gap" {
			(*row)[n-1].To = max((*row)[n-1].To, b.To)
			continue
		}
		*row = append(*row, bar{From: b.From, To: b.To, Class: "gap", Label: "left out", Title: "what stands here is not on this page"})
	}
	for r := range rows {
		*rows[r] = orEmpty(out[r])
	}
	m.Left = append(m.Left, fmt.Sprintf("%d bars of lanes", left))
}

// quoted is at least how long a text is as JSON inside of HTML, in bytes.
func quoted(s string) (n int) {
	for i := range len(s) {
		switch c := s[i]; {
		case c < ' ' || c == '<' || c == '>' || c == '&' || c >= 0x80:
			n += 6
		case c == '"' || c == '\\':
			n += 2
		default:
			n++
		}
	}
	return n
}

// bytes is at least how long a bar is as JSON.
func (b *bar) bytes() int {
	n := 90 + quoted(b.Label) + quoted(b.Title) + len(b.Class) + quoted(b.Key)
	for _, on := range b.On {
		n += len(on) + 3
	}
	return n
}
