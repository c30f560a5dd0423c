package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/simctl/simctl"
	"github.com/simctl/simctl/cmd/simctl/properties"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/scenarios"
)

// nodeKinds are the processes that node can be.
var nodeKinds = []string{"master", "worker", "client", "driver", "executor", "ledger", "probe"}

func newNode(e *env) *cobra.Command {
	var o nodeOptions
	var policyText, timers, seedText string
	var set properties.Flags
	var zk, masters []string
	cmd := &cobra.Command{
		Use:       "node KIND",
		Short:     "Be one real process: " + strings.Join(nodeKinds, ", "),
		Long:      "Be one real process, as soak starts them. It listens on loopback unless told otherwise.",
		Example:   "  simctl node master --zk=127.0.0.1:2181 --listen=127.0.0.1:7077\n  simctl node worker --masters=127.0.0.1:7077,127.0.0.1:7078",
		Args:      args(cobra.ExactArgs(1)),
		ValidArgs: nodeKinds,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Kind = args[0]
			if err := oneOfArgs(o.Kind, nodeKinds); err != nil {
				return err
			}
			var err error
			if o.Policy, err = policy.Parse(policyText); err != nil {
				return err
			}
			if err := oneOf("timers", timers, "fast", "spark"); err != nil {
				return err
			}
			o.Timers = scenarios.TimersName(timers)
			if o.Conf, err = set.Read(cmd); err != nil {
				return err
			}
			if o.Seed, err = simctl.ParseSeed(seedText); err != nil {
				return err
			}
			o.ZK, o.Masters = addrs(zk), addrs(masters)
			if err := o.Check(); err != nil {
				return err
			}
			s, err := e.engine.Node(cmd.Context(), o)
			if err != nil {
				return err
			}
			return ownStatus(s)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.ID, "id", "", "name of the process (default its kind)")
	f.Uint32Var(&o.Incarnation, "incarnation", 1, "counts the starts of the process, from 1")
	f.StringVar((*string)(&o.Listen), "listen", "127.0.0.1:0", "HOST:PORT to listen at")
	f.StringVar(&o.HTTP, "http", "", "HOST:PORT of a master's or worker's status page (default none)")
	f.StringVar(&o.REST, "rest", "127.0.0.1:6066", "HOST:PORT where a master takes submissions over HTTP (or the next free port), or none")
	f.StringSliceVar(&zk, "zk", nil, "HOST:PORT,... of the ensemble")
	f.StringVar(&o.Dir, "dir", "/spark", "root of the cluster's znodes")
	f.StringSliceVar(&masters, "masters", nil, "HOST:PORT,... of the masters")
	f.Int64Var(&o.Cores, "cores", 4, "cores of a worker")
	f.Int64Var(&o.Memory, "memory", 4096, "memory of a worker, in MiB")
	f.StringVar(&policyText, "policy", "hardened", "hardened, spark, or either with switches")
	f.StringVar(&timers, "timers", "spark", "spark or fast")
	set.Add(cmd)
	f.StringVar(&seedText, "seed", "1", "of what the process draws")
	f.StringVar(&o.Record, "record", "", "file that what it does is appended to")
	f.StringVar(&o.Data, "data", "", "directory of its files")
	f.StringSliceVar(&o.Routes, "route", nil, "ADDRESS=INSTEAD,...: where to dial instead of addresses")
	f.IntSliceVar(&o.DriverPorts, "driver-ports", nil, "PORT,...: where drivers of applications may listen, one each (default any free one)")
	f.StringVar(&o.Clock, "clock", "", "file that says how far the wall clock is off, in nanoseconds")
	f.IntVar(&o.Format, "format", 0, "by how many releases a master's records are later than this one's, to try an upgrade")
	f.StringVar(&o.Trouble, "trouble", "", "file that says what is wrong with the machine, as soak writes it")
	f.StringVar(&o.Args, "args", "", "what the kind makes of it, a JSON object, or @FILE that holds it")
	return cmd
}

// An ownStatus is the exit status of a real process, which tells its parent
// how it ended: nothing may change it, not even that it was told to end.
type ownStatus int

// Error returns the status in words.
func (s ownStatus) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

func oneOfArgs(given string, legal []string) error {
	for _, l := range legal {
		if l == given {
			return nil
		}
	}
	return fmt.Errorf("node: no kind %q%s", given, didYouMean(given, legal))
}
