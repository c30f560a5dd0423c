package suite_test

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/trace"
)

// scripts returns the runs of a property's scripts, as exact ones without an end.
func scripts(t *testing.T, property string) (runs [][]trace.Event) {
	datadriven.RunTest(t, filepath.Join("testdata", property+".txt"), func(_ *testing.T, d *datadriven.TestData) string {
		events, err := trace.ParseEvents(d.Input)
		if err != nil {
			return d.Expected
		}
		events = slices.DeleteFunc(events, func(e trace.Event) bool { return e.Kind == trace.Ended })
		for i := range events {
			events[i].Until = 0
		}
		runs = append(runs, events)
		return d.Expected
	})
	return runs
}

// asOf digests a monitor as it stands at a moment, and zxids by their order in
// its own state.
func asOf(m checker.Explorable, now int64) uint64 {
	s := rawSink{now: now}
	m.Digest(&s)
	return s.Sum()
}

// past is a monitor and the moment of the last event that it observed.
type past struct {
	m     checker.Explorable
	now   int64
	times int // that another of its digest was seen
}

// TestPastsOfOneDigestHaveOneFuture holds every two beginnings of a property's
// scripts that digest alike, with all their events or without one of them, against
// every script as what comes then.
func TestPastsOfOneDigestHaveOneFuture(t *testing.T) {
	merged := 0
	for _, p := range explorable() {
		runs, first := scripts(t, p.Name), map[uint64]past{}
		for _, run := range runs {
			for without := range len(run) + 1 {
				m := p.New().(checker.Explorable)
				for i := range run {
					if i == without {
						continue
					}
					if m.Observe(&run[i]); m.Broken() != "" {
						break
					}
					sum := asOf(m, run[i].At)
					if other, known := first[sum]; known && other.times < 4 {
						merged++
						for _, then := range runs {
							require.Equal(t, breaks(other, then), breaks(past{m, run[i].At, 0}, then), p.Name)
						}
					}
					first[sum] = past{m.Clone(), run[i].At, first[sum].times + 1}
				}
				if without == len(run) {
					require.Equal(t, ask(p.New(), run), m.Broken(), "a monitor that was cloned goes on alone")
				}
			}
		}
	}
	require.Greater(t, merged, 800)
}

func ask(m checker.Monitor, run []trace.Event) string {
	for i := range run {
		m.Observe(&run[i])
		if text := m.(checker.Explorable).Broken(); text != "" {
			return text
		}
	}
	return m.(checker.Explorable).Broken()
}

// breaks is the step of a later run in which a property is violated first, 0
// for none.
func breaks(p past, run []trace.Event) uint64 {
	m := p.m.Clone()
	for _, e := range run {
		e.At, e.Step = e.At+p.now, e.Step+1000
		if m.Observe(&e); m.Broken() != "" {
			return e.Step
		}
	}
	return 0
}

// kinds are all kinds of event, as their source lists them.
func kinds(t *testing.T) (all []trace.Kind) {
	text, err := os.ReadFile("../../model/trace/trace.go")
	require.NoError(t, err)
	for _, m := range regexp.MustCompile(` Kind += "([a-z-]+)"`).FindAllSubmatch(text, -1) {
		all = append(all, trace.Kind(m[1]))
	}
	require.Greater(t, len(all), 40)
	return all
}

// TestWhatAMonitorDoesNotHearChangesNothing gives every kind of event to filled
// monitors.
func TestWhatAMonitorDoesNotHearChangesNothing(t *testing.T) {
	deaf := 0
	for _, p := range explorable() {
		m := p.New().(checker.Explorable)
		l, is := m.(checker.Listener)
		if !is {
			continue
		}
		for _, filled := range []bool{false, true} {
			if filled {
				f := &filler{}
				f.fill(reflect.ValueOf(m).Elem())
			}
			for _, kind := range kinds(t) {
				for _, e := range []trace.Event{
					{Kind: kind}, {Kind: kind, Process: "m1", Inc: 1, Subject: "launch", Value: "Alive", Term: 7, N: 3, Zxid: 9},
					{Kind: kind, Process: "w1", Inc: 1, Subject: "driver/d1", Value: "delete", Detail: "d1", Term: 7, N: 3, Zxid: 9},
					{Kind: kind, Process: "c1", Inc: 1, Subject: "kill", Value: "status", Detail: "FINISHED", Term: 7, N: 3, M: 2},
				} {
					e.At, e.Step = 1000, 1000
					if l.Hears(&e) {
						continue
					}
					deaf++
					c := m.Clone()
					c.Observe(&e)
					require.Equal(t, digest(m), digest(c), "%s: %s", p.Name, &e)
					require.Equal(t, m.Broken(), c.Broken(), "%s: %s", p.Name, &e)
				}
			}
		}
	}
	require.Greater(t, deaf, 1000)
}
