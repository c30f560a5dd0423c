package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/simctl/simctl"
	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/cmd/simctl/exit"
	"github.com/simctl/simctl/impl/live/program"
	"github.com/simctl/simctl/reports"
)

func newSoak(e *env) *cobra.Command {
	var common commonFlags
	var o soakOptions
	var seedText string
	cmd := &cobra.Command{
		Use:   "soak [SCENARIO]",
		Short: "Run real processes on ZooKeeper under real faults",
		Long: "Start masters, workers and clients as processes of this program on this machine, over servers of ZooKeeper:\n" +
			"three of `simctl zk`, three of Debian's, or an ensemble that stands. Stop, kill, pause and cut off the active master\n" +
			"at random moments; kill and stop workers, and servers that were started here, one at a time. The same properties\n" +
			"judge. Everything that was started is gone at the end, also after Ctrl-C.\n\n" +
			"With a SCENARIO its processes, work and faults are had instead, as --seed draws them; `list scenarios --json` says which\n" +
			"ones real processes can have. With a longer --for it is played again and again.",
		Example:           "  simctl soak --for=10m\n  simctl soak failover/kill --zk=debian\n  simctl soak --zk=127.0.0.1:2181",
		Args:              args(cobra.MaximumNArgs(1)),
		ValidArgsFunction: completeScenarios,
		RunE: func(cmd *cobra.Command, args []string) error {
			run, err := common.options(cmd)
			if err != nil {
				return err
			}
			o.Policy, o.Timers, o.Conf, o.Out = run.Policy, run.Timers, run.Conf, run.Out
			if o.Seed, err = simctl.ParseSeed(seedText); err != nil {
				return err
			}
			if err := o.take(cmd, args); err != nil {
				return err
			}
			if err := checkSoak(&o); err != nil {
				return err
			}
			return runSoak(cmd, e, &common, &o)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&common.policy, "policy", "hardened", "hardened, spark, or either with switches")
	flags.StringVar(&common.timers, "timers", "fast", "spark or fast")
	common.conf.Add(cmd)
	common.addOutput(cmd, e)
	flags.StringVar(&o.Service, "zk", "embedded", "embedded (three servers of simctl zk), debian (three of Debian's ZooKeeper) or HOST:PORT,... of an ensemble")
	flags.DurationVar(&o.For, "for", 5*time.Minute, "how long faults go on (of a scenario, its own time)")
	flags.IntVar(&o.Masters, "masters", 3, "master processes, from 2")
	flags.IntVar(&o.Workers, "workers", 3, "worker processes")
	flags.IntVar(&o.Clients, "clients", 2, "client processes")
	flags.StringVar(&seedText, "seed", "1", "of what is drawn: faults and their moments")
	complete(cmd, "policy", policyNames())
	complete(cmd, "timers", []string{"fast", "spark"})
	return cmd
}

// take reads the scenario, if there is one: it says itself what is started.
func (o *soakOptions) take(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	s, err := single(args[0])
	if err != nil {
		return err
	}
	for _, name := range []string{"masters", "workers", "clients"} {
		if cmd.Flags().Changed(name) {
			return fmt.Errorf("soak %s: --%s contradicts the scenario's own topology", s.Name, name)
		}
	}
	if !cmd.Flags().Changed("for") {
		o.For = s.Safety
	}
	o.Scenario, o.Masters, o.Workers, o.Clients = &s, s.Masters, s.Workers, s.Clients
	return simctl.RunsLive(&s)
}

// what is the scenario, behind a space; nothing without one.
func (o *soakOptions) what() string {
	if o.Scenario == nil {
		return ""
	}
	return " " + o.Scenario.Name
}

func checkSoak(o *soakOptions) error {
	switch {
	case o.For <= 0:
		return fmt.Errorf("soak: --for=%s: want more than nothing", o.For)
	case o.Scenario == nil && (o.Masters < 2 || o.Workers < 1 || o.Clients < 1):
		return fmt.Errorf("soak: %d masters, %d workers, %d clients: want at least 2, 1 and 1", o.Masters, o.Workers, o.Clients)
	case o.Service == "debian" || o.Service == "embedded":
		return nil
	}
	return program.CheckAddrs("zk", addrs(strings.Split(o.Service, ",")))
}

func runSoak(cmd *cobra.Command, e *env, common *commonFlags, o *soakOptions) error {
	if !common.quiet {
		fmt.Fprintf(e.Stderr, "soak%s for %s  seed=%d  policy=%s  zk=%s  %d masters, %d workers, %d clients\n",
			o.what(), o.For, o.Seed, o.Policy, o.Service, o.Masters, o.Workers, o.Clients)
	}
	var printing error
	t, err := e.engine.Soak(cmd.Context(), *o, func(f reports.SoakFault) {
		f.Schema = reports.FaultSchema
		switch {
		case common.json && printing == nil:
			printing = reports.WriteLine(e.Stdout, f)
		case !common.json && !common.quiet:
			fmt.Fprintf(e.Stderr, "%9s  %s%s\n", reports.Span(f.AtNs), f.Fault, failoverWords(f))
		}
	})
	if err != nil {
		return err
	}
	if printing != nil {
		return printing
	}
	t.Schema = reports.SoakSchema
	if err := e.printSoak(t, common); err != nil {
		return err
	}
	final := map[checker.Verdict]status{checker.Violation: violated, checker.Inconclusive: inconclusive}[t.Verdict]
	return exit.Worse(final, exit.Interruption(cmd.Context())).AsError()
}

func failoverWords(f reports.SoakFault) string {
	if f.Failover == nil {
		return ""
	}
	return ": failover in " + reports.Span(f.Failover.TotalNs)
}

func (e *env) printSoak(t *soakOutcome, common *commonFlags) error {
	if common.json {
		return reports.WriteLine(e.Stdout, t.SoakLine)
	}
	if t.Story != "" && !common.quiet {
		fmt.Fprintf(e.Stdout, "%s\n\n", strings.TrimRight(t.Story, "\n"))
	}
	fmt.Fprint(e.Stdout, e.colours().verdicts(t.Findings))
	for _, cause := range sortedKeys(t.ByCause) {
		fmt.Fprintf(e.Stdout, "  failovers by %-12s %d\n", cause, t.ByCause[cause])
	}
	for _, a := range t.Applications {
		fmt.Fprintf(e.Stdout, "  applications in %-10s %d of %d finished\n", a.Mode, a.Finished, a.Submitted)
	}
	_, err := fmt.Fprintf(e.Stdout, "  ZooKeeper %s, %d servers lost   %d failovers   %s acknowledged, %d lost   bundle %s\n  verdict    %s  seed=%d\n",
		t.ZK, t.ServerLosses, t.Failovers, reports.Thousands(t.Acked), t.Lost, t.Bundle, t.Verdict, t.Seed)
	return err
}
