package persist

import (
	"testing"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/hosttest"
)

// stored is a process that is nothing but its store.
type stored struct {
	host.Process
	S Store
}

func (p *stored) Clone(h host.Host) host.Process { return &stored{S: *p.S.Clone(h, nil)} }
func (p *stored) Digest(d *host.Digest)          { p.S.Digest(d) }

func TestCloneAndDigestKnowEveryField(t *testing.T) {
	hosttest.CheckState(t, &stored{S: *New(nil, nil, Config{})}, "Process", "h", "owner", "cfg", "data", "Data") // bytes that never change are shared
}
