package scenarios

import (
	"fmt"
	"time"

	"pgregory.net/rapid"
)

// drawProbes makes any legal lines about servers and probes.
func drawProbes(t *rapid.T, s *Scenario) {
	s.Ensemble = Ensemble{
		Tick: drawSpan(t, "tick").Lo, Init: rapid.IntRange(0, 9).Draw(t, "init"), Sync: rapid.IntRange(0, 9).Draw(t, "sync"),
		SnapCount: rapid.SampledFrom([]int{0, 2, 100}).Draw(t, "snap"), Local: rapid.SampledFrom([]string{"", "yes", "upgrade"}).Draw(t, "local"),
		Defect: rapid.SampledFrom([]int{0, 0, 4643}).Draw(t, "defect"),
	}
	for i := range rapid.IntRange(0, s.Servers).Draw(t, "special") {
		s.Special = append(s.Special, Server{
			Name: fmt.Sprintf("z%d", i+1), ID: rapid.IntRange(0, 255).Draw(t, "id"),
			MyID: rapid.IntRange(0, 255).Draw(t, "myid"), Zxid: rapid.IntRange(0, 9).Draw(t, "zxid"),
		})
	}
	for i := range rapid.IntRange(1, 3).Draw(t, "probes") {
		p := Probe{Name: fmt.Sprintf("p%d", i+1), Timeout: drawSpan(t, "timeout").Lo, Client: rapid.SampledFrom([]string{"", "curator"}).Draw(t, "client")}
		for range rapid.IntRange(0, 2).Draw(t, "via") {
			p.Via = append(p.Via, "z1")
		}
		s.Probes = append(s.Probes, p)
	}
	for range rapid.IntRange(0, 3).Draw(t, "zops") {
		s.ZOps = append(s.ZOps, drawZOp(t))
	}
	for range rapid.IntRange(0, 2).Draw(t, "recipes") {
		s.Recipes = append(s.Recipes, Recipe{
			At: drawSpan(t, "at"), Probe: "p1", Kind: "lock", Path: "/r", Rounds: rapid.IntRange(0, 9).Draw(t, "rounds"),
			Hold: drawSpan(t, "hold"), Pause: drawSpan(t, "pause"), Unfenced: rapid.Bool().Draw(t, "unfenced"),
		})
	}
	for range rapid.IntRange(0, 2).Draw(t, "loads") {
		s.Loads = append(s.Loads, Load{Probe: "p1", Ops: rapid.IntRange(1, 99).Draw(t, "ops"), Think: drawSpan(t, "think")})
	}
	s.ShowVotes = rapid.Bool().Draw(t, "votes")
	for range rapid.IntRange(0, 3).Draw(t, "sees") {
		s.Sees = append(s.Sees, drawSee(t))
	}
}

func drawZOp(t *rapid.T) ZOp {
	change := func(what string) ZOp {
		o := ZOp{Kind: rapid.SampledFrom([]ZKind{ZCreate, ZSet, ZDelete}).Draw(t, what), Path: rapid.StringMatching(`(/[a-z]{1,3}){1,2}`).Draw(t, "path")}
		switch o.Kind {
		case ZCreate:
			o.Ephemeral, o.Sequential = rapid.Bool().Draw(t, "ephemeral"), rapid.Bool().Draw(t, "sequential")
			o.Data = rapid.StringMatching(`[0-9]{0,3}`).Draw(t, "data")
		default:
			o.Version = rapid.IntRange(0, 3).Draw(t, "version")
		}
		return o
	}
	o := change("kind")
	switch rapid.IntRange(0, 3).Draw(t, "sort") {
	case 0:
		o = ZOp{Kind: ZMulti, Ops: []ZOp{change("first"), {Kind: ZCheck, Path: "/a", Version: 1}, change("third")}}
	case 1:
		o = ZOp{Kind: rapid.SampledFrom([]ZKind{ZGet, ZExists, ZChildren}).Draw(t, "read"), Path: "/", Watch: rapid.Bool().Draw(t, "watch")}
	case 2:
		o = ZOp{Kind: ZClose}
	}
	o.At, o.Probe, o.Session = drawSpan(t, "at"), "p1", rapid.IntRange(0, 3).Draw(t, "session")
	if o.Kind != ZClose {
		o.Want = rapid.SampledFrom([]string{"", "ok", "error no-node"}).Draw(t, "want")
	}
	return o
}

func drawSee(t *rapid.T) See {
	from := drawSpan(t, "from").Lo
	e := rapid.SampledFrom([]See{
		{What: SeeLeader, At: time.Second, Text: "none"}, {What: SeeNoService, From: from, To: from + 1}, {What: SeeService, From: from},
		{What: SeeFailover, Policy: "spark"}, {What: SeeEvent, Who: "p1", Text: "/a created"}, {What: SeeFails, Who: "z1", Text: "my id"},
	}).Draw(t, "see")
	return e
}
