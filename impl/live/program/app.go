package program

import (
	"fmt"
	"net"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/wire"
)

// loopback is the machine that processes without an address of their own listen on.
const loopback = "127.0.0.1"

// onFreePort returns the arguments of a driver with a free port for its
// executors. Whoever starts a driver counts ports up as if it had the machine
// for itself; live it shares one with others.
func onFreePort(args string) (string, error) {
	a, err := wire.ParseDriverArgs(args)
	if err != nil || a.Job.Kind == wire.NoJob {
		return args, err
	}
	name, _, err := net.SplitHostPort(string(a.Listen))
	if err != nil {
		return "", fmt.Errorf("a driver's address: %w", err)
	}
	if a.Listen, err = concrete(host.Addr(net.JoinHostPort(name, "0"))); err != nil {
		return "", err
	}
	return a.JSON(), nil
}
