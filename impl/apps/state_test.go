package apps

import (
	"testing"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/hosttest"
)

// table is a process that is nothing but its applications.
type table struct {
	host.Process
	A Apps
}

func (p *table) Clone(h host.Host) host.Process { return &table{A: *p.A.Clone(h, nil, nil)} }
func (p *table) Digest(d *host.Digest)          { p.A.Digest(d) }

func TestCloneAndDigestKnowEveryField(t *testing.T) {
	hosttest.CheckState(t, &table{A: *New(nil, nil, nil, Config{})}, "Process", "h", "owner", "store", "cfg", "pol")
}
