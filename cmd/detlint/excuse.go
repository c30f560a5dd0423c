package main

import (
	"go/token"
	"strings"

	"golang.org/x/tools/go/analysis"
)

// mark begins the comment that excuses a construct.
const mark = "//det:allow"

// An excuse is one comment that begins with mark.
type excuse struct {
	pos    token.Pos
	line   int
	reason string
	used   bool
}

// excuses are the comments of a package, by file.
type excuses struct {
	byFile map[string][]*excuse
	all    []*excuse // in the order of the files
}

func findExcuses(pass *analysis.Pass) *excuses {
	x := &excuses{byFile: map[string][]*excuse{}}
	for _, f := range pass.Files {
		for _, group := range f.Comments {
			for _, c := range group.List {
				reason, ok := strings.CutPrefix(c.Text, mark)
				if !ok || (reason != "" && reason[0] != ' ') {
					continue
				}
				p := pass.Fset.Position(c.Pos())
				if strings.HasSuffix(p.Filename, "_test.go") {
					continue // nothing is refused in a test
				}
				e := &excuse{pos: c.Pos(), line: p.Line, reason: strings.TrimSpace(reason)}
				x.byFile[p.Filename] = append(x.byFile[p.Filename], e)
				x.all = append(x.all, e)
			}
		}
	}
	return x
}

// use reports whether a comment on the line, or on the one above it, excuses
// what stands there, and marks it used. One without a reason counts too: it
// is reported itself, and once is enough.
func (x *excuses) use(file string, line int) bool {
	for _, at := range []int{line, line - 1} {
		for _, e := range x.byFile[file] {
			if e.line == at {
				e.used = true
				return true
			}
		}
	}
	return false
}

func (x *excuses) reportUnused(pass *analysis.Pass) {
	for _, e := range x.all {
		switch {
		case e.reason == "":
			pass.Reportf(e.pos, "%s without a reason", mark)
		case !e.used:
			pass.Reportf(e.pos, "%s excuses nothing", mark)
		}
	}
}
