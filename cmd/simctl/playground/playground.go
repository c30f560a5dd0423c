// Package playground is the command cluster: a small live cluster to play with.
package playground

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/simctl/simctl"
	"github.com/simctl/simctl/cmd/simctl/properties"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/scenarios"
)

// A command is what the subcommands share.
type command struct {
	out, warn io.Writer
	data      string
	json      bool
}

// New returns the command. It prints to out, and what goes wrong to warn;
// strict makes flags refuse what is given twice, and args words the refusal of
// arguments.
func New(out, warn io.Writer, args func(cobra.PositionalArgs) cobra.PositionalArgs, strict func(*pflag.FlagSet)) *cobra.Command {
	c, noArgs := &command{out: out, warn: warn}, args(cobra.NoArgs)
	cmd := &cobra.Command{
		Use:   "cluster",
		Short: "A small live cluster to play with: up, status, submit, stop, start, backup, down",
		Long: "A small live cluster on loopback: masters, workers and servers of ZooKeeper, a process each. `cluster up` runs it\n" +
			"until it is interrupted or told `cluster down`; the other commands find it by its directory, --data. Processes\n" +
			"are called m1, w1, z1 and so on, and the master that is ALIVE is `active`.",
		Example: "  simctl cluster up --masters=3 --workers=3 &\n  simctl cluster submit --pi=20 --wait\n  simctl cluster stop active --kill\n" +
			"  simctl cluster status\n  simctl cluster start\n  simctl cluster down",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(c.up(noArgs), c.status(noArgs), c.submit(noArgs), c.stop(), c.start(), c.backup(args(cobra.ExactArgs(1))), c.down(noArgs))
	for _, sub := range cmd.Commands() {
		sub.Flags().StringVar(&c.data, "data", "simctl-cluster", "the directory that the cluster runs on")
		sub.DisableFlagsInUseLine = true
		strict(sub.Flags())
	}
	return cmd
}

func (c *command) up(noArgs cobra.PositionalArgs) *cobra.Command {
	var o simctl.ClusterOptions
	var set properties.Flags
	var policyText, timers, zk string
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Start a cluster and run it until it is interrupted or told to go down",
		Long: "Start a cluster and run it until it is interrupted or told `cluster down`. Its files are kept: the next `up` on\n" +
			"the same directory begins with them.",
		Example: "  simctl cluster up --masters=3 --workers=3\n  simctl cluster up --from=saved --data=again",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if o.Policy, err = policy.Parse(policyText); err != nil {
				return err
			}
			if timers != string(scenarios.Fast) && timers != string(scenarios.Spark) {
				return fmt.Errorf("--timers=%s: want fast or spark", timers)
			}
			if zk != "embedded" && zk != "debian" {
				return fmt.Errorf("--zk=%s: want embedded or debian", zk)
			}
			o.Timers, o.Debian = scenarios.TimersName(timers), zk == "debian"
			if o.Conf, err = set.Read(cmd); err != nil {
				return err
			}
			if o.Program, err = os.Executable(); err != nil {
				return err
			}
			if o.Data, err = filepath.Abs(c.data); err != nil {
				return err
			}
			o.Out, o.Warn = c.out, c.warn
			fmt.Fprintf(c.warn, "steer with: simctl cluster status|submit|stop|start|backup|down --data=%s\n", c.data)
			return simctl.UpCluster(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.IntVar(&o.Masters, "masters", 3, "master processes")
	f.IntVar(&o.Workers, "workers", 3, "worker processes")
	f.IntVar(&o.Servers, "servers", 3, "servers of ZooKeeper")
	f.Int64Var(&o.Cores, "cores", 4, "cores of a worker")
	f.Int64Var(&o.Memory, "memory", 4096, "memory of a worker, in MiB")
	f.StringVar(&zk, "zk", "embedded", "embedded (servers of simctl zk) or debian (Debian's ZooKeeper)")
	f.StringVar(&o.From, "from", "", "a directory of `cluster backup`: the servers begin with what was in it")
	f.StringVar(&policyText, "policy", "hardened", "hardened, spark, or either with switches")
	f.StringVar(&timers, "timers", "fast", "spark or fast")
	set.Add(cmd)
	return cmd
}

func (c *command) status(noArgs cobra.PositionalArgs) *cobra.Command {
	cmd := &cobra.Command{
		Use: "status", Short: "Print the processes and what they are", Args: noArgs, Example: "  simctl cluster status --json",
		RunE: func(*cobra.Command, []string) error { return c.tell("status") },
	}
	cmd.Flags().BoolVar(&c.json, "json", false, "one line of JSON")
	return cmd
}

func (c *command) stop() *cobra.Command {
	var kill bool
	cmd := &cobra.Command{
		Use: "stop PROCESS...", Short: "Ask processes to end (SIGTERM), or kill them", Example: "  simctl cluster stop active --kill",
		RunE: func(_ *cobra.Command, names []string) error {
			if kill {
				return c.tell("kill", names...)
			}
			return c.tell("stop", names...)
		},
	}
	cmd.Flags().BoolVar(&kill, "kill", false, "kill them (SIGKILL)")
	return cmd
}

func (c *command) start() *cobra.Command {
	return &cobra.Command{
		Use: "start [PROCESS...]", Short: "Start processes that do not run; all of them if none is named", Example: "  simctl cluster start m1",
		RunE: func(_ *cobra.Command, names []string) error { return c.tell("start", names...) },
	}
}

func (c *command) backup(oneArg cobra.PositionalArgs) *cobra.Command {
	return &cobra.Command{
		Use: "backup DIR", Short: "Copy the snapshots and logs of the servers of ZooKeeper", Args: oneArg,
		Example: "  simctl cluster backup saved\n  simctl cluster up --from=saved --data=again",
		RunE: func(_ *cobra.Command, args []string) error {
			dir, err := filepath.Abs(args[0])
			if err != nil {
				return err
			}
			_, err = simctl.TellCluster(c.data, "backup", dir)
			return err
		},
	}
}

func (c *command) down(noArgs cobra.PositionalArgs) *cobra.Command {
	return &cobra.Command{
		Use: "down", Short: "End the cluster; its files are kept", Args: noArgs, Example: "  simctl cluster down",
		RunE: func(*cobra.Command, []string) error {
			_, err := simctl.TellCluster(c.data, "down")
			return err
		},
	}
}

// tell has something done, and prints what runs then.
func (c *command) tell(verb string, names ...string) error {
	ps, err := simctl.TellCluster(c.data, verb, names...)
	if err != nil {
		return err
	}
	if c.json {
		return json.NewEncoder(c.out).Encode(struct {
			Schema    string                  `json:"schema"`
			Processes []simctl.ClusterProcess `json:"processes"`
		}{"simctl/cluster/v1", ps})
	}
	for _, p := range ps {
		pid, state := fmt.Sprintf("pid=%d", p.PID), p.State
		if !p.Running {
			pid, state = "-", "down"
		}
		fmt.Fprintf(c.out, "%-3s %-21s %-11s %-18s %s\n", p.Name, p.Addr, pid, state, p.Page)
	}
	return nil
}

func (c *command) submit(noArgs cobra.PositionalArgs) *cobra.Command {
	var j simctl.ClusterJob
	var wait bool
	var patience time.Duration
	cmd := &cobra.Command{
		Use: "submit", Short: "Submit a job to the master that is ALIVE", Args: noArgs,
		Long: "Submit a job to the master that is ALIVE; if there is none, as during a failover, wait for one. It prints the\n" +
			"driver's ID and, with --wait, how it ended.",
		Example: "  simctl cluster submit --for=5s --supervise\n  simctl cluster submit --pi=20 --executors=2 --wait",
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), patience)
			defer cancel()
			id, err := simctl.SubmitToCluster(ctx, c.data, j)
			if err != nil {
				return err
			}
			if !wait {
				fmt.Fprintln(c.out, id)
				return nil
			}
			state, err := simctl.AwaitInCluster(ctx, c.data, id)
			if err != nil {
				return fmt.Errorf("%s: %w", id, err)
			}
			fmt.Fprintln(c.out, id, state)
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&j.Name, "name", "job", "its name")
	f.Int64Var(&j.Cores, "cores", 1, "cores of its driver")
	f.Int64Var(&j.Memory, "memory", 256, "memory of its driver and of each executor, in MiB")
	f.BoolVar(&j.Supervise, "supervise", false, "run it again when it fails or its worker is lost")
	f.DurationVar(&j.RunFor, "for", time.Second, "how long it runs")
	f.Int64Var(&j.Exit, "exit", 0, "its exit status")
	f.Int64Var(&j.Tasks, "pi", 0, "be an application that computes pi in so many tasks")
	f.Int64Var(&j.Executors, "executors", 2, "with --pi: how many executors it asks for")
	f.BoolVar(&wait, "wait", false, "wait until it has ended")
	f.DurationVar(&patience, "patience", 2*time.Minute, "how long to wait for a master, and with --wait for the end")
	return cmd
}
