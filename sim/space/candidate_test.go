package space

import (
	"testing"

	"github.com/simctl/simctl/impl/hosttest"
	"github.com/simctl/simctl/impl/policy"
)

func TestACandidatesCloneAndDigestKnowEveryField(t *testing.T) {
	c := newCandidate(&Config{Policy: policy.Hardened})
	m := hosttest.NewCoord().Machine("e1", 1)
	m.Start(c)
	hosttest.CheckState(t, c, "h", "cfg", "latch", "asked")
}
