package linear

import (
	"cmp"
	"slices"
	"strings"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/history"
	"github.com/simctl/simctl/model/spec"
)

// possible is what one job may be, as far as anybody was told: every state of the
// specification that some order of the operations explains, with the operations
// that have begun and not been answered which that order has already. It decides
// what porcupine decides of the history so far, and forgets the past otherwise.
type possible struct {
	open    []history.Op // begun and not answered; their Answer is not known
	configs []config     // sorted; none: no order explains the answers
}

// config is one explanation.
type config struct {
	job spec.Job
	// taken is 4 bits for each of open: how it was taken in the order already, 0
	// not at all; see guesses.
	taken uint64
}

// mostOpen is how many operations on one job may be under way: more are not
// followed.
const mostOpen = 16

// promise is the bit of a guess that changed the job in a way that only an answer
// explains: without that answer the order is none.
const promise = 8

// guesses are the answers by which an operation may be taken before it is told, by
// kind, as one text for all that the specification tells alike. A guess is the
// number of its text, from 1.
var guesses = map[history.Kind][]string{
	history.Submit: {"?"},
	history.KillOp: {"ok", "error: not found", "error: already KILLED", "error: already ERROR", "error: already evicted", "error: already RUNNING",
		"error: already FINISHED/FAILED"},
	history.Status: {"not found", "RUNNING", "FINISHED", "FAILED", "KILLED", "ERROR", "evicted"},
	history.Finish: {"?"},
}

func newPossible() *possible { return &possible{configs: []config{{}}} }

// call begins an operation. It reports false if there are too many.
func (p *possible) call(op history.Op) bool {
	if len(p.open) == mostOpen {
		return false
	}
	op.Return, op.Answer = history.Open, openAnswer(&op)
	p.open = append(p.open, op)
	return true
}

// openAnswer is what is known of an answer beforehand: the driver of an end.
func openAnswer(op *history.Op) string {
	if op.Kind == history.Finish {
		return op.Answer
	}
	return ""
}

// find is the index of an operation that is under way, -1 if it is not.
func (p *possible) find(lane string, n int64, kind history.Kind, arg string) int {
	return slices.IndexFunc(p.open, func(o history.Op) bool { return o.Lane == lane && o.N == n && o.Kind == kind && o.Arg == arg })
}

// giveUp ends the i-th operation under way: nobody will hear of it. A question then
// did nothing; of several that may do the same at any later time one is enough.
func (p *possible) giveUp(i int) {
	op := &p.open[i]
	if op.Kind != history.Status && !slices.ContainsFunc(p.open, func(o history.Op) bool { return o.Kind == op.Kind && o.Arg == gone }) {
		p.open = slices.Clone(p.open)
		p.open[i].Arg = gone
		return
	}
	var next []config
	for _, c := range p.configs {
		if c.guess(i)&promise == 0 {
			next = append(next, c.without(i))
		}
	}
	p.open = slices.Delete(slices.Clone(p.open), i, i+1)
	p.configs = sorted(next)
}

// gone is what stands in Arg of an operation that was given up.
const gone = "gave up"

// answer takes the answer of the i-th operation under way, and reports whether
// some order still explains everything.
func (p *possible) answer(i int, text string) bool {
	op := p.open[i]
	op.Return, op.Answer = 1, text
	var next []config
	if jobs.Blind(&op) { // it says nothing: no order needs it
		for _, c := range p.configs {
			if c.guess(i) == 0 {
				next = append(next, c.without(i))
			}
		}
	} else {
		seen := map[config]bool{}
		for _, c := range p.configs {
			p.before(c, i, &op, seen, &next)
		}
	}
	p.open = slices.Delete(slices.Clone(p.open), i, i+1)
	p.configs = sorted(next)
	return slices.ContainsFunc(p.configs, config.honest)
}

// before adds to out every explanation by which op, the i-th under way, comes
// behind c and whatever others that are under way.
func (p *possible) before(c config, i int, op *history.Op, seen map[config]bool, out *[]config) {
	if seen[c] {
		return
	}
	seen[c] = true
	if g := c.guess(i); g != 0 { // it came before something that was answered
		if s, ok := confirm(c.job, op, g&^promise); ok {
			*out = append(*out, config{s, c.without(i).taken})
		}
		return
	}
	if s, ok := jobs.Step(c.job, op); ok {
		*out = append(*out, config{s, c.without(i).taken})
	}
	for j := range p.open {
		if j == i || c.guess(j) != 0 {
			continue
		}
		texts := guesses[p.open[j].Kind]
		if p.open[j].Arg == gone {
			texts = texts[:1]
		}
		for g := range texts {
			if next, ok := p.take(c, j, g); ok {
				p.before(next, i, op, seen, out)
			}
		}
	}
}

// take puts the j-th operation under way behind c by a guess at its answer.
func (p *possible) take(c config, j, g int) (config, bool) {
	op := p.open[j]
	open, _ := jobs.Step(c.job, &op) // what it may do though nobody hears of it
	texts := guesses[op.Kind]
	s, ok := open, true
	switch op.Kind {
	case history.Submit: // any ID, which its answer tells
	case history.Finish:
		op.Return = 1
		s, ok = jobs.Step(c.job, &op)
	default:
		op.Return, op.Answer = 1, texts[g]
		if text, either := strings.CutSuffix(texts[g], "FINISHED/FAILED"); either {
			if op.Answer = text + c.job.Outcome; !strings.HasPrefix(c.job.Outcome, "F") {
				return c, false
			}
		}
		s, ok = jobs.Step(c.job, &op)
	}
	if !ok {
		return c, false
	}
	code := uint64(g + 1)
	if s != c.job && (s != open || op.Kind == history.Status) {
		code |= promise
	}
	return config{s, c.taken | code<<(4*j)}, true
}

// confirm holds an answer against the guess by which its operation was taken.
func confirm(s spec.Job, op *history.Op, g uint64) (spec.Job, bool) {
	switch op.Kind {
	case history.Finish:
		return s, true
	case history.Submit:
		if s.ID == "" {
			s.ID = op.Answer
		}
		return s, s.ID == op.Answer
	}
	told, guessed := spec.Told(op), guesses[op.Kind][g-1]
	if strings.HasSuffix(guessed, "FINISHED/FAILED") {
		return s, told == "FINISHED" && s.Outcome == told || told == "FAILED" && s.Outcome == told
	}
	if spec.IsLive(told) {
		return s, strings.HasSuffix(guessed, "RUNNING")
	}
	was := *op
	was.Answer = guessed
	return s, spec.Told(&was) == told
}

var jobs = spec.Jobs()

func (c config) guess(i int) uint64 { return c.taken >> (4 * i) & 15 }

// without is c when the i-th operation under way is no more.
func (c config) without(i int) config {
	low := uint64(1)<<(4*i) - 1
	return config{c.job, c.taken&low | c.taken>>4&^low}
}

// honest reports whether c needs no answer that was not given.
func (c config) honest() bool { return c.taken&0x8888888888888888 == 0 }

func sorted(cs []config) []config {
	slices.SortFunc(cs, func(a, b config) int {
		return cmp.Or(cmp.Compare(a.taken, b.taken), cmp.Compare(a.job.Phase, b.job.Phase), cmp.Compare(a.job.Outcome, b.job.Outcome),
			cmp.Compare(a.job.ID, b.job.ID), compareBool(a.job.KillAsked, b.job.KillAsked))
	})
	return slices.Compact(cs)
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

func (p *possible) clone() *possible {
	return &possible{slices.Clone(p.open), slices.Clone(p.configs)}
}

// digest writes what is under way in the order in which it began, and all that
// the job may be.
func (p *possible) digest(d checker.Sink) {
	d.Uint(uint64(len(p.open)))
	for i := range p.open {
		o := &p.open[i]
		d.Str(o.Lane)
		d.Int(o.N)
		d.Str(string(o.Kind))
		d.Str(o.Arg)
		d.Str(o.Answer)
	}
	d.Uint(uint64(len(p.configs)))
	for _, c := range p.configs {
		d.Uint(c.taken)
		d.Uint(uint64(c.job.Phase))
		d.Bool(c.job.KillAsked)
		d.Str(c.job.ID)
		d.Str(c.job.Outcome)
	}
}
