package timeline

import (
	"fmt"

	"github.com/simctl/simctl/model/trace"
)

// Events are the run's, column by column: a page holds thousands.
type events struct {
	Texts []string `json:"texts"` // each text once
	Kinds []string `json:"kinds"`
	Lanes []string `json:"lanes"`
	Step  []int64  `json:"step"` // each less the one before
	At    []int64  `json:"at"`   // likewise, nanoseconds
	Lane  []int    `json:"lane"` // which of Lanes
	Kind  []int    `json:"kind"`
	Text  []int    `json:"text"`
	All   int      `json:"all"` // how many the run has
}

// A column numbers texts.
type column struct {
	texts []string
	index map[string]int
}

func (c *column) of(s string) int {
	if c.index == nil {
		c.index = map[string]int{}
	}
	i, ok := c.index[s]
	if !ok {
		i = len(c.texts)
		c.index[s] = i
		c.texts = append(c.texts, s)
	}
	return i
}

// eventsOf keeps the events that a reader may look for, in at most size bytes.
func eventsOf(in *Input, w *windows, size int) events {
	var texts, kinds, lanes column
	var out events
	out.All = len(in.Events)
	words := make([]string, len(in.Events))
	for i := range in.Events {
		words[i] = clip(trace.Describe(&in.Events[i]), 500)
	}
	kept := w.keep(len(words), size, func(i int) int64 { return in.Events[i].At },
		func(i int) int { return 36 + quoted(words[i]) },
		func(i int) bool {
			return mainEvent(&in.Events[i]) || in.Events[i].Step > 0 && w.slice[in.Events[i].Step]
		})
	var step, at int64
	for i, ok := range kept {
		if !ok {
			continue
		}
		e := &in.Events[i]
		out.Step, step = append(out.Step, int64(e.Step)-step), int64(e.Step)
		out.At, at = append(out.At, e.At-at), e.At
		out.Lane = append(out.Lane, lanes.of(machineOf(e.Process)))
		out.Kind = append(out.Kind, kinds.of(string(e.Kind)))
		out.Text = append(out.Text, texts.of(words[i]))
	}
	out.Texts, out.Kinds, out.Lanes = orEmpty(texts.texts), orEmpty(kinds.texts), orEmpty(lanes.texts)
	return out
}

// mainEvent reports whether an event is part of every account of a run.
func mainEvent(e *trace.Event) bool {
	switch e.Kind {
	case trace.Elected, trace.State, trace.Fault, trace.Panicked, trace.HostLost, trace.KilledOff, trace.Healed, trace.Ended,
		trace.ServiceUp, trace.ServiceDown:
		return true
	}
	return false
}

// say tells what is not on the page.
func (m *model) say(in *Input) {
	if n := len(m.Events.Step); n < m.Events.All {
		m.Left = append(m.Left, fmt.Sprintf("%d of %d events (all are in events.ndjson)", m.Events.All-n, m.Events.All))
	}
	if n := len(m.Steps.N); n < m.Steps.All {
		m.Left = append(m.Left, fmt.Sprintf("%d of %d steps and their messages (all are in trace.ndjson); shaded where the messages are left out", m.Steps.All-n, m.Steps.All))
	}
	if in.Live {
		m.Left = append(m.Left, "messages: a live run records none")
	}
	m.Left = orEmpty(m.Left)
}
