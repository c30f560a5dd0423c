package program

import (
	"fmt"
	"hash/fnv"
	"net"
	"strconv"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/wire"
)

// loopback is the machine that processes without an address of their own listen on.
const loopback = "127.0.0.1"

// onFreePort returns the arguments of a driver with a free port for its
// executors, one of those that it may have, if they are told. Whoever starts a
// driver counts ports up as if it had the machine for itself; live it shares
// one with others.
func onFreePort(args, id string, ports []int) (string, error) {
	a, err := wire.ParseDriverArgs(args)
	if err != nil || a.Job.Kind == wire.NoJob {
		return args, err
	}
	name, _, err := net.SplitHostPort(string(a.Listen))
	if err != nil {
		return "", fmt.Errorf("a driver's address: %w", err)
	}
	if len(ports) > 0 {
		a.Listen, err = oneOf(ports, name, id)
	} else {
		a.Listen, err = concrete(host.Addr(net.JoinHostPort(name, "0")))
	}
	if err != nil {
		return "", err
	}
	return a.JSON(), nil
}

// oneOf finds a port at which nobody listens. Drivers that begin together look
// from different ones on.
func oneOf(ports []int, name, id string) (host.Addr, error) {
	h := fnv.New32a()
	h.Write([]byte(id))
	first := int(h.Sum32() % uint32(len(ports)))
	for i := range ports {
		at := net.JoinHostPort(name, strconv.Itoa(ports[(first+i)%len(ports)]))
		if l, err := net.Listen("tcp", at); err == nil {
			l.Close()
			return host.Addr(at), nil
		}
	}
	return "", fmt.Errorf("a driver's address: all of %d ports are taken", len(ports))
}
