package scenarios

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/simctl/simctl/scenarios/anchor"
	"github.com/simctl/simctl/scenarios/span"
)

// String returns the scenario as the text that [Parse] reads. A line whose
// values are all zero is left out.
func (s Scenario) String() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("scenario %s", s.Name)
	if s.Doc != "" {
		line("doc %s", s.Doc)
	}
	if s.Source != "" {
		line("source %s", s.Source)
	}
	if s.Seed != 0 {
		line("seed %d", s.Seed)
	}
	if s.Masters > 0 {
		line("topology masters=%d workers=%d clients=%d servers=%d cores=%d memory=%d",
			s.Masters, s.Workers, s.Clients, s.Servers, s.WorkerCores, s.WorkerMemory)
	} else {
		line("topology servers=%d", s.Servers)
	}
	line("timers %s", s.Timers)
	for _, c := range s.Conf {
		line("conf %s", c)
	}
	line("safety %s", span.Text(s.Safety))
	if s.Restart != (Range{}) {
		line("restart %s", s.Restart)
	}
	if s.Curator != "" {
		line("curator %s%s", s.Curator, lag(s.CuratorLag))
	}
	if s.KeepAll {
		line("core all")
	}
	s.travelLines(line)
	if s.Work != (Work{}) {
		line("work %s", s.Work)
	}
	for _, o := range s.Ops {
		line("op %s", o)
	}
	s.givenLines(line)
	s.probeLines(line)
	b.WriteString(Schedule(s.Faults).String())
	if s.ShowVotes {
		line("show votes")
	}
	for _, e := range s.Sees {
		line("see %s", e)
	}
	for _, m := range s.Must {
		line("must %s", m)
	}
	for _, m := range s.Sometimes {
		line("sometimes %s", m)
	}
	for _, m := range s.Require {
		line("require %s", m)
	}
	if s.Expect != "" {
		line("expect violation of %s%s", s.Expect, under(s.ExpectUnder))
	}
	return b.String()
}

// travelLines are the lines of a scenario that are about messages and clocks.
func (s Scenario) travelLines(line func(format string, args ...any)) {
	if s.Delay != (Delay{}) {
		line("delay %s", s.Delay)
	}
	if s.Drift != 0 {
		line("drift %dppm", s.Drift)
	}
	if s.Order != (Order{}) {
		line("order %s", s.Order)
	}
}

// lag returns " lag=20ms", and nothing for 0.
func lag(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return " lag=" + span.Text(d)
}

// under returns " under POLICY", and nothing for all of them.
func under(policy string) string {
	if policy == "" {
		return ""
	}
	return " under " + policy
}

// String returns "200us..2ms tail=1000ppm:50ms".
func (d Delay) String() string {
	text := Range{Lo: d.Min, Hi: d.Max}.String()
	if d.Tail != 0 || d.TailMax != 0 {
		text += fmt.Sprintf(" tail=%dppm:%s", d.Tail, span.Text(d.TailMax))
	}
	return text
}

// String returns what follows "work" in a scenario, without the zero values.
func (w Work) String() string {
	words := []string{"jobs=" + strconv.Itoa(w.Jobs)}
	number := func(key string, n int64, unit string) {
		if n != 0 {
			words = append(words, key+"="+strconv.FormatInt(n, 10)+unit)
		}
	}
	span := func(key string, r Range) {
		if r != (Range{}) {
			words = append(words, key+"="+r.String())
		}
	}
	number("cores", w.Cores, "")
	number("memory", w.Memory, "")
	span("run", w.RunFor)
	number("kill", int64(w.Kill), "%")
	number("supervised", int64(w.Supervised), "%")
	number("fail", int64(w.Fail), "%")
	span("status", w.Status)
	return strings.Join(append(words, w.App.words()...), " ")
}

// String returns what follows "op" in a scenario:
// "at=3s c1 submit a cores=2 for=5s".
func (o Op) String() string {
	words := []string{"at=" + o.At.String(), o.Client, string(o.Kind), o.Tag}
	if o.Cores != 0 {
		words = append(words, fmt.Sprintf("cores=%d", o.Cores))
	}
	if o.Memory != 0 {
		words = append(words, fmt.Sprintf("memory=%d", o.Memory))
	}
	if o.RunFor != (Range{}) {
		words = append(words, "for="+o.RunFor.String())
	}
	if o.Poll != 0 {
		words = append(words, "poll="+span.Text(o.Poll))
	}
	if o.Exit != 0 {
		words = append(words, fmt.Sprintf("exit=%d", o.Exit))
	}
	words = append(words, o.App.words()...)
	if o.Supervise {
		words = append(words, "supervise")
	}
	return strings.Join(words, " ")
}

// String returns the fault as one line: "at=12.4s for=8s kill active".
func (f Fault) String() string {
	words := []string{"at=" + f.At.String()}
	if f.For != (Range{}) {
		words = append(words, "for="+f.For.String())
	}
	if f.On != (anchor.Event{}) {
		words = append(words, "on="+f.On.String())
	}
	words = append(words, string(f.Class))
	if f.What != "" {
		words = append(words, f.What)
	}
	for i, g := range f.Groups {
		if i > 0 {
			words = append(words, "|")
		}
		words = append(words, g...)
	}
	if f.Extra != 0 {
		words = append(words, "by="+span.Text(f.Extra))
	}
	if f.N != 0 {
		words = append(words, fmt.Sprintf("n=%d", f.N))
	}
	if f.ID != 0 {
		words = append(words, fmt.Sprintf("id=%d", f.ID))
	}
	switch {
	case f.Outputs < 0:
		words = append(words, "outputs=any")
	case f.Outputs > 0:
		words = append(words, fmt.Sprintf("outputs=%d", f.Outputs))
	}
	if f.P != 0 {
		words = append(words, fmt.Sprintf("p=%d%%", f.P))
	}
	return strings.Join(words, " ")
}

// A Schedule is a list of faults with their times. It prints one a line.
type Schedule []Fault

// String returns one fault a line, each line ended.
func (s Schedule) String() string {
	var b strings.Builder
	for _, f := range s {
		b.WriteString(f.String())
		b.WriteByte('\n')
	}
	return b.String()
}
