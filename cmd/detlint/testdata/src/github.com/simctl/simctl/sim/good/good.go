package good

import "github.com/simctl/simctl/impl/host"

// The world owns the time and may compare it.
func late(a, b host.Mono) bool { return a < b }
