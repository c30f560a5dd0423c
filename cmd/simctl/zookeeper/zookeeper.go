// Package zookeeper is the command zk: it runs servers of the simulated
// ZooKeeper, and tells those that run what to do.
package zookeeper

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/simctl/simctl"
)

// New returns the command. It prints the servers to out, and what goes wrong
// to warn; strict makes flags refuse what is given twice, and noArgs is the
// refusal of arguments.
func New(out, warn io.Writer, noArgs cobra.PositionalArgs, strict func(*pflag.FlagSet)) *cobra.Command {
	o := simctl.ZooKeeperOptions{Out: out, Warn: warn}
	cmd := &cobra.Command{
		Use:   "zk",
		Short: "Be a ZooKeeper: servers on loopback, for any client",
		Long: "Be a ZooKeeper ensemble on loopback, for any client, until interrupted. Each server is a process of its own;\n" +
			"once all of them serve, each is printed as `z1 127.0.0.1:2181 pid=123`. Kill one by its pid, or by the commands\n" +
			"below, and start it again by `zk start` or by sending SIGHUP to this program; its data is kept.\n" +
			"With --config, be the one server that a zoo.cfg describes, in this process.",
		Example: "  simctl zk --servers=3 --port=2181\n  simctl zk --servers=3 --data=/var/tmp/zk --tick=500ms\n" +
			"  simctl zk kill 2 --data=/var/tmp/zk\n  simctl zk start 2 --data=/var/tmp/zk\n  simctl zk --config=zoo.cfg",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if o.Program, err = os.Executable(); err != nil {
				return err
			}
			return simctl.ServeZooKeeper(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.IntVar(&o.Servers, "servers", 1, "how many servers")
	f.IntVar(&o.Port, "port", 2181, "client port of the first server; the others' follow")
	f.StringVar(&o.Data, "data", "", "directory of their files (default gone at the end)")
	f.DurationVar(&o.Tick, "tick", 2*time.Second, "tickTime")
	f.BoolVar(&o.ExtendedTypes, "ttl", false, "allow TTL znodes")
	f.BoolVar(&o.NoSync, "no-sync", false, "do not sync the log to the disk: a crash of the machine may lose writes")
	f.IntVar(&o.MaxClientCnxns, "max-client-cnxns", 0, "connections of one address to one server (default any number)")
	f.StringVar(&o.Config, "config", "", "a zoo.cfg: be the server that it describes")
	f.StringVar(&o.Record, "record", "", "with --config: append what the server notes to this file, for the judges")
	f.Uint32Var(&o.Incarnation, "incarnation", 1, "with --record: how often the server has been started")
	f.StringVar(&o.Trouble, "trouble", "", "with --config: file that says what is wrong with the machine, as soak writes it")
	f.StringSliceVar(&o.Routes, "route", nil, "with --config: ADDRESS=INSTEAD,...: where to dial instead of other servers' addresses")
	for _, v := range simctl.ZooKeeperVerbs {
		sub := newVerb(out, v.Name, v.Doc)
		strict(sub.Flags())
		cmd.AddCommand(sub)
	}
	return cmd
}

// newVerb is a command to servers that run.
func newVerb(out io.Writer, verb, doc string) *cobra.Command {
	var data string
	cmd := &cobra.Command{
		Use:     verb + " [SERVER...]",
		Short:   doc,
		Example: "  simctl zk " + verb + " 2 --data=/var/tmp/zk",
		RunE: func(_ *cobra.Command, servers []string) error {
			if data == "" {
				return errors.New("zk " + verb + ": --data: which servers? Give the directory that they run on")
			}
			text, err := simctl.ControlZooKeeper(data, verb, servers)
			if err == nil {
				_, err = fmt.Fprint(out, text)
			}
			return err
		},
	}
	cmd.Flags().StringVar(&data, "data", "", "the directory that the servers run on")
	cmd.DisableFlagsInUseLine = true
	return cmd
}
