// Package ensemble judges ZooKeeper: what its servers promise each other, and
// what they promise their clients. It reads what servers and clients note; a run
// in which neither does, as one at service grain, passes.
package ensemble

import "github.com/simctl/simctl/checker"

// Properties lists the properties of this package.
func Properties() []checker.Property {
	return []checker.Property{zabAgreement, zabPrefix, oneLeaderPerEpoch, committedIsDurable, committedIsAnswered, sessionOrder}
}
