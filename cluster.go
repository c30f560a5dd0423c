package simctl

import (
	"context"

	"github.com/simctl/simctl/impl/live/cluster"
)

// ClusterOptions say what a live cluster to play with is.
type ClusterOptions = cluster.Options

// A ClusterProcess is one process of it, as it was seen.
type ClusterProcess = cluster.Process

// A ClusterJob is what somebody submits to it.
type ClusterJob = cluster.Job

// UpCluster starts a cluster and carries out what [TellCluster] says until ctx
// is done or it is told to end.
func UpCluster(ctx context.Context, o ClusterOptions) error { return cluster.Up(ctx, o) }

// TellCluster tells the cluster that runs on a directory what to do: status,
// stop, kill, start, backup or down, and names of processes, or a directory.
func TellCluster(data, verb string, names ...string) ([]ClusterProcess, error) {
	return cluster.Tell(data, verb, names...)
}

// SubmitToCluster submits a job to the master that is ALIVE and returns its
// driver's ID.
func SubmitToCluster(ctx context.Context, data string, j ClusterJob) (string, error) {
	return cluster.Submit(ctx, data, j)
}

// AwaitInCluster returns how a driver ended, once it has.
func AwaitInCluster(ctx context.Context, data, driver string) (string, error) {
	return cluster.Wait(ctx, data, driver)
}
