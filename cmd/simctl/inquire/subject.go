package inquire

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/simctl/simctl"
	"github.com/simctl/simctl/cmd/simctl/properties"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/scenarios"
	"github.com/simctl/simctl/scenarios/strategy"
)

// subject is what a command is about: the flags of a run that is not a bundle.
type subject struct {
	policy, grain, client, timers, strategy, out string
	json, quiet                                  bool
	conf                                         properties.Flags
}

func (s *subject) add(cmd *cobra.Command, p Parts) {
	f := cmd.Flags()
	f.StringVar(&s.policy, "policy", "hardened", "of SCENARIO:SEED: hardened, spark, or either with switches: spark,term-fencing=on")
	f.StringVar(&s.grain, "zk-grain", "", "of SCENARIO:SEED: ensemble (default), or service")
	f.StringVar(&s.client, "zk-client", "", "of SCENARIO:SEED: go-zookeeper (default) or curator")
	f.StringVar(&s.timers, "timers", "", "of SCENARIO:SEED: spark or fast, instead of the scenario's own")
	f.StringVar(&s.strategy, "strategy", "", "of SCENARIO:SEED: how the seed becomes a run, as sweep has it (default random)")
	s.conf.Add(cmd)
	f.BoolVar(&s.json, "json", false, "one JSON object on standard output")
	f.BoolVarP(&s.quiet, "quiet", "q", false, "no progress")
	def := p.Getenv("SIMCTL_OUT")
	if def == "" {
		def = "out"
	}
	f.StringVarP(&s.out, "out", "o", def, "directory for what is written")
}

// ranged cuts a range of seeds off an argument, as "NAME:1-9".
func ranged(arg string) (string, simctl.SeedList) {
	i := strings.LastIndexByte(arg, ':')
	if i < 0 || !strings.ContainsAny(arg[i:], "-,") || strings.HasSuffix(arg, "-") {
		return arg, nil
	}
	seeds, err := simctl.ParseSeeds(arg[i+1:], nil)
	if err != nil {
		return arg, nil
	}
	return arg[:i] + ":0", seeds
}

// target reads the argument of the command.
func (s *subject) target(cmd *cobra.Command, arg string) (*simctl.Target, error) {
	t, err := simctl.ParseTarget(arg)
	if err != nil {
		return nil, err
	}
	given := func(name string) bool { return cmd.Flags().Changed(name) }
	if t.Dir != "" {
		if slices.ContainsFunc([]string{"policy", "zk-grain", "zk-client", "timers", "strategy", "conf", "properties-file"}, given) {
			return nil, fmt.Errorf("%s: %s holds its own policy, grain, timers and configuration; leave out those flags", cmd.Name(), t.Dir)
		}
		return t, nil
	}
	if t.Options.Policy, err = policy.Parse(s.policy); err != nil {
		return nil, err
	}
	if t.Options.Conf, err = s.conf.Read(cmd); err != nil {
		return nil, err
	}
	if t.Options.Strategy, err = strategy.Parse(s.strategy); err != nil {
		return nil, err
	}
	for _, f := range [...][]string{
		{"zk-grain", s.grain, "", "service", "ensemble"}, {"zk-client", s.client, "", "curator", "go-zookeeper"}, {"timers", s.timers, "", "fast", "spark"},
	} {
		if !slices.Contains(f[2:], f[1]) {
			return nil, fmt.Errorf("--%s=%s: want %s", f[0], f[1], strings.Join(f[3:], " or "))
		}
	}
	t.Options.Grain, t.Options.ZKClient, t.Options.Timers = s.grain, s.client, scenarios.TimersName(s.timers)
	return t, nil
}
