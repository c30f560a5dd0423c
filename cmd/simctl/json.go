package main

import "github.com/simctl/simctl/reports"

// A runLine is a run's line with what only a command knows of it.
type runLine struct {
	reports.RunLine
	Nondeterminism string `json:"nondeterminism,omitempty"`
	Interrupted    bool   `json:"interrupted,omitempty"`
}

// line is the run's line. Wall time is left out unless asked for, so that two
// runs compare with cmp.
func (o *outcome) line(wall bool) runLine {
	l := runLine{RunLine: o.RunLine, Nondeterminism: o.Nondeterminism, Interrupted: o.Interrupted}
	l.Schema = reports.RunSchema
	l.Findings, l.Failovers = orEmpty(l.Findings), orEmpty(l.Failovers)
	if !wall {
		l.WallNs = 0
	}
	return l
}

// A diffLine is what `diff --json` prints.
type diffLine struct {
	Schema string `json:"schema"`
	Same   bool   `json:"same"`
	Step   uint64 `json:"step"`
	A      string `json:"a"`
	B      string `json:"b"`
}

// A versionLine is what `version --json` prints.
type versionLine struct {
	Schema   string `json:"schema"`
	Version  string `json:"version"`
	Commit   string `json:"commit"`
	Modified bool   `json:"modified"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// orEmpty makes a nil slice print as [].
func orEmpty[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
