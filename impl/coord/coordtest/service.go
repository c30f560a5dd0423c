// Package coordtest is one suite that holds every implementation of
// [coord.Client] to the same behaviour: the simulated service at both grains
// and real ZooKeeper. What it demands was measured on ZooKeeper 3.8.0.
//
// An implementation hands it a [Service], which hides the difference in time:
// in simulation Run advances the virtual clock, in life it waits.
package coordtest

import (
	"errors"
	"testing"
	"time"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/host"
)

// ErrUnsupported is what an optional method of a [Service] returns if the
// implementation cannot do it; the cases that need it are skipped.
var ErrUnsupported = errors.New("not supported by this service")

// A Service is one coordination service, new and empty, with the machines of
// its users. All methods are called from the test's goroutine.
type Service interface {
	// Attach runs p as the process called name on a machine of its own and
	// returns the client that calls it back. Only p's methods that the client's
	// calls name are called, one at a time, and never from inside Do. Name is
	// attached once.
	Attach(name host.ProcessID, p host.Process) coord.Client
	// Call runs f between two events of the process called name, as one event
	// of it, and returns when f has returned. Everything that the suite does
	// with a client or reads from a process happens in an f.
	Call(name host.ProcessID, f func())
	// Run lets d pass: at once in simulation, by waiting in life. Events of
	// all processes are delivered meanwhile.
	Run(d time.Duration)
	// Now is the time that has passed on the service's clock.
	Now() time.Duration
	// Servers is what sessions are opened with.
	Servers() []host.Addr
	// Tick is the service's tickTime: sessions expire at its multiples, and
	// live at least 2 and at most 20 of them.
	Tick() time.Duration
	// Slack is how late things may be for reasons that the protocol does not
	// name: 0 in simulation with fast links, some hundred milliseconds in life.
	Slack() time.Duration

	// ExpireSession ends a session at the service before its owner knows. ID
	// is the one of its coord.StateChange. Optional.
	ExpireSession(id int64) error
	// BreakConnection breaks every connection of the process called name to
	// the service, once. It may connect again at once. Optional.
	BreakConnection(name host.ProcessID) error
	// Cut lets nothing pass between the process called name and the service,
	// in silence, until Restore. Optional.
	Cut(name host.ProcessID) error
	// Restore undoes Cut.
	Restore(name host.ProcessID) error
}

// Run holds the services that open returns to the suite. Each case gets a new,
// empty one, or one whose znodes under "/coordtest" of earlier cases are gone;
// open registers its end with t.Cleanup.
func Run(t *testing.T, open func(t *testing.T) Service) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.run(newWorld(t, open(t))) })
	}
}
