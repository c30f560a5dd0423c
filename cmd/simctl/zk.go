package main

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/simctl/simctl"
)

func newZK(e *env) *cobra.Command {
	o := simctl.ZooKeeperOptions{Out: e.Stdout}
	cmd := &cobra.Command{
		Use:   "zk",
		Short: "Be a ZooKeeper: servers on loopback, for any client",
		Long: "Be a ZooKeeper ensemble on loopback, for any client, until interrupted; print the servers' addresses.\n" +
			"With --config, be the one server that a zoo.cfg describes.",
		Example: "  simctl zk --servers=3 --port=2181\n  simctl zk --data=/var/tmp/zk --tick=500ms",
		Args:    args(cobra.NoArgs),
		RunE:    func(cmd *cobra.Command, _ []string) error { return simctl.ServeZooKeeper(cmd.Context(), o) },
	}
	f := cmd.Flags()
	f.IntVar(&o.Servers, "servers", 1, "how many servers")
	f.IntVar(&o.Port, "port", 2181, "client port of the first server; the others' follow")
	f.StringVar(&o.Data, "data", "", "directory of their files (default gone at the end)")
	f.DurationVar(&o.Tick, "tick", 2*time.Second, "tickTime")
	f.BoolVar(&o.ExtendedTypes, "ttl", false, "allow TTL znodes")
	f.StringVar(&o.Config, "config", "", "a zoo.cfg: be the server that it describes")
	return cmd
}
