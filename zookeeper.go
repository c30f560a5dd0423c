package simctl

import (
	"context"

	"github.com/simctl/simctl/zkserver"
)

// ZooKeeperOptions say what servers of the simulated ZooKeeper to run on this
// machine, over TCP on loopback.
type ZooKeeperOptions = zkserver.Options

// ServeZooKeeper runs servers until ctx is done.
func ServeZooKeeper(ctx context.Context, o ZooKeeperOptions) error { return zkserver.Serve(ctx, o) }

// ZooKeeperVerbs are what [ControlZooKeeper] can tell servers, each with what
// it does.
var ZooKeeperVerbs = zkserver.Verbs

// ControlZooKeeper tells the servers that run on the directory data what to do,
// by their numbers, and returns the status then.
func ControlZooKeeper(data, verb string, servers []string) (string, error) {
	return zkserver.Control(data, verb, servers)
}

// ZooKeeperBenchOptions say what [BenchZooKeeper] measures.
type ZooKeeperBenchOptions = zkserver.BenchOptions

// ZooKeeperBenchRow is one of its results.
type ZooKeeperBenchRow = zkserver.BenchRow

// BenchZooKeeper measures servers of ours and Debian's ZooKeeper in turn, under
// the same load by the same clients, and tells each row.
func BenchZooKeeper(ctx context.Context, o ZooKeeperBenchOptions, each func(ZooKeeperBenchRow)) error {
	return zkserver.Bench(ctx, o, each)
}
