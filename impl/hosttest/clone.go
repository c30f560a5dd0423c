package hosttest

import (
	"maps"
	"slices"
)

// Clone returns a copy of the machine with a clone of its process on it, from
// which both go their own ways. What was not taken yet stays with h.
func (h *Host) Clone() *Host {
	c := *h
	c.Draws, c.Taken, c.Hide, c.dials = maps.Clone(h.Draws), maps.Clone(h.Taken), maps.Clone(h.Hide), maps.Clone(h.dials)
	c.timers, c.conns, c.log, c.answers = slices.Clone(h.timers), slices.Clone(h.conns), nil, nil
	c.p = h.p.Clone(&c)
	return &c
}

// Sum is the digest of the machine's process.
func (h *Host) Sum() uint64 { return sum(h.p) }

// Conns returns the names of the connections, oldest first.
func (h *Host) Conns() []string {
	var out []string
	for _, c := range h.conns {
		out = append(out, c.name)
	}
	return out
}

// Gone reports whether the process has exited.
func (h *Host) Gone() bool { return h.gone }
