// Command detlint refuses Go constructs whose result depends on the scheduler,
// the wall clock, a map's order or the machine, in the packages that must give
// the same bytes for the same seed. Run it as
//
//	go build -o bin/detlint ./cmd/detlint && go vet -vettool=bin/detlint ./...
//
// An exception is written "//det:allow reason" on the line or the one above.
// An exception without a reason, or one that excuses nothing, is an error.
// It looks at one package at a time and does not follow calls: running a seed
// twice is the proof, this is the early warning.
package main

import "golang.org/x/tools/go/analysis/unitchecker"

func main() { unitchecker.Main(analyzer) }
