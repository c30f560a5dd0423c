package exploration

import (
	"time"

	"github.com/simctl/simctl/checker/explore"
	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/persist"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/sim/space/judge"
	"github.com/simctl/simctl/sim/space/keeper"
	"github.com/simctl/simctl/sim/space/lone"
)

// persistRules are what every search of the engine FILESYSTEM has besides its
// bounds.
var persistRules = []string{
	"the disk is ext4 with data=ordered: a sync commits every creation, rename and removal so far, a rename writes its data out before itself",
	"of an append that was not synced a loss of power leaves nothing, half or all, and nothing of the appends behind it unless all",
	"calls of the disk are carried out in the order in which they were made; a timer rings at any time, in any order",
	"one process has the directory; it reads, then asks for one write after the other, of any record",
	"what follows a violation is not explored",
}

func persistSystem() System {
	return System{
		Name: "persist", Doc: "records in files: a crash or a loss of power between any two calls of the disk, and recovery", Real: true, Policy: true,
		Bounds: []Bound{
			{Name: "records", Default: "2", Says: "records that can be put and removed"},
			{Name: "puts", Default: "2", Says: "records that are put on a path"},
			{Name: "removals", Default: "1", Says: "records that are removed on a path"},
			{Name: "crashes", Default: "1", Says: "processes that crash on a path, and may start again"},
			{Name: "losses", Default: "1", Says: "times that the machine loses its power on a path, and what was not synced"},
			{Name: "failures", Default: "0", Says: "calls of the disk that fail on a path"},
		},
		Rules: persistRules, open: openPersist,
	}
}

func openPersist(v *values) (*subject, error) {
	k := keeper.Config{
		Mode: persist.Files, Policy: v.policy, Records: v.number("records", 1, 9),
		Retry: time.Second, Ask: time.Second, Session: coord.Options{},
	}
	c := lone.Config{
		Name: "k1", Kind: "keeper", Asks: lone.Asks{v.number("puts", 0, 9), v.number("removals", 0, 9)},
		Program: func(left lone.Asks) host.Process {
			own := k
			own.Puts, own.Removals = left[0], left[1]
			return keeper.New(own)
		},
		Left: func(p host.Process) lone.Asks {
			puts, removals := p.(*keeper.Keeper).Left()
			return lone.Asks{puts, removals}
		},
		Crashes: v.number("crashes", 0, 99), Losses: v.number("losses", 0, 99), Failures: v.number("failures", 0, 99),
		Monitors: judge.Of(v.judged()),
	}
	if v.mistaken != nil {
		return nil, v.mistaken
	}
	if v.seen != nil {
		c.Monitors = v.seen.beside(c.Monitors)
	}
	sys := lone.New(c)
	m := bind(explore.System[*lone.World](sys), (*lone.World).String)
	m.events = func(_ int, path []explore.Action) []trace.Event { return sys.Run(path) }
	return m, nil
}
