package fle

import (
	"testing"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/hosttest"
)

// voter is a process that is nothing but its elections.
type voter struct {
	host.Process
	E Election
}

func (p *voter) Clone(host.Host) host.Process { return &voter{E: *p.E.Clone(nil)} }
func (p *voter) Digest(d *host.Digest)        { p.E.Digest(d) }

func TestCloneAndDigestKnowEveryField(t *testing.T) {
	hosttest.CheckState(t, &voter{}, "Process", "me", "voters", "out")
}
