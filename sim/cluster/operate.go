package cluster

import "github.com/simctl/simctl/scenarios"

// Operate implements fault.World. The service grain has neither configurations
// nor files: there it does nothing.
func (w *World) Operate(string, scenarios.Fault) {}
