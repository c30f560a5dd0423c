package simctl_test

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/simctl/simctl"

// importLaw says who may import whom. Before the colon stands a package, behind
// it those of ours that it may import, and none else; x/... is x and all below
// it, and "." the package at the root. The first line that matches is the law,
// and a package that no line mentions is an error.
//
// What the lines add up to: impl and model never meet but in sim/cluster and
// impl/live/lab, which translate; sim and checker never meet, so the same
// judges work on a live run; scenarios are data and import nothing else; only the
// root package sees everything.
const importLaw = `
	impl/host:
	impl/coord:           impl/host
	impl/coord/coordtest: impl/host impl/coord
	impl/wire:            impl/host
	impl/policy:
	impl/schedule:
	impl/lease:           impl/host
	impl/hold:            impl/host
	impl/hosttest:        impl/host impl/coord
	impl/election:        impl/host impl/coord impl/wire impl/policy
	impl/persist:         impl/host impl/coord impl/wire impl/policy impl/election
	impl/settings:        impl/host impl/wire impl/policy impl/persist impl/schedule
	impl/mailbox:         impl/host
	impl/apps:            impl/mailbox impl/host impl/wire impl/policy impl/persist impl/schedule
	impl/shown:           impl/apps impl/host impl/wire
	impl/master:          impl/lease impl/hold impl/apps impl/shown impl/mailbox impl/settings impl/host impl/coord impl/wire impl/policy impl/schedule impl/election impl/persist
	impl/worker:          impl/lease impl/host impl/wire impl/policy
	impl/driver:          impl/host impl/wire impl/policy impl/eventlog
	impl/eventlog:
	impl/ledger:          impl/host impl/wire
	impl/executor:        impl/host impl/wire impl/policy
	impl/client:          impl/host impl/wire impl/policy
	impl/conf:            impl/schedule impl/settings impl/wire impl/policy impl/persist impl/worker
	impl/probe:           impl/host impl/coord
	impl/live/dir:
	impl/live:            impl/live/dir impl/live/trouble impl/host impl/coord impl/wire impl/policy impl/master impl/worker
	impl/live/memory:
	impl/live/web:
	impl/live/program:    impl/probe impl/live/trouble impl/apps impl/host impl/wire impl/policy impl/conf impl/live impl/live/web impl/master impl/persist impl/settings impl/worker impl/driver impl/executor impl/ledger impl/client scenarios
	impl/live/load:
	impl/live/steer:
	impl/live/trouble:
	impl/live/cluster:    impl/host impl/wire impl/policy impl/conf impl/live/program impl/live/steer impl/live/lab/ensemble impl/live/lab/proc scenarios
	impl/live/lab:        impl/... scenarios model/history model/trace
	impl/live/lab/link:   impl/host
	impl/live/lab/lines:  impl/live/lab/link scenarios
	impl/live/lab/vandal: impl/host impl/coord impl/election impl/live
	impl/live/lab/onlooker: impl/host impl/coord impl/live
	impl/live/lab/proc:
	impl/live/lab/bound:  scenarios
	impl/live/lab/rounds: impl/live/program scenarios
	impl/live/lab/refusal: scenarios
	impl/live/lab/ensemble: impl/host impl/live/lab/proc
	impl/live/lab/probing: impl/probe scenarios
	impl/live/lab/progress: impl/live model/trace
	impl/live/lab/records: impl/live model/trace

	model/trace:
	model/history:        model/trace
	model/spec:           model/history model/trace
	model/abstract:
	model/coverage:       model/trace

	scenarios:            scenarios/anchor scenarios/attr scenarios/hint scenarios/order scenarios/reach scenarios/span scenarios/timers scenarios/zk
	scenarios/zk:         scenarios/attr scenarios/hint scenarios/span
	scenarios/anchor:     scenarios/hint
	scenarios/attr:       scenarios/hint scenarios/span
	scenarios/order:      scenarios/attr scenarios/hint scenarios/span
	scenarios/swarm:      scenarios scenarios/anchor
	scenarios/guided:     scenarios scenarios/swarm
	scenarios/strategy:   scenarios scenarios/hint scenarios/order scenarios/swarm
	scenarios/hint:
	scenarios/reach:      scenarios/hint
	scenarios/span:
	scenarios/timers:

	sim/kernel:           impl/host model/trace
	sim/network:          sim/kernel impl/host model/trace
	sim/order:            sim/kernel scenarios/order
	sim/twin:             model/trace
	sim/disk:             sim/kernel impl/host model/trace
	sim/zk/...:           sim/kernel sim/network sim/disk sim/zk/... impl/host impl/coord model/trace
	sim/fault:            sim/kernel sim/network scenarios model/trace
	sim/space/tree:       impl/coord impl/host
	sim/space/inside:     impl/host impl/coord
	sim/space/foot:
	sim/space/candidate:  impl/host impl/coord impl/election
	sim/space/diskless:   impl/host
	sim/space/raised:     sim/kernel
	sim/space/volume:     impl/host
	sim/space/keeper:     impl/host impl/coord impl/election impl/persist impl/policy impl/wire
	sim/space/lone:       sim/space/inside sim/space/monitor sim/space/raised sim/space/volume checker/explore model/trace impl/host
	sim/space/sums:       impl/host impl/coord model/trace
	sim/space/monitor:    sim/space/sums impl/host model/trace
	sim/space/cast:       sim/space/candidate sim/space/keeper scenarios/timers impl/host impl/coord impl/wire impl/policy impl/election impl/master impl/worker impl/driver impl/client
	sim/space:            sim/space/tree sim/space/inside sim/space/cast sim/space/diskless sim/space/foot sim/space/raised sim/space/monitor checker/explore scenarios/timers sim/space/sums model/trace impl/host impl/coord impl/policy
	sim/space/judge:      sim/space checker impl/host model/trace
	sim/space/ensemble:   sim/space/inside sim/space/monitor sim/zk/fle sim/zk/quorum sim/zk/server checker/explore model/trace impl/host
	sim/cluster/bound:    scenarios scenarios/timers sim/zk
	sim/cluster/commits:  sim/zk/... impl/coord
	sim/cluster/plan:     sim/kernel scenarios impl/client impl/host impl/probe impl/wire
	sim/cluster/refusal:  impl/host
	sim/cluster/vandal:   sim/kernel sim/network sim/zk impl/host impl/coord impl/election
	sim/cluster:          sim/cluster/... sim/kernel sim/network sim/order sim/disk sim/zk/... sim/fault scenarios scenarios/anchor model/history model/trace impl/host impl/coord impl/wire impl/policy impl/conf impl/election impl/persist impl/master impl/worker impl/driver impl/executor impl/ledger impl/client impl/probe
	sim/shrink:           scenarios scenarios/anchor

	checker:              model/trace model/history
	checker/suite:        checker/... model/...
	checker/explore:
	checker/explore/lock: checker/explore
	checker/protocol:     checker/explore model/abstract
	checker/...:          checker checker/failover checker/roster model/...

	zktest:               impl/host impl/live impl/live/memory sim/zk/quorum sim/zk/server

	reports/...:          reports/... checker/... model/... scenarios

	zkserver:             impl/host impl/live impl/live/trouble impl/live/lab/... impl/live/load impl/live/steer sim/zk/...

	calibration:          sim/cluster scenarios reports model/trace impl/policy
	.:                    impl/... model/... scenarios scenarios/... sim/... checker/... reports/... zkserver
	reproducer:           . checker checker/signature impl/policy model/trace reports/... scenarios sim/cluster/plan sim/shrink
	inquiry:              . checker checker/signature model/... reports/... scenarios sim/kernel
	exploration:          . checker/... impl/coord impl/host impl/persist impl/policy model/... reports/... scenarios scenarios/guided scenarios/hint sim/space sim/space/... sim/zk/quorum
	cmd/simctl/explore:   . checker checker/explore cmd/simctl/exit cmd/simctl/progress exploration reports scenarios scenarios/strategy
	cmd/simctl/zookeeper: .
	cmd/simctl/properties: . impl/conf
	cmd/simctl/playground: . cmd/simctl/properties impl/policy scenarios
	cmd/simctl/exit:      checker
	cmd/simctl/progress:  reports
	cmd/simctl/keep:      . checker reports/...
	cmd/simctl/inquire:   . inquiry reproducer cmd/simctl/exit cmd/simctl/properties reports/... checker model/... sim/kernel impl/policy scenarios scenarios/strategy
	cmd/simctl/serve:     exploration reports/explorer reports/site
	cmd/simctl:           . calibration exploration cmd/simctl/... scenarios scenarios/hint scenarios/strategy reports/... checker model/... impl/host impl/conf impl/policy impl/live/... impl/master impl/worker impl/driver impl/executor impl/client
	cmd/detlint:
`

func TestImportLawIsKept(t *testing.T) {
	out, err := exec.Command("go", "list", "-e", "-f", `{{.ImportPath}}: {{join .Imports " "}}`, "./...").Output()
	require.NoError(t, err)
	for _, breach := range breaches(importLaw, string(out)) {
		t.Error(breach)
	}
}

// breaches returns what in the output of go list is against the law.
func breaches(law, list string) (found []string) {
	for line := range strings.Lines(list) {
		pkg, imports, _ := strings.Cut(strings.TrimSpace(line), ":")
		pkg, ours := strings.CutPrefix(pkg, module)
		if !ours {
			continue
		}
		pkg = short(pkg)
		allowed, ok := rule(law, pkg)
		if !ok {
			found = append(found, fmt.Sprintf("%s: the import law does not mention it", pkg))
		}
		for _, imp := range strings.Fields(imports) {
			imp, ours := strings.CutPrefix(imp, module)
			if ours && !slices.ContainsFunc(allowed, func(pat string) bool { return covers(pat, short(imp)) }) {
				found = append(found, fmt.Sprintf("%s imports %s, which the import law does not allow", pkg, short(imp)))
			}
		}
	}
	return found
}

// short turns what stands behind the module's name into a name of the table.
func short(rest string) string {
	if rest == "" {
		return "."
	}
	return strings.TrimPrefix(rest, "/")
}

// rule returns what pkg may import, by the first line that matches it.
func rule(law, pkg string) (allowed []string, ok bool) {
	for line := range strings.Lines(law) {
		pat, to, found := strings.Cut(strings.TrimSpace(line), ":")
		if found && covers(pat, pkg) {
			return strings.Fields(to), true
		}
	}
	return nil, false
}

func covers(pattern, pkg string) bool {
	dir, below := strings.CutSuffix(pattern, "/...")
	return pkg == dir || below && strings.HasPrefix(pkg, dir+"/")
}

func TestPlantedImportsAreCaught(t *testing.T) {
	tests := []struct {
		name, pkg, imports string
		want               string // part of the breach; empty if it is legal
	}{
		{"the standard library is free", "impl/host", "fmt net/http", ""},
		{"a process may use the seams", "impl/master", "M/impl/host M/impl/coord M/impl/persist", ""},
		{"impl knows no simulator", "impl/master", "M/sim/kernel", "impl/master imports sim/kernel"},
		{"impl knows no specification", "impl/master", "M/model/trace", "impl/master imports model/trace"},
		{"processes know nothing of life", "impl/worker", "M/impl/live", "impl/worker imports impl/live"},
		{"live code sees no scenario", "impl/live", "M/scenarios", "impl/live imports scenarios"},
		{"the lab does", "impl/live/lab", "M/scenarios M/model/trace M/impl/live", ""},
		{"the lab sees no judge", "impl/live/lab", "M/checker", "impl/live/lab imports checker"},
		{"the specification borrows no types", "model/spec", "M/impl/wire", "model/spec imports impl/wire"},
		{"the network knows no master", "sim/network", "M/impl/master", "sim/network imports impl/master"},
		{"the world knows no judge", "sim/cluster", "M/checker", "sim/cluster imports checker"},
		{"the world knows no live code", "sim/cluster", "M/impl/live", "sim/cluster imports impl/live"},
		{"the judge knows no world", "checker/invariant", "M/sim/cluster", "checker/invariant imports sim/cluster"},
		{"judges do not know each other", "checker/invariant", "M/checker/linear", "checker/invariant imports checker/linear"},
		{"the suite knows them all", "checker/suite", "M/checker/linear M/checker/liveness", ""},
		{"scenarios import nothing", "scenarios", "M/model/trace", "scenarios imports model/trace"},
		{"reports know no world", "reports", "M/sim/cluster", "reports imports sim/cluster"},
		{"nobody imports the root", "reports", "M", "reports imports ."},
		{"but the command", "cmd/simctl", "M", ""},
		{"and what makes runs smaller", "reproducer", "M M/sim/shrink", ""},
		{"the command goes through the root", "cmd/simctl", "M/sim/cluster", "cmd/simctl imports sim/cluster"},
		{"the root sees everything", "", "M/sim/cluster M/checker/suite M/reports", ""},
		{"a new package must be written into the law", "impl/util", "fmt", "impl/util: the import law does not mention it"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			line := strings.TrimSuffix(module+"/"+tt.pkg, "/") + ": " + strings.ReplaceAll(tt.imports, "M", module) + "\n"
			got := breaches(importLaw, line)
			if tt.want == "" {
				require.Empty(t, got)
				return
			}
			require.Len(t, got, 1)
			require.Contains(t, got[0], tt.want)
		})
	}
}
