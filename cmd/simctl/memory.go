package main

import (
	"os"
	"runtime/debug"
)

// collectAt is how far the heap grows over what is in use, per cent, before it
// is collected. What is in use are the few worlds that run at a time, a few
// megabytes, so Go's default of 100 collects after each run or two. With this
// a sweep needs some 40 MB.
const collectAt = 800

// collectSeldom tunes the collector for many runs one after another, unless
// GOGC says otherwise.
func collectSeldom() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt)
	}
}
