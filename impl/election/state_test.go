package election

import (
	"testing"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/hosttest"
)

// latched is a process that is nothing but its latch.
type latched struct {
	host.Process
	L Latch
}

func (p *latched) Clone(h host.Host) host.Process { return &latched{L: *p.L.Clone(h, nil)} }
func (p *latched) Digest(d *host.Digest)          { p.L.Digest(d) }

func TestCloneAndDigestKnowEveryField(t *testing.T) {
	hosttest.CheckState(t, &latched{L: *New(nil, nil, Config{})}, "Process", "h", "owner", "cfg")
}

// crowned is a process that is nothing but its monarchy.
type crowned struct {
	host.Process
	M Monarchy
}

func (p *crowned) Clone(h host.Host) host.Process { return &crowned{M: *p.M.Clone(h, nil)} }
func (p *crowned) Digest(d *host.Digest)          { p.M.Digest(d) }

func TestCloneAndDigestOfAMonarchyKnowEveryField(t *testing.T) {
	hosttest.CheckState(t, &crowned{M: *NewMonarchy(nil, nil, MonarchyConfig{})}, "Process", "h", "owner", "cfg")
}
