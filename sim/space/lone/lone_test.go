package lone_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/checker/explore"
	"github.com/simctl/simctl/checker/stored"
	"github.com/simctl/simctl/checker/suite"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/persist"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/sim/space/judge"
	"github.com/simctl/simctl/sim/space/keeper"
	"github.com/simctl/simctl/sim/space/lone"
)

// keepers is a keeper of files as a system. Wrong, if not nil, makes a mistake of
// each incarnation.
func keepers(p policy.Policy, records, puts, removals int, faults [3]int, wrong func(host.Process) host.Process) *lone.System {
	return lone.New(lone.Config{
		Name: "k1", Kind: "keeper", Asks: lone.Asks{puts, removals}, Crashes: faults[0], Losses: faults[1], Failures: faults[2],
		Program: func(left lone.Asks) host.Process {
			k := host.Process(keeper.New(keeper.Config{Mode: persist.Files, Policy: p, Records: records, Puts: left[0], Removals: left[1], Retry: time.Second}))
			if wrong != nil {
				k = wrong(k)
			}
			return k
		},
		Left: func(p host.Process) lone.Asks {
			if l, is := p.(*liar); is {
				p = l.Process
			}
			puts, removals := p.(*keeper.Keeper).Left()
			return lone.Asks{puts, removals}
		},
		Monitors: judge.Of(suite.Properties()),
	})
}

func outcome(t *testing.T, sys *lone.System) string {
	r, err := explore.Search(context.Background(), explore.System[*lone.World](sys), explore.Options{Cores: 2})
	require.NoError(t, err)
	var b strings.Builder
	fmt.Fprintf(&b, "states=%d transitions=%d depth=%d complete=%v\n", r.Distinct, r.Transitions, r.Depth, r.Complete)
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "%s: %s\n%s\n", f.Property, f.Detail, strings.Join(explore.Story(explore.System[*lone.World](sys), f), "\n"))
		last := suite.Judge(stored.Properties(), sys.Run(f.Path))[0]
		require.Equal(t, f.Detail, last.Detail, "the events of the path say the same")
	}
	return b.String()
}

// TestScripts runs testdata: "explore policy=P records=N puts=N removals=N crashes=N
// losses=N failures=N mistake=M" explores a keeper, M one of mistakes.
func TestScripts(t *testing.T) {
	datadriven.RunTest(t, "testdata/keeper.txt", func(t *testing.T, d *datadriven.TestData) string {
		n := map[string]int{"records": 1, "puts": 1}
		for _, name := range []string{"records", "puts", "removals", "crashes", "losses", "failures"} {
			if d.HasArg(name) {
				var x int
				d.ScanArgs(t, name, &x)
				n[name] = x
			}
		}
		text, name := "hardened", ""
		d.MaybeScanArgs(t, "policy", &text)
		d.MaybeScanArgs(t, "mistake", &name)
		p, err := policy.Parse(text)
		require.NoError(t, err)
		var wrong func(host.Process) host.Process
		if name != "" {
			require.Contains(t, mistakes, name)
			wrong = func(p host.Process) host.Process { return &liar{Process: p, mistake: name} }
		}
		return outcome(t, keepers(p, n["records"], n["puts"], n["removals"], [3]int{n["crashes"], n["losses"], n["failures"]}, wrong))
	})
}

// mistakes are what a liar does to calls of the disk: which it answers and does not
// carry out, or carries out otherwise.
var mistakes = map[string]func(call, name string) (becomes string){
	// A record is acknowledged before it is synced.
	"no-sync": func(call, name string) string { return without(call == "sync" && !strings.Contains(name, "term")) },
	// A record is renamed, and the directory is not synced.
	"no-directory-sync": func(call, name string) string {
		return without(call == "sync" && !strings.Contains(name, "term") && !strings.Contains(name, "new_"))
	},
	// What was removed is not synced.
	"no-sync-of-removals": func(call, name string) string { return without(call == "sync" && name == "spark/removed") },
	// A reign begins before its term is on the disk.
	"no-sync-of-the-term": func(call, name string) string { return without(call == "sync" && name == "spark/term") },
	// The term is written in place.
	"term-in-place": func(call, name string) string {
		if strings.HasPrefix(name, "spark/term_new_") {
			return "spark/term"
		}
		return name
	},
}

// without is no call if what is so, which is written "".
func without(so bool) string {
	if so {
		return ""
	}
	return "as it was"
}

// A liar is a process whose machine does not do all that it asks for.
type liar struct {
	host.Process
	mistake string
}

type lying struct {
	host.Host
	mistake string
}

// becomes is the name with which a call is carried out, "" if it is not.
func (l *lying) becomes(call, name string) string {
	to := mistakes[l.mistake](call, name)
	if to == "as it was" {
		return name
	}
	return to
}

func (l *lying) SyncFile(name string, c host.Call) {
	if to := l.becomes("sync", name); to != "" {
		l.Host.SyncFile(to, c)
		return
	}
	l.Host.AppendFile("nowhere", nil, c) // takes as long, and matters to nobody
}

func (l *lying) AppendFile(name string, data []byte, c host.Call) {
	l.Host.AppendFile(l.becomes("append", name), data, c)
}

func (p *liar) Start(h host.Host) { p.Process.Start(&lying{h, p.mistake}) }

func (p *liar) Clone(h host.Host) host.Process {
	return &liar{p.Process.Clone(&lying{h, p.mistake}), p.mistake}
}

func (p *liar) Part(i int) any {
	if i == 0 {
		return p.Process
	}
	return p.Process.(host.Composite).Part(i - 1)
}

// A path leads to the same state whenever it is taken, and nothing that follows
// from a state changes it.
func TestStatesStayAsTheyAre(t *testing.T) {
	sys := keepers(policy.Hardened, 2, 2, 1, [3]int{1, 1, 1}, nil)
	for n := range uint64(8) {
		w := sys.Initial()[0]
		var path []explore.Action
		for number := n; len(path) < 60; {
			before, actions := sys.Digest(w), sys.Actions(w, nil)
			if len(actions) == 0 {
				break
			}
			for _, a := range actions {
				require.NotContains(t, sys.Describe(w, a), "?")
				sys.Apply(w, a)
				require.Equal(t, before, sys.Digest(w))
			}
			number = number*6364136223846793005 + 1442695040888963407
			a := actions[number>>33%uint64(len(actions))]
			path, w = append(path, a), sys.Apply(w, a)
		}
		again := explore.Replay(explore.System[*lone.World](sys), 0, path)
		require.Equal(t, sys.Digest(w), sys.Digest(again[len(again)-1]))
		require.NotEmpty(t, again[len(again)-1].String())
	}
}
