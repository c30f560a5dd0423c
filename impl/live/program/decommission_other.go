//go:build !linux

package program

import "github.com/simctl/simctl/impl/live"

// decommissions does nothing: only Linux has SIGPWR.
func decommissions(*live.Host) (end func()) { return func() {} }
