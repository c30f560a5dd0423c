//go:build race

package twin

// Race reports whether this is a build with the race detector.
const Race = true
