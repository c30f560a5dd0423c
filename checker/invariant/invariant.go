// Package invariant judges what must hold at every moment of a run: one file a
// property.
package invariant

import "github.com/simctl/simctl/checker"

// Properties lists the properties of this package.
func Properties() []checker.Property {
	return []checker.Property{
		actingMaster, aliveMaster, ackedIsRecovered, oneIncarnation, oneRunning, accountingMatches, readyServes, noPanics,
		terminalIsFinal, killSticks, idsUnique,
	}
}
