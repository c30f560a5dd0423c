package candidate

import (
	"testing"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/election"
	"github.com/simctl/simctl/impl/hosttest"
	"github.com/simctl/simctl/impl/policy"
)

func TestACandidatesCloneAndDigestKnowEveryField(t *testing.T) {
	c := New(election.Config{Dir: "/spark", Policy: policy.Hardened}, coord.Options{})
	m := hosttest.NewCoord().Machine("e1", 1)
	m.Start(c)
	hosttest.CheckState(t, c, "h", "cfg", "latch", "asked")
}
