package reports

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/scenarios"
	"github.com/stretchr/testify/require"
)

func TestVerdictsAlignAndNextNamesTheCommands(t *testing.T) {
	var b strings.Builder
	require.NoError(t, Verdicts(&b, []checker.Finding{
		{Property: "jobs-linearizable", Verdict: checker.Pass, Detail: "412 ops\nand more"},
		{Property: "at-most-one-acting-master", Verdict: checker.Violation, Step: 1187, Detail: "m1 and m2"},
		{Property: "recovery-ends", Verdict: checker.Inconclusive},
	}))
	require.Equal(t, strings.Join([]string{
		"  PASS          jobs-linearizable           412 ops",
		"  VIOLATION     at-most-one-acting-master   step 1187   m1 and m2",
		"  INCONCLUSIVE  recovery-ends", "",
	}, "\n"), b.String())

	b.Reset()
	r := RunFile{Name: "failover/kill", Seed: 42, Policy: "spark", Grain: "service", Config: map[string]string{"lease": "2s"}}
	require.NoError(t, Next(&b, &r, "out/failover-kill-42"))
	require.Equal(t, strings.Join([]string{
		"  bundle     out/failover-kill-42",
		"  reproduce  simctl run failover/kill --seed=42 --policy=spark --zk-grain=service --conf lease=2s",
		"  shrink     simctl shrink out/failover-kill-42", "",
	}, "\n"), b.String())
	r.Config, r.Timers = nil, scenarios.TimersFor(scenarios.Spark)
	require.Equal(t, "simctl run failover/kill --seed=42 --policy=spark --zk-grain=service --timers=spark", Command(&r))
}

func TestLinesHaveAStableOrderAndNoNulls(t *testing.T) {
	var b strings.Builder
	require.NoError(t, WriteLine(&b, RunLine{Schema: RunSchema, Scenario: "failover/kill", Seed: 42, Fingerprint: Fingerprint(1)}))
	require.Equal(t, `{"schema":"simctl/run/v1","scenario":"failover/kill","seed":42,"policy":"","grain":"","fingerprint":"0000000000000001",`+
		`"steps":0,"simulatedNs":0,"verdict":"","findings":[],"failovers":[]}`+"\n", b.String())
	for _, v := range []any{SoakLine{}, LatencyLine{}, SweepLine{}, SoakFault{}} {
		b.Reset()
		require.NoError(t, WriteLine(&b, v))
		require.True(t, json.Valid([]byte(b.String())))
		require.NotContains(t, b.String(), ":null", "%T", v)
	}
}

func TestTextIsAListOfLines(t *testing.T) {
	for _, text := range []Text{"", "a\n", "a\n\nb <c>\n"} {
		data, err := json.Marshal(text)
		require.NoError(t, err)
		var got Text
		require.NoError(t, json.Unmarshal(data, &got))
		require.Equal(t, text, got)
	}
}
