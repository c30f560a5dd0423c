// Package shown is what processes show of themselves: for status pages and tests.
package shown

import (
	"github.com/simctl/simctl/impl/apps"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/wire"
)

// A Master is what a master shows of itself: for its status page and tests.
type Master struct {
	Addr    host.Addr
	State   string // Spark's name: "STANDBY", "ALIVE", ...
	Term    int64  // 0 without a reign
	Waiting int    // drivers that wait for a worker
	Workers []Worker
	Drivers []Driver      // oldest first, ended ones included
	Apps    []apps.Status `json:",omitempty"` // those that have not ended first
}

// A Worker is one worker as the master sees it. Memory is in MiB.
type Worker struct {
	ID                wire.WorkerID
	Addr              host.Addr
	State             string // Spark's name, or "JOINING" before its record is committed
	Cores, CoresUsed  int64
	Memory, MemoryUse int64
	Drivers           []wire.DriverID
	Executors         []apps.ExecutorStatus `json:",omitempty"` // those that are being ended too
}

// A Driver is one driver as it is committed.
type Driver struct {
	Record wire.DriverRecord
	Ended  bool
}
