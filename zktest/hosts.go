package zktest

import "sync"

// Hosts are servers in a fixed order. They implement zk.HostProvider.
type Hosts struct {
	addrs []string

	mu         sync.Mutex
	curr, last int // index of the one being tried, and of the last that answered
}

// Init implements zk.HostProvider. The servers that it is given, in whatever
// order, are those that Hosts has.
func (h *Hosts) Init([]string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.curr, h.last = -1, -1
	return nil
}

// Len implements zk.HostProvider.
func (h *Hosts) Len() int { return len(h.addrs) }

// Next implements zk.HostProvider: the server behind the one tried last, and
// whether all have been tried since one answered.
func (h *Hosts) Next() (addr string, retryStart bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.curr = (h.curr + 1) % len(h.addrs)
	retryStart = h.curr == h.last
	h.last = max(h.last, 0)
	return h.addrs[h.curr], retryStart
}

// Connected implements zk.HostProvider.
func (h *Hosts) Connected() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last = h.curr
}
