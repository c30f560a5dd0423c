package trouble

import (
	"slices"
	"time"
)

// A Sheet is what several faults do to one machine at once: what each begins it
// takes back alone. Every method writes the machine's file anew.
type Sheet struct {
	file  string
	state State
	full  int // faults that fill the disk
	ids   int
}

// NewSheet makes the sheet of a machine that is well. Nothing is written yet.
func NewSheet(file string) *Sheet { return &Sheet{file: file} }

func (s *Sheet) write() error { return s.state.Write(s.file) }

// Fill fills the disk, or undoes one Fill.
func (s *Sheet) Fill(begins bool) error {
	if begins {
		s.full++
	} else {
		s.full--
	}
	s.state.Full = s.full > 0
	return s.write()
}

// Slow adds to what each call of the disk takes; a negative duration takes that
// back.
func (s *Sheet) Slow(by time.Duration) error {
	s.state.Slow = max(0, s.state.Slow+by)
	return s.write()
}

// Cut cuts a session off, or undoes one Cut.
func (s *Sheet) Cut(what string, begins bool) error {
	s.state.Cuts = change(s.state.Cuts, begins, what, func(c string) bool { return c == what })
	return s.write()
}

// Delay lets operations be late, or undoes one Delay.
func (s *Sheet) Delay(what string, by time.Duration, begins bool) error {
	l := Late{what, by}
	s.state.Late = change(s.state.Late, begins, l, func(o Late) bool { return o == l })
	return s.write()
}

// Lose lets the answers to the next n operations be lost, or undoes one Lose.
func (s *Sheet) Lose(what string, n int, begins bool) error {
	s.ids++
	s.state.Lost = change(s.state.Lost, begins, Lost{s.ids, what, n}, func(o Lost) bool { return o.What == what && o.N == n })
	return s.write()
}

// Strike lets an incarnation of a process make so many more outputs and stand
// still then.
func (s *Sheet) Strike(process string, inc uint32, after int) error {
	s.ids++
	s.state.Strike = Strike{s.ids, process, inc, after}
	return s.write()
}

// Spare takes a strike back that has not been carried out.
func (s *Sheet) Spare() error {
	s.state.Strike = Strike{}
	return s.write()
}

// change adds one to a list, or takes the first such one away.
func change[T any](list []T, begins bool, one T, is func(T) bool) []T {
	if begins {
		return append(list, one)
	}
	if i := slices.IndexFunc(list, is); i >= 0 {
		return slices.Delete(list, i, i+1)
	}
	return list
}
