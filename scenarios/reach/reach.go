// Package reach is what a run may reach: things worth seeing, by their names.
package reach

import (
	"fmt"
	"strings"

	"github.com/simctl/simctl/scenarios/hint"
)

// A Reachable is something worth seeing in a run. A scenario names those that
// each of its runs must see, or some run of a sweep.
type Reachable struct {
	Name string // kebab case
	Says string // when a run has seen it
}

// All lists everything that a scenario may name under must and
// sometimes, in a fixed order.
func All() []Reachable {
	return []Reachable{
		{"failover-happened", "an Alive master was lost and another one, or a new reign, became Alive"},
		{"two-failovers", "that happened twice in one run"},
		{"two-alive", "two masters believed that they were Alive at once"},
		{"graceful-handover", "a successor was elected after its predecessor closed its session, without an expiry"},
		{"recovery-with-two-terms", "a second term began before the recovery of the one before had ended"},
		{"session-expired", "the service expired a master's session"},
		{"session-expired-while-partitioned", "it did so while that master was cut off"},
		{"session-expired-while-paused", "it did so while that master stood still"},
		{"master-suspended", "a master that could not commit stopped acting and kept its latch"},
		{"suspended-master-resumed", "it became Alive again in the same term"},
		{"stale-command-refused", "a worker refused a command of an older term"},
		{"driver-relaunched", "a driver was launched in a second attempt"},
		{"driver-killed", "a client's kill ended a driver"},
		{"worker-changed-master", "a worker followed a new master"},
		{"service-lost", "the coordination service had no quorum for a while"},
		{"leader-changed", "a second ZooKeeper server established an epoch"},
		{"server-came-back", "a ZooKeeper server that had ended was started again and serves"},
		{"stale-read", "a read was answered with less than a write acknowledged before it was asked for"},
		{"stale-after-sync", "the same, though its session had synced in between"},
		{"session-survived", "a probe's session was disconnected and connected again"},
		{"local-session", "a probe's session was opened without a transaction"},
		{"lock-lost-inside", "a lock's owner lost its session before it left"},
		{"submitted-without-master", "a job was submitted while no master was Alive, and acknowledged later"},
		{"application-finished", "an application has all its results"},
		{"application-changed-master", "an application followed a new master"},
		{"task-run-again", "a task was lost with its executor and done by another"},
		{"deposit-came-again", "a deposit came a second time, with the key of the first"},
	}
}

// Check reports a name that nothing has.
func Check(name string) error {
	var names []string
	for _, r := range All() {
		if r.Name == name {
			return nil
		}
		names = append(names, r.Name)
	}
	return fmt.Errorf("nothing to reach is called %q%s", name, hint.For(name, names, "one of "+strings.Join(names, ", ")))
}
