package simctl_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl"
	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/scenarios"
)

// brokenOnPurpose are scenarios about ZooKeeper, each with one line changed, so
// that a run no longer shows what the scenario says: some run of the first few
// seeds must be refused, in these words.
var brokenOnPurpose = []struct{ scenario, line, instead, refused string }{
	{"zk/no-quorum", "kill z2", "clock-jump z2 by=1s", "no-service: p1 was answered"},
	{"zk/largest-id-wins", "probe p1", "server z1 zxid=1\nprobe p1", "leader z3: the leader is z1"},
	{"zk/myid-changed", "renumber z1 id=4", "backup z1", "leader z1: the leader is z"},
	{"zk/myid-mismatch", "server z2 myid=5", "server z2", "z2 fails my id 5"},
	{"zk/leader-lost-next-largest", "at=13s..14s kill zk-leader", "at=13s..14s kill p1", "leader z3: the leader is z4"},
	{"zk/fle-smooth", "server z3 zxid=5", "server z3 zxid=7", "leader z1: the leader is z3"},
	{"zk/fle-delayed", "by=27ms", "by=1ms", "z2 elects z3: the run does not show it"},
	{"zk/leader-is-not-master", "policy=hardened", "policy=spark", "no-failover: at"},
	{"zk/lagging-follower", "by=400ms", "by=1us", "p2 get /a => one: answered two"},
	{"zk/sync", "op at=4.1s p2 sync /a => ok\n", "", "p2 get /a => two: answered one"},
	{"zk/recipes/config", "op at=18s p1 set /config data=three => ok\n", "", "p2 recipe value three: the run does not show it"},
	{"zk/recipes/discovery", "at=8s kill p1\n", "at=9s stop p1\n", "no-recipe members p2: at"},
	{"zk/recipes/group", "for=10s host-loss p2", "for=2s host-loss p2", "p1 recipe members p1,p2,p3: the run does not show it"},
	{"zk/recipes/lock", "pause=100ms..1s\n", "pause=100ms..1s unfenced\n", "after the owner of"},
	{"zk/recipes/multi", "p3 multi set /accounts/a data=7 ; create /accounts/a data=8 => error node-exists", "p3 set /accounts/a data=7", "total 100: it told total"},
	{"zk/local-sessions", "ensemble local=yes\n", "", "ephemeral => error error: answered ok"},
	{"zk/local-sessions-upgraded", "local=upgrade", "local=yes", "ephemeral => ok: answered error"},
	{"zk/backup-restore", "at=12s restore z1", "at=12s partition z1 | z2 z3", "p2 get /a => two"},
	{"zk/log-replay", "at=10s tear z1", "at=20s restore servers", "p2 get /a => three"},
	{"zk/leader-lost", "at=20s kill p3\n", "", "p2 event /e deleted: the run does not show it"},
	{"zk/workload", "sometimes service-lost\n", "at=20s for=4s kill servers\nat=21s restore servers\nsometimes service-lost\n", "committed-is-durable"},
	{"tuning/tick-and-session", "sync=2", "sync=20", "must leader-changed"},
}

// TestBrokenScenariosAreRefused changes one thing about each scenario that must
// not be missed.
func TestBrokenScenariosAreRefused(t *testing.T) {
	for _, b := range brokenOnPurpose {
		t.Run(b.scenario, func(t *testing.T) {
			t.Parallel()
			text := scenario(t, b.scenario).String()
			require.Contains(t, text, b.line)
			s, err := scenarios.Parse(b.scenario, []byte(strings.ReplaceAll(text, b.line, b.instead)))
			require.NoError(t, err)
			var refused []string
			for seed := uint64(1); seed <= 12; seed++ {
				r, err := simctl.Run(context.Background(), s, seed, simctl.Options{Policy: brokenPolicy(b.scenario)})
				require.NoError(t, err)
				if why := unmet(r); strings.Contains(why, b.refused) {
					return
				} else if why != "" {
					refused = append(refused, fmt.Sprintf("seed %d: %s", seed, why))
				}
			}
			t.Fatalf("no run was refused with %q; others were with\n%s", b.refused, strings.Join(refused, "\n"))
		})
	}
}

// brokenPolicy is spark where the broken line is one about hardened.
func brokenPolicy(name string) policy.Policy {
	if name == "zk/leader-is-not-master" {
		return policy.Spark
	}
	return policy.Hardened
}

// unmet is what a run's judges did not pass.
func unmet(r *simctl.Result) string {
	var out []string
	for _, f := range r.Findings {
		if f.Verdict != checker.Pass {
			out = append(out, f.Property+" "+f.Detail)
		}
	}
	return strings.Join(out, "\n")
}

// TestEveryScenarioOfZooKeeperHasABrokenTwin keeps the table above complete.
func TestEveryScenarioOfZooKeeperHasABrokenTwin(t *testing.T) {
	has := map[string]bool{}
	for _, b := range brokenOnPurpose {
		has[b.scenario] = true
	}
	for _, s := range scenarios.Default() {
		if strings.HasPrefix(s.Name, "zk/") || strings.HasPrefix(s.Name, "tuning/") {
			require.True(t, has[s.Name], s.Name)
		}
	}
}

// TestStoriesOfZooKeeper runs scripts: a scenario and a seed, and its story.
func TestStoriesOfZooKeeper(t *testing.T) {
	datadriven.RunTest(t, "testdata/stories.txt", func(t *testing.T, d *datadriven.TestData) string {
		name, seedText, _ := strings.Cut(strings.TrimSpace(d.Input), ":")
		seed, err := strconv.ParseUint(seedText, 10, 64)
		require.NoError(t, err)
		r := run(t, name, seed, simctl.Options{Policy: policy.Hardened})
		text, err := r.Story()
		require.NoError(t, err)
		require.Equal(t, checker.Pass, r.Verdict, unmet(r))
		return text
	})
}
