package master

import (
	"testing"

	"github.com/simctl/simctl/impl/hosttest"
)

func TestCloneAndDigestKnowEveryField(t *testing.T) {
	m := New(Config{})
	hosttest.NewCoord().Machine("m1", 1).Start(m)
	hosttest.CheckState(t, m, "h", "cfg", "pol", "latch", "monarchy", "store", "lease", "holds", "apps", "box")
}
