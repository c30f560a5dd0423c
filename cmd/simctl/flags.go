package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/simctl/simctl/cmd/simctl/properties"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/scenarios"
	"github.com/simctl/simctl/scenarios/strategy"
)

// commonFlags are those of every command that runs scenarios.
type commonFlags struct {
	policy, grain, client, timers, out string
	strategy                           string
	strategies                         []string // that the command takes
	encode, json, quiet, wall          bool
	conf                               properties.Flags
}

func (c *commonFlags) add(cmd *cobra.Command, e *env) {
	f := cmd.Flags()
	f.StringVar(&c.policy, "policy", "hardened", "hardened, spark, or either with switches: spark,term-fencing=on")
	f.StringVar(&c.grain, "zk-grain", "", "the simulated ZooKeeper: ensemble (default), or service, half the steps")
	f.StringVar(&c.client, "zk-client", "", "the client library of those that use ZooKeeper: go-zookeeper (default) or curator")
	f.StringVar(&c.timers, "timers", "", "spark or fast, instead of the scenario's own")
	f.BoolVar(&c.encode, "encode", false, "encode and decode every simulated message")
	f.BoolVar(&c.wall, "with-wall", false, "add wall-clock figures to the lines of single runs")
	c.conf.Add(cmd)
	c.addOutput(cmd, e)
	complete(cmd, "policy", policyNames())
	complete(cmd, "zk-grain", []string{"service", "ensemble"})
	complete(cmd, "zk-client", []string{"curator", "go-zookeeper"})
	complete(cmd, "timers", []string{"fast", "spark"})
}

// addStrategy adds --strategy, which is one of several. Where mix is among them
// it is taken if none is given, else the first.
func (c *commonFlags) addStrategy(cmd *cobra.Command, of []strategy.Strategy) {
	def := of[0]
	for _, s := range of {
		c.strategies = append(c.strategies, string(s))
		if s == strategy.Mix {
			def = s
		}
	}
	cmd.Flags().StringVar(&c.strategy, "strategy", string(def), "how seeds become runs: "+strings.Join(c.strategies, ", "))
	complete(cmd, "strategy", c.strategies)
}

// addOutput adds --json, -q and -o alone.
func (c *commonFlags) addOutput(cmd *cobra.Command, e *env) {
	def := e.Getenv("SIMCTL_OUT")
	if def == "" {
		def = "out"
	}
	addJSON(cmd, &c.json)
	cmd.Flags().BoolVarP(&c.quiet, "quiet", "q", false, "no progress, and no story")
	cmd.Flags().StringVarP(&c.out, "out", "o", def, "directory for what is written")
}

func addJSON(cmd *cobra.Command, json *bool) {
	cmd.Flags().BoolVar(json, "json", false, "one JSON object a line on standard output")
}

// options checks what was given and returns it as the engine takes it.
func (c *commonFlags) options(cmd *cobra.Command) (runOptions, error) {
	o := runOptions{Grain: c.grain, Client: c.client, Timers: scenarios.TimersName(c.timers), Encode: c.encode, Out: c.out}
	var err error
	if o.Policy, err = policy.Parse(c.policy); err != nil {
		return o, fmt.Errorf("%w%s", err, nearPolicy(c.policy))
	}
	if o.Conf, err = c.conf.Read(cmd); err != nil {
		return o, err
	}
	if o.Strategy = strategy.Strategy(c.strategy); c.strategy == string(strategy.Guided) && !slices.Contains(c.strategies, c.strategy) {
		return o, fmt.Errorf("--strategy=guided: such a run depends on those of its sweep before it; replay its bundle")
	}
	for _, f := range [...][]string{
		append([]string{"strategy", c.strategy}, c.strategies...),
		{"zk-grain", c.grain, "service", "ensemble"}, {"zk-client", c.client, "curator", "go-zookeeper"}, {"timers", c.timers, "fast", "spark"},
	} {
		if err := oneOf(f[0], f[1], f[2:]...); err != nil {
			return o, err
		}
	}
	for _, name := range []string{"policy", "zk-grain", "zk-client", "timers", "encode", "conf", "properties-file", "strategy"} {
		o.Given = o.Given || cmd.Flags().Changed(name)
	}
	return o, nil
}

// nearPolicy suggests a name for the first one in a policy that is unknown.
func nearPolicy(text string) string {
	known := []string{"hardened", "spark"}
	for _, s := range policy.Switches() {
		known = append(known, s.Name)
	}
	for item := range strings.SplitSeq(text, ",") {
		if name, _, _ := strings.Cut(item, "="); !slices.Contains(known, name) {
			return didYouMean(name, known)
		}
	}
	return ""
}

// oneOf refuses a value that is neither empty nor among the legal ones.
func oneOf(flag, value string, legal ...string) error {
	if value == "" || slices.Contains(legal, value) {
		return nil
	}
	return fmt.Errorf("--%s=%s: want %s%s", flag, value, strings.Join(legal, " or "), didYouMean(value, legal))
}

// lookup returns the scenarios that the arguments name: names, subtrees and
// files; without any, all that a sweep runs.
func lookup(args []string) ([]scenarios.Scenario, error) {
	if len(args) == 0 {
		return scenarios.Default(), nil
	}
	var all []scenarios.Scenario
	seen := map[string]bool{}
	for _, arg := range args {
		found, err := lookupOne(arg)
		if err != nil {
			return nil, err
		}
		for _, s := range found {
			if !seen[s.Name] {
				all = append(all, s)
			}
			seen[s.Name] = true
		}
	}
	return all, nil
}

// lookupOne returns what one argument names. A name of the catalogue wins over
// a file of that name.
func lookupOne(arg string) ([]scenarios.Scenario, error) {
	found, unknown := scenarios.Lookup(arg)
	info, err := os.Stat(arg)
	file := strings.HasSuffix(arg, ".txt") || err == nil && info.Mode().IsRegular()
	if unknown == nil || !file {
		return found, unknown
	}
	text, err := os.ReadFile(arg)
	if err != nil {
		return nil, fmt.Errorf("read scenario: %w", err)
	}
	s, err := scenarios.Parse(arg, text)
	if err != nil {
		return nil, err
	}
	return []scenarios.Scenario{s}, nil
}

// single is lookup for commands that run one scenario.
func single(arg string) (scenarios.Scenario, error) {
	found, err := lookupOne(arg)
	if err != nil {
		return scenarios.Scenario{}, err
	}
	if len(found) != 1 {
		return scenarios.Scenario{}, fmt.Errorf("%s names %d scenarios; want one, or use sweep", arg, len(found))
	}
	return found[0], nil
}

// completeScenarios completes scenario names and their subtrees.
func completeScenarios(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	var names []string
	for _, s := range scenarios.All() {
		top, _, nested := strings.Cut(s.Name, "/")
		if tree := top + "/..."; nested && !slices.Contains(names, tree) {
			names = append(names, tree)
		}
		names = append(names, s.Name+"\t"+s.Doc)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

func complete(cmd *cobra.Command, flag string, values []string) {
	err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
	if err != nil {
		panic(err) // the flag is misspelled here
	}
}

func policyNames() []string {
	names := []string{"hardened", "spark"}
	for _, s := range policy.Switches() {
		names = append(names, s.Name+"=on", s.Name+"=off")
	}
	return names
}

// args wraps cobra's checks of arguments, which name no command.
func args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, given []string) error {
		if err := check(cmd, given); err != nil {
			return fmt.Errorf("%s: %w; usage: %s", cmd.Name(), err, cmd.UseLine())
		}
		return nil
	}
}
