package main

import (
	"fmt"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/simctl/simctl/reports"
)

// quietFor is the time between two lines of progress where there is no
// terminal to draw a bar on.
const quietFor = 30 * time.Second

// A progress shows how far a command is, on standard error: a bar on a
// terminal, a plain line now and then elsewhere, and nothing if told so.
type progress struct {
	env    *env
	what   string
	total  uint64 // 0: unknown
	bar    *progressbar.ProgressBar
	off    bool
	now    func() time.Time
	last   time.Time
	done   uint64
	failed uint64
}

func newProgress(e *env, what string, total uint64, off bool) *progress {
	p := &progress{env: e, what: what, total: total, off: off, now: time.Now}
	p.last = p.now()
	if !off && e.IsTTY(e.Stderr) {
		size := int64(-1)
		if total > 0 && total < 1<<62 {
			size = int64(total)
		}
		p.bar = progressbar.NewOptions64(size,
			progressbar.OptionSetWriter(e.Stderr), progressbar.OptionSetDescription(what),
			progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString("runs"),
			progressbar.OptionThrottle(500*time.Millisecond), progressbar.OptionSetWidth(20),
			progressbar.OptionEnableColorCodes(false), progressbar.OptionClearOnFinish())
	}
	return p
}

// ran counts one more run.
func (p *progress) ran(o *outcome) {
	p.done++
	if (expectation{}).status(o) == violated {
		p.failed++
	}
	if p.off {
		return
	}
	if p.bar != nil {
		p.bar.Describe(fmt.Sprintf("%s  %s violations", p.what, reports.Thousands(p.failed)))
		_ = p.bar.Add(1) // a terminal that is gone is no reason to stop
		return
	}
	if now := p.now(); now.Sub(p.last) >= quietFor {
		p.last = now
		of := ""
		if p.total > 0 {
			of = "/" + reports.Thousands(p.total)
		}
		fmt.Fprintf(p.env.Stderr, "%s %s%s runs  %s violations\n", p.what, reports.Thousands(p.done), of, reports.Thousands(p.failed))
	}
}

// end takes the bar away.
func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}
