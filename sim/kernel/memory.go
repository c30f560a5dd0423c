package kernel

// A Memory is the buffers of a kernel's queue, for the next kernel to use
// again. It changes nothing of what happens. One kernel at a time uses it. The
// zero Memory is empty.
type Memory struct {
	heap []key
	slab []slot
	free []uint32
}

// Adopt lets a kernel that has not begun use m's buffers.
func (k *Kernel) Adopt(m *Memory) {
	if len(k.q.slab) > 0 {
		panic(Bug("kernel: it has begun"))
	}
	k.q.heap, k.q.slab, k.q.free = m.heap[:0], m.slab[:0], m.free[:0]
	*m = Memory{}
}

// GiveBack ends a kernel and leaves its buffers in m. What was pending is
// forgotten, and so is what it pointed to.
func (k *Kernel) GiveBack(m *Memory) {
	clear(k.q.slab)
	m.heap, m.slab, m.free = k.q.heap, k.q.slab, k.q.free
	k.q = queue{}
}
