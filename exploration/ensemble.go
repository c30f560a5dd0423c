package exploration

import (
	"github.com/simctl/simctl/checker/ensemble"
	"github.com/simctl/simctl/checker/explore"
	"github.com/simctl/simctl/model/trace"
	servers "github.com/simctl/simctl/sim/space/ensemble"
	"github.com/simctl/simctl/sim/space/judge"
	"github.com/simctl/simctl/sim/zk/quorum"
)

// ensembleRules are what every search of servers has besides its bounds.
var ensembleRules = []string{
	"a timer rings when nothing is under way and no other is due earlier, but for `late` queues and disks that are held up; times are tickTime 2s, initLimit 5, syncLimit 2",
	"a dial connects or is refused in the step that dials; a connection ends for both sides, none is silent",
	"a disk does what it is asked in order, and goes on to its next sync in one step; a sync is of all that was asked before; records are not torn",
	"a crash is of a process, which loses nothing that it asked its disk for or has sent, or of a machine, which loses all of that; none tears a step in two",
	"transactions are bytes: trees, sessions and clients are not explored here",
	"draws are constants: no follower takes longer than another to begin to serve",
	"what follows a violation is not explored",
}

func ensembleSystems() []System {
	return []System{{
		Name: "zk-election", Doc: "ZooKeeper servers that elect (FLE), synchronise and broadcast (ZAB)", Real: true,
		Bounds: append([]Bound{
			{Name: "servers", Default: "3", Says: "ZooKeeper servers"},
			{Name: "txns", Default: "2", Says: "transactions that serving leaders propose on a path"},
			{Name: "defect", Default: "0", Says: "one of ZooKeeper's, by the number of its issue"},
			{Name: "snap", Default: "0", Says: "transactions between two snapshots, at most; 0: no snapshots"},
			{Name: "stall", Default: "3s", Says: "how long something that is held up may be"},
		}, realBounds(map[string]string{
			"crashes": "1", "cuts": "0", "late": "0", "drift": "0s", "order": "sent", "begin": "settled",
		})...),
		Rules: ensembleRules, open: openEnsemble,
	}}
}

func openEnsemble(v *values) (*subject, error) {
	c := servers.Config{
		Servers: v.number("servers", 1, 9), Txns: v.number("txns", 0, 99), SnapCount: v.number("snap", 0, 99),
		Crashes: v.number("crashes", 0, 99), Cuts: v.number("cuts", 0, 99), Late: v.number("late", 0, 99), Drift: v.span("drift"), Stall: v.span("stall"),
		InOrder: v.choice("order", "any", "sent") == 1, Settled: v.choice("begin", "start", "settled") == 1,
		Monitors: judge.Of(v.among(explorable(ensemble.Properties()))), MayEnd: len(v.properties) > 0,
	}
	var err error
	if c.Defects, err = quorum.WithDefect(v.number("defect", 0, 99_999)); err != nil {
		return nil, err
	}
	if v.mistaken != nil {
		return nil, v.mistaken
	}
	sys, err := servers.New(c)
	if err != nil {
		return nil, err
	}
	if err := begins(sys); err != nil {
		return nil, err
	}
	m := bind(explore.System[*servers.World](sys), (*servers.World).String)
	m.events = func(_ int, path []explore.Action) []trace.Event {
		events, _ := sys.Run(path)
		return events
	}
	return m, nil
}
