package scenarios

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/simctl/simctl/scenarios/attr"
	"github.com/simctl/simctl/scenarios/hint"
	"github.com/simctl/simctl/scenarios/order"
	"github.com/simctl/simctl/scenarios/reach"
	"github.com/simctl/simctl/scenarios/span"
	"github.com/simctl/simctl/scenarios/zk"
)

// maxText bounds the text of a scenario, in bytes.
const maxText = 1 << 20

// A statement is one kind of line of a scenario.
type statement struct {
	key   string
	many  bool // it may stand more than once
	parse func(s *Scenario, rest string) error
}

func statements() []statement {
	return []statement{
		{"scenario", false, func(s *Scenario, rest string) error { s.Name = rest; return checkName(rest) }},
		{"doc", false, func(s *Scenario, rest string) error { s.Doc = rest; return nil }},
		{"source", false, func(s *Scenario, rest string) error { s.Source = rest; return nil }},
		{"seed", false, parseSeed},
		{"topology", false, parseTopology},
		{"timers", false, parseTimers},
		{"conf", true, parseConf},
		{"safety", false, func(s *Scenario, rest string) (err error) { s.Safety, err = attr.ParseDuration(rest); return }},
		{"restart", false, func(s *Scenario, rest string) (err error) { s.Restart, err = ParseRange(rest); return }},
		{"core", false, parseCore},
		{"curator", false, parseCurator},
		{"delay", false, parseDelay},
		{"drift", false, func(s *Scenario, rest string) (err error) {
			s.Drift, err = attr.ParseUnit(rest, "ppm", 100_000)
			return
		}},
		{"order", false, func(s *Scenario, rest string) error { return order.Parse(&s.Order, rest) }},
		{"work", false, parseWork},
		{"op", true, parseOp},
		{"recovery", false, parseRecovery},
		{"given", true, parseGiven},
		{"apart", false, parseApart},
		{"ensemble", false, func(s *Scenario, rest string) error { return zk.ParseEnsemble(&s.Ensemble, rest) }},
		{"server", true, parseServer},
		{"probe", true, parseProbe},
		{"load", true, parseLoad},
		{"recipe", true, parseRecipe},
		{"show", false, parseShow},
		{"see", true, parseSee},
		{"must", true, func(s *Scenario, rest string) error { return addName(&s.Must, rest, reach.Check) }},
		{"sometimes", true, func(s *Scenario, rest string) error { return addName(&s.Sometimes, rest, reach.Check) }},
		{"require", true, func(s *Scenario, rest string) error { return addName(&s.Require, rest, checkProperty) }},
		{"expect", false, parseExpect},
	}
}

// Parse reads the text of a scenario. Name is what the text is called in
// errors, as "kill.txt:7: unknown fault class "kil"; did you mean kill?".
// Empty lines and lines that begin with # are skipped. The lines scenario,
// topology, timers and safety must be there.
func Parse(name string, text []byte) (Scenario, error) {
	var s Scenario
	at, err := s.read(text)
	if err == nil {
		at, err = s.check(at)
	}
	if err != nil {
		return Scenario{}, fmt.Errorf("%s:%d: %w", name, max(at.line, 1), err)
	}
	return s, nil
}

// places remembers on which line each part of a scenario stood, for errors
// that only the whole shows.
type places struct {
	line   int // where an error is
	last   int
	once   map[string]int
	ops    []int
	faults []int
	many   map[string][]int // where each line stands of those that may be repeated
}

// read fills s from text and returns where everything stood.
func (s *Scenario) read(text []byte) (places, error) {
	at := places{once: map[string]int{}, many: map[string][]int{}}
	if len(text) > maxText {
		return at, fmt.Errorf("the text has %d bytes, more than %d", len(text), maxText)
	}
	known := statements()
	for line := range strings.Lines(string(text)) {
		at.line++
		at.last = at.line
		if !utf8.ValidString(line) {
			return at, fmt.Errorf("not UTF-8 text")
		}
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if err := s.readLine(&at, known, line); err != nil {
			return at, err
		}
	}
	return at, nil
}

func (s *Scenario) readLine(at *places, known []statement, line string) error {
	if strings.HasPrefix(line, "at=") || strings.HasPrefix(line, "for=") {
		f, err := ParseFault(line)
		s.Faults = append(s.Faults, f)
		at.faults = append(at.faults, at.line)
		return err
	}
	key, rest := line, ""
	if i := strings.IndexAny(line, " \t"); i >= 0 {
		key, rest = line[:i], strings.TrimSpace(line[i:])
	}
	for _, st := range known {
		if st.key != key {
			continue
		}
		if first, ok := at.once[key]; ok && !st.many {
			return fmt.Errorf("%s is given twice, first on line %d", key, first)
		}
		if rest == "" {
			return fmt.Errorf("%s says nothing", key)
		}
		at.once[key] = at.line
		zops := len(s.ZOps)
		err := st.parse(s, rest)
		switch {
		case key == "op" && len(s.ZOps) == zops:
			at.ops = append(at.ops, at.line)
		case key == "op":
			at.many["zop"] = append(at.many["zop"], at.line)
		default:
			at.many[key] = append(at.many[key], at.line)
		}
		return err
	}
	var keys []string
	for _, st := range known {
		keys = append(keys, st.key)
	}
	return fmt.Errorf("unknown key %q%s", key, hint.For(key, keys, "a line begins with "+strings.Join(keys, ", ")+", or with at= for a fault"))
}

// ParseSchedule reads one fault a line, as [Schedule.String] prints them.
// Name is what the text is called in errors.
func ParseSchedule(name string, text []byte) (Schedule, error) {
	var out Schedule
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		f, err := ParseFault(line)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, n, err)
		}
		out = append(out, f)
	}
	return out, nil
}

func parseTopology(s *Scenario, rest string) error {
	must := []string{"servers"}
	if strings.Contains(rest, "masters=") || strings.Contains(rest, "workers=") || strings.Contains(rest, "clients=") {
		must = []string{"masters", "workers", "clients", "servers", "cores", "memory"}
	}
	err := attr.Parse(strings.Fields(rest), []attr.Attr{
		attr.Int("masters", &s.Masters, 0, 99),
		attr.Int("workers", &s.Workers, 0, 999),
		attr.Int("clients", &s.Clients, 0, 99),
		attr.Int("servers", &s.Servers, 0, 99),
		attr.Int("cores", &s.WorkerCores, 1, 1<<20),
		attr.Int("memory", &s.WorkerMemory, 1, 1<<40),
	}, must...)
	if err == nil && s.Masters == 0 && len(must) > 1 {
		return fmt.Errorf("workers and clients need a master; for ZooKeeper alone write: topology servers=%d", s.Servers)
	}
	return err
}

func parseTimers(s *Scenario, rest string) error {
	s.Timers = TimersName(rest)
	if TimersFor(s.Timers) == (Timers{}) {
		return fmt.Errorf("unknown timers %q%s", rest, hint.For(rest, []string{"fast", "spark"}, "want fast or spark"))
	}
	return nil
}

func parseSeed(s *Scenario, rest string) error {
	n, err := attr.ParseInt(rest, 1, 1<<53)
	s.Seed = uint64(n)
	return err
}

func parseCurator(s *Scenario, rest string) error {
	version, rest, _ := strings.Cut(rest, " ")
	if s.Curator = version; !contains([]string{"2.13", "5.6", "5.7"}, version) {
		return fmt.Errorf("unknown version %q of curator; want 2.13, 5.6 or 5.7", version)
	}
	if rest != "" && version != "2.13" {
		return fmt.Errorf("curator %s takes no %s", version, rest)
	}
	return attr.Parse(strings.Fields(rest), []attr.Attr{attr.Duration("lag", &s.CuratorLag)})
}

func parseCore(s *Scenario, rest string) error {
	if rest != "all" {
		return fmt.Errorf("unknown core %q; want all", rest)
	}
	s.KeepAll = true
	return nil
}

// parseConf looks at the form alone: whoever runs the scenario knows the names.
func parseConf(s *Scenario, rest string) error {
	key, value, ok := strings.Cut(rest, "=")
	if !ok || key == "" || value == "" || strings.ContainsFunc(rest, unicode.IsSpace) {
		return fmt.Errorf("want: conf KEY=VALUE, as spark.worker.timeout=20s; got %q", rest)
	}
	for _, c := range s.Conf {
		if strings.HasPrefix(c, key+"=") {
			return fmt.Errorf("%s is set twice", key)
		}
	}
	s.Conf = append(s.Conf, rest)
	return nil
}

func parseDelay(s *Scenario, rest string) error {
	words := strings.Fields(rest)
	r, err := ParseRange(words[0])
	if err != nil {
		return err
	}
	s.Delay.Min, s.Delay.Max = r.Lo, r.Hi
	return attr.Parse(words[1:], []attr.Attr{{Name: "tail", Set: func(v string) error {
		share, longest, ok := strings.Cut(v, ":")
		if !ok {
			return fmt.Errorf("want a share and a longest delay, as 1000ppm:50ms")
		}
		if s.Delay.Tail, err = attr.ParseUnit(share, "ppm", 1_000_000); err != nil {
			return err
		}
		if s.Delay.TailMax, err = attr.ParseDuration(longest); err != nil {
			return err
		}
		if s.Delay.TailMax < s.Delay.Max {
			return fmt.Errorf("a tail of %s is shorter than the longest plain delay %s", longest, span.Text(s.Delay.Max))
		}
		return nil
	}}})
}

func parseWork(s *Scenario, rest string) error {
	w := &s.Work
	return attr.Parse(strings.Fields(rest), append([]attr.Attr{
		attr.Int("jobs", &w.Jobs, 0, 100_000),
		attr.Int("cores", &w.Cores, 1, 1<<20),
		attr.Int("memory", &w.Memory, 1, 1<<40),
		rangeAttr("run", &w.RunFor),
		attr.Percent("kill", &w.Kill, 0),
		attr.Percent("supervised", &w.Supervised, 0),
		attr.Percent("fail", &w.Fail, 0),
		rangeAttr("status", &w.Status),
	}, w.App.attrs(string(InCluster), string(InClient), string(InAny))...), "jobs")
}

func parseOp(s *Scenario, rest string) error {
	var o Op
	words, attrs := attr.Split(strings.Fields(rest))
	if len(words) > 0 && words[0] != "" && words[0][0] == 'p' {
		z, err := zk.ParseOp(rest)
		s.ZOps = append(s.ZOps, z)
		return err
	}
	if n := len(words); n > 3 && words[n-1] == "supervise" {
		o.Supervise, words = true, words[:n-1]
	}
	if len(words) != 3 {
		return fmt.Errorf("an op is a time, a client, what it does and a tag, as: at=3s c1 submit a; got %q", rest)
	}
	o.Client, o.Kind, o.Tag = words[0], OpKind(words[1]), words[2]
	s.Ops = append(s.Ops, o)
	kinds := []string{string(Submit), string(Kill), string(Status)}
	if !contains(kinds, words[1]) {
		return fmt.Errorf("unknown operation %q%s", words[1], hint.For(words[1], kinds, "want "+strings.Join(kinds, ", ")))
	}
	if err := attr.CheckWord(o.Tag); err != nil {
		return err
	}
	p := &s.Ops[len(s.Ops)-1]
	known := []attr.Attr{rangeAttr("at", &p.At)}
	if o.Kind == Submit {
		known = append(known, attr.Int("cores", &p.Cores, 1, 1<<20), attr.Int("memory", &p.Memory, 1, 1<<40), rangeAttr("for", &p.RunFor),
			attr.Duration("poll", &p.Poll), attr.Int("exit", &p.Exit, 0, 255))
		known = append(known, p.App.attrs(string(InCluster), string(InClient))...)
	} else if o.Supervise {
		return fmt.Errorf("supervise belongs to submit, not to %s", o.Kind)
	}
	if o.Supervise && strings.Contains(rest, "mode="+string(InClient)) {
		return fmt.Errorf("nobody supervises a driver in client mode")
	}
	return attr.Parse(attrs, known, "at")
}

func parseShow(s *Scenario, rest string) error {
	if rest != "votes" {
		return fmt.Errorf("nothing to show is called %q; want votes", rest)
	}
	s.ShowVotes = true
	return nil
}

func parseExpect(s *Scenario, rest string) error {
	names, ok := strings.CutPrefix(rest, "violation of ")
	names, policy, tied := strings.Cut(names, " under ")
	if s.Expect, s.ExpectUnder = names, policy; !ok || names == "" {
		return fmt.Errorf("want: expect violation of PROPERTY [or PROPERTY] [and PROPERTY] [allowing PROPERTY [or PROPERTY]] [under POLICY]; got %q", rest)
	}
	if tied && !contains(presets, policy) {
		return fmt.Errorf("unknown policy %q%s", policy, hint.For(policy, presets, "want "+strings.Join(presets, " or ")))
	}
	for _, name := range Expected(names) {
		if err := checkProperty(name); err != nil {
			return err
		}
	}
	return nil
}

// presets are the policies that a scenario may tell apart.
var presets = []string{"hardened", "spark"}

// Expectation is what runs of the scenario are expected to violate under a
// policy, by its text; "" for nothing.
func (s Scenario) Expectation(policy string) string {
	if s.ExpectUnder != "" && s.ExpectUnder != policy {
		return ""
	}
	return s.Expect
}

// Expected lists every property that a scenario's expectation names: those that
// must be violated, and those that may be.
func Expected(expect string) []string {
	must, may, _ := strings.Cut(expect, " allowing ")
	var out []string
	for _, names := range append(Demanded(must), alternatives(may)) {
		out = append(out, names...)
	}
	return out
}

// Demanded lists what an expectation demands: of each group one must be
// violated. "A and B or C allowing D" demands A, and B or C; D is what may follow
// from that.
func Demanded(expect string) [][]string {
	must, _, _ := strings.Cut(expect, " allowing ")
	var out [][]string
	for group := range strings.SplitSeq(must, " and ") {
		if names := alternatives(group); names != nil {
			out = append(out, names)
		}
	}
	return out
}

func alternatives(names string) []string {
	if names == "" {
		return nil
	}
	return strings.Split(names, " or ")
}

func addName(list *[]string, name string, check func(string) error) error {
	if contains(*list, name) {
		return fmt.Errorf("%s is given twice", name)
	}
	*list = append(*list, name)
	return check(name)
}
