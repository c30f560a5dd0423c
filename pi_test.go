package simctl

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/wire"
	"github.com/simctl/simctl/model/spec"
)

// The specification and the program count in ways of their own, and find pi.
func TestThePiThatIsComputedIsThePiThatIsExpected(t *testing.T) {
	for stages := int64(1); stages <= 3; stages++ {
		for tasks := int64(1); tasks <= 9; tasks++ {
			j := wire.Job{Kind: wire.Pi, Stages: stages, Tasks: tasks}
			sum := int64(0)
			for s := range stages {
				for n := range tasks {
					sum += j.Result(s, n)
				}
			}
			require.Equal(t, spec.Pi(stages*tasks), sum, "%d stages of %d tasks", stages, tasks)
			require.InDelta(t, math.Pi, 4*float64(sum)/float64(j.Side()*j.Side()), 5/float64(j.Side()))
		}
	}
}
