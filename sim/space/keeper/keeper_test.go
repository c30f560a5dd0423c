package keeper

import (
	"testing"

	"github.com/simctl/simctl/impl/hosttest"
	"github.com/simctl/simctl/impl/persist"
	"github.com/simctl/simctl/impl/policy"
)

func TestAKeepersCloneAndDigestKnowEveryField(t *testing.T) {
	for _, mode := range []persist.Mode{persist.Files, persist.ZooKeeper} {
		k := New(Config{Mode: mode, Policy: policy.Hardened})
		m := hosttest.NewCoord().Machine("k1", 1)
		m.Start(k)
		hosttest.CheckState(t, k, "h", "cfg", "latch", "monarchy", "store")
	}
}
