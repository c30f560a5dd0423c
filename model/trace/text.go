package trace

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// bare says which fields of an event stand without a name in its text, by
// kind; [bareOthers] says it for the kinds that are not listed.
var bare = map[Kind]string{
	Started:  "value",
	Healed:   "detail",
	Panicked: "detail",
	State:    "value",
	Failed:   "value",
	Role:     "value",
	Vote:     "value",
	Serving:  "value",
	Restored: "value",
	Ready:    "value",
}

const bareOthers = "subject value detail"

// String returns the event as one line of text:
//
//	3.2s m2 state Alive term=2 step=41
//	1s c1#2 call a submit n=1
//
// that is the moment, the process (with its incarnation if that is not 1; "-"
// for none), the kind, the fields that stand without a name for the kind
// (subject, value, detail; "-" for an empty one in front of another), and the
// others by name. A word that is empty, or has a space, a quote, a "=" or a
// leading "-" in it, is quoted as in Go.
func (e *Event) String() string {
	var b strings.Builder
	b.WriteString(time.Duration(e.At).String())
	if e.Until != 0 {
		b.WriteString(".." + time.Duration(e.Until).String())
	}
	process := "-"
	if e.Process != "" {
		process = word(e.Process)
	}
	b.WriteString(" " + process)
	if e.Process != "" && e.Inc != 1 || strings.Contains(e.Process, "#") {
		fmt.Fprintf(&b, "#%d", e.Inc)
	}
	b.WriteString(" " + string(e.Kind))
	names := strings.Fields(bareNames(e.Kind))
	last := -1
	for i, n := range names {
		if *e.text(n) != "" {
			last = i
		}
	}
	for _, n := range names[:last+1] {
		if s := *e.text(n); s == "" {
			b.WriteString(" -")
		} else {
			b.WriteString(" " + word(s))
		}
	}
	for _, n := range strings.Fields(bareOthers) {
		if s := *e.text(n); s != "" && !strings.Contains(bareNames(e.Kind), n) {
			b.WriteString(" " + n + "=" + word(s))
		}
	}
	for _, n := range [...]string{"term", "n", "m", "p", "q", "zxid"} {
		if x := *e.number(n); x != 0 {
			fmt.Fprintf(&b, " %s=%d", n, x)
		}
	}
	if e.Step != 0 {
		fmt.Fprintf(&b, " step=%d", e.Step)
	}
	return b.String()
}

// ParseEvent reads what [Event.String] writes. An event without a step has
// step 0, one without an incarnation has 1 if it has a process.
func ParseEvent(line string) (Event, error) {
	words, err := split(line)
	if err != nil {
		return Event{}, fmt.Errorf("event %q: %w", line, err)
	}
	if len(words) < 3 {
		return Event{}, fmt.Errorf("event %q: want a moment, a process and a kind", line)
	}
	var e Event
	if err := e.parseHead(words); err != nil {
		return Event{}, fmt.Errorf("event %q: %w", line, err)
	}
	names := strings.Fields(bareNames(e.Kind))
	for _, w := range words[3:] {
		switch {
		case w.key != "":
			if err := e.parseField(w); err != nil {
				return Event{}, fmt.Errorf("event %q: %w", line, err)
			}
		case len(names) == 0:
			return Event{}, fmt.Errorf("event %q: %q is one word too many for %s", line, w.text, e.Kind)
		case !w.quoted && w.text == "-":
			names = names[1:]
		default:
			*e.text(names[0]), names = w.text, names[1:]
		}
	}
	return e, nil
}

// ParseEvents reads one event a line. Empty lines and lines that begin with #
// are skipped. Events without a step are numbered by their line.
func ParseEvents(text string) ([]Event, error) {
	var events []Event
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		e, err := ParseEvent(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		if e.Step == 0 {
			e.Step = uint64(i + 1)
		}
		events = append(events, e)
	}
	return events, nil
}

func bareNames(k Kind) string {
	if s, ok := bare[k]; ok {
		return s
	}
	return bareOthers
}

func (e *Event) text(name string) *string {
	switch name {
	case "subject":
		return &e.Subject
	case "value":
		return &e.Value
	case "detail":
		return &e.Detail
	}
	return nil
}

func (e *Event) number(name string) *int64 {
	switch name {
	case "term":
		return &e.Term
	case "n":
		return &e.N
	case "m":
		return &e.M
	case "p":
		return &e.P
	case "q":
		return &e.Q
	case "zxid":
		return &e.Zxid
	}
	return nil
}

func (e *Event) parseHead(words []token) error {
	from, until, isRange := strings.Cut(words[0].text, "..")
	at, err := time.ParseDuration(from)
	if err != nil {
		return fmt.Errorf("moment: %w", err)
	}
	e.At = int64(at)
	if isRange {
		end, err := time.ParseDuration(until)
		if err != nil {
			return fmt.Errorf("moment: %w", err)
		}
		e.Until = int64(end)
	}
	if words[1].quoted || words[1].text != "-" {
		e.Process, e.Inc = words[1].text, 1
		if i := strings.LastIndexByte(e.Process, '#'); i >= 0 {
			n, err := strconv.ParseUint(e.Process[i+1:], 10, 32)
			if err != nil {
				return fmt.Errorf("incarnation: %w", err)
			}
			e.Process, e.Inc = e.Process[:i], uint32(n)
		}
	}
	e.Kind = Kind(words[2].text)
	return nil
}

func (e *Event) parseField(w token) error {
	if t := e.text(w.key); t != nil {
		*t = w.text
		return nil
	}
	n, err := strconv.ParseInt(w.text, 10, 64)
	if err != nil {
		return fmt.Errorf("%s: %w", w.key, err)
	}
	switch x := e.number(w.key); {
	case x != nil:
		*x = n
	case w.key == "step":
		e.Step = uint64(n)
	default:
		return fmt.Errorf("no field %q", w.key)
	}
	return nil
}

// word quotes s where split would not give it back.
func word(s string) string {
	if s == "" || s[0] == '-' || strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r == '"' || r == '=' || r > '~'
	}) {
		return strconv.Quote(s)
	}
	return s
}

// A token is one word of a line: text, or key=text.
type token struct {
	key, text string
	quoted    bool
}

func split(line string) ([]token, error) {
	var out []token
	for rest := strings.TrimSpace(line); rest != ""; rest = strings.TrimLeft(rest, " \t") {
		var t token
		if i := strings.IndexAny(rest, "= \t\""); i > 0 && rest[i] == '=' {
			t.key, rest = rest[:i], rest[i+1:]
		}
		if strings.HasPrefix(rest, `"`) {
			q, err := strconv.QuotedPrefix(rest)
			if err != nil {
				return nil, fmt.Errorf("quote is not closed")
			}
			t.text, _ = strconv.Unquote(q)
			t.quoted, rest = true, rest[len(q):]
			if strings.HasPrefix(rest, "#") {
				i := strings.IndexAny(rest, " \t")
				if i < 0 {
					i = len(rest)
				}
				t.text, rest = t.text+rest[:i], rest[i:]
			}
		} else {
			i := strings.IndexAny(rest, " \t")
			if i < 0 {
				i = len(rest)
			}
			t.text, rest = rest[:i], rest[i:]
		}
		out = append(out, t)
	}
	return out, nil
}
