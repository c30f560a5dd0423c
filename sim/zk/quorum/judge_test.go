package quorum

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/checker/ensemble"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/sim/zk/server"
)

// The judges of an ensemble, the same that judge whole worlds.
var ensembleJudges = []string{"zab-agreement", "zab-prefix", "one-leader-per-epoch", "committed-is-durable"}

func newJudges() (ms []checker.Monitor) {
	for _, p := range ensemble.Properties() {
		if slices.Contains(ensembleJudges, p.Name) {
			ms = append(ms, p.New())
		}
	}
	return ms
}

// tell shows the judges what a server noted.
func (w *world) tell(n *node, x host.Note) {
	if x.Kind == host.NoteFailed {
		w.complaints = append(w.complaints, fmt.Sprintf("z%d: %s", n.id, x.Value))
	}
	e := trace.Event{
		Step: w.k.Steps(), At: w.k.Now(), Process: fmt.Sprintf("z%d", n.id), Inc: n.inc, Kind: trace.Kind(x.Kind.String()),
		Subject: x.Subject, Value: x.Value, Detail: x.Detail, Term: x.Term, N: x.N, M: x.M, P: x.P, Q: x.Q, Zxid: x.Zxid,
	}
	for _, m := range w.judges {
		m.Observe(&e)
	}
	if e.Kind == trace.Serving && e.Value == "leading" {
		w.reigns++
	}
}

// violations are the broken properties, the first broken one first.
func (w *world) violations() (out []checker.Finding) {
	for _, m := range w.judges {
		if f := m.Finding(); f.Verdict == checker.Violation {
			out = append(out, f)
		}
	}
	slices.SortStableFunc(out, func(a, b checker.Finding) int { return int(a.Step) - int(b.Step) })
	return out
}

// judge demands that nothing was violated and nothing failed.
func (w *world) judge(t require.TestingT) {
	require.Empty(t, w.complaints)
	for _, f := range w.violations() {
		require.Fail(t, f.Property, f.Detail)
	}
}

// broken names the violated properties, the first one first.
func (w *world) broken() string {
	var names []string
	for _, f := range w.violations() {
		names = append(names, f.Property)
	}
	return strings.Join(names, " ")
}

// same demands that every serving server holds what the leader holds.
func (w *world) same(t require.TestingT) {
	l := w.leader()
	for _, n := range w.nodes {
		if n.role != server.Looking {
			require.Equal(t, l.state, n.state, "z%d and its leader z%d", n.id, l.id)
		}
	}
}
