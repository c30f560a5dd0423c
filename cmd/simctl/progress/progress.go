// Package progress shows how far a command with many runs is.
package progress

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/simctl/simctl/reports"
)

// quietFor is the time between two lines of progress where there is no
// terminal to draw a bar on.
const quietFor = 30 * time.Second

// A Progress shows how far a command is, on standard error: a bar on a
// terminal, a plain line now and then elsewhere, and nothing if told so.
type Progress struct {
	w      io.Writer
	what   string
	total  uint64 // 0: unknown
	bar    *progressbar.ProgressBar
	off    bool
	now    func() time.Time
	last   time.Time
	done   uint64
	failed uint64
}

// New begins to show it on w, which is a terminal or not. What is the command,
// total how many runs there will be, 0 if nobody knows; off shows nothing.
func New(w io.Writer, terminal bool, what string, total uint64, off bool) *Progress {
	p := &Progress{w: w, what: what, total: total, off: off, now: time.Now}
	p.last = p.now()
	if !off && terminal {
		size := int64(-1)
		if total > 0 && total < 1<<62 {
			size = int64(total)
		}
		p.bar = progressbar.NewOptions64(size,
			progressbar.OptionSetWriter(w), progressbar.OptionSetDescription(what),
			progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString("runs"),
			progressbar.OptionThrottle(500*time.Millisecond), progressbar.OptionSetWidth(20),
			progressbar.OptionEnableColorCodes(false), progressbar.OptionClearOnFinish())
	}
	return p
}

// Ran counts one more run, and whether it violated something.
func (p *Progress) Ran(failed bool) {
	p.done++
	if failed {
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
		fmt.Fprintf(p.w, "%s %s%s runs  %s violations\n", p.what, reports.Thousands(p.done), of, reports.Thousands(p.failed))
	}
}

// End takes the bar away.
func (p *Progress) End() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}
