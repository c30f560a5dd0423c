package wire

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// total runs every task of a job.
func total(j Job) (n int64) {
	for s := range j.Stages {
		for t := range j.Tasks {
			n += j.Result(s, t)
		}
	}
	return n
}

func TestTheTasksOfPiCountEachPointOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		j := Job{Kind: Pi, Stages: rapid.Int64Range(1, 3).Draw(t, "stages"), Tasks: rapid.Int64Range(1, 3).Draw(t, "tasks")}
		n := int64(0)
		for x := range j.Side() {
			for y := range j.Side() {
				if x*x+y*y < j.Side()*j.Side() {
					n++
				}
			}
		}
		require.Equal(t, n, total(j))
	})
}

func TestPiIsAboutPi(t *testing.T) {
	j := Job{Kind: Pi, Stages: 2, Tasks: 8}
	require.Equal(t, int64(1600), j.Side())
	require.InDelta(t, math.Pi, 4*float64(total(j))/float64(j.Side()*j.Side()), 0.003)
}

func TestATaskOfAnotherJobIsOne(t *testing.T) {
	require.Equal(t, int64(6), total(Job{Kind: Ledger, Stages: 2, Tasks: 3}))
}

func TestAnApplicationIsToldInWords(t *testing.T) {
	d := Desc{Tag: "a", Job: Job{Kind: Pi, Stages: 2, Tasks: 8}, App: AppDesc{Cores: 1, Memory: 256}}
	require.Equal(t, "pi stages=2 tasks=8 ecores=1 ememory=256", d.Application())
	require.Empty(t, Desc{Tag: "a", RunFor: 5}.Application())
}
