package election_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/election"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/hosttest"
	"github.com/simctl/simctl/impl/policy"
)

// voter is a candidate whose wins are collected.
type voter struct {
	candidate
	wins *[]int64
}

func (v *voter) Start(h host.Host) {
	v.h = h
	v.latch = election.New(h, v, election.Config{Dir: "/a", Policy: v.policy, Retry: time.Second})
	v.openVoter()
}

func (v *voter) openVoter() {
	v.latch.SetSession(coord.Of(v.h).OpenSession(coord.Options{Name: "latch"}, host.BindResult((*voter).voterChanged, 0)))
}

func (v *voter) voterChanged(_ int, s coord.StateChange) {
	v.latch.SessionChanged(s)
	if s.State == coord.Expired {
		v.openVoter()
	}
}

func (v *voter) LatchElected(w election.Win) { *v.wins = append(*v.wins, w.Term) }

// TestEveryTermIsWonOnceAndSomebodyLeadsInTheEnd lets connections break at any
// operation, with and without it having happened, sessions expire and latch
// znodes vanish.
func TestEveryTermIsWonOnceAndSomebodyLeadsInTheEnd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		svc := hosttest.NewCoord()
		var wins []int64
		var ms []*hosttest.Machine
		var vs []*voter
		for i, id := range []host.ProcessID{"a", "b", "c"} {
			m := svc.Machine(id, 1)
			m.Draws["latch"] = uint64(i + 1)
			v := &voter{candidate: candidate{policy: policy.Hardened}, wins: &wins}
			m.Start(v)
			ms, vs = append(ms, m), append(vs, v)
		}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			m := ms[rapid.IntRange(0, 2).Draw(t, "machine")]
			switch rapid.SampledFrom([]string{"step", "step", "step", "cut", "applied", "heal", "expire", "rejoin", "delete", "advance"}).Draw(t, "what") {
			case "step":
				m.Step(rapid.IntRange(1, 6).Draw(t, "n"))
			case "cut":
				m.Cut(false)
			case "applied":
				m.Cut(true)
			case "heal":
				m.Heal()
			case "expire":
				m.Expire("latch")
			case "rejoin":
				vs[rapid.IntRange(0, 2).Draw(t, "who")].latch.Rejoin()
			case "delete":
				if own := svc.Find("-latch-"); own != "" {
					svc.Delete(own)
				}
			case "advance":
				m.Advance(time.Second)
			}
		}
		for range 5 {
			for _, m := range ms {
				svc.Settle()
				m.Heal()
				svc.Settle()
				m.Advance(2 * time.Second)
			}
		}
		svc.Settle()
		for i := 1; i < len(wins); i++ {
			require.Less(t, wins[i-1], wins[i], "wins %v", wins)
		}
		leading := 0
		for _, v := range vs {
			if v.latch.Leading() {
				leading++
			}
		}
		require.Equal(t, 1, leading, "at the end, after wins %v", wins)
	})
}
