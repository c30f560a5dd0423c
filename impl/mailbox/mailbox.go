// Package mailbox is the queue before a process that handles one thing at a
// time, as Spark's endpoints do: while the running handler waits for a blocking
// store, what comes waits behind it. It is a part of the process.
package mailbox

import (
	"slices"

	"github.com/simctl/simctl/impl/host"
)

// A Mail is one thing that comes: a message, a closed connection, or a call of
// a timer or latch.
type Mail struct {
	Conn host.ConnID
	Msg  host.Message
	Why  host.Reason // not 0: the connection closed
	Call host.Call
}

// An Owner is the process that a mailbox belongs to.
type Owner interface {
	host.Process
	// Blocked reports whether the running handler waits for the store.
	Blocked() bool
	// Handle handles one mail. Its rest may wait in the mailbox, see [Box.Then].
	Handle(l Mail)
}

// A Box is a mailbox.
type Box struct {
	owner    Owner
	settling bool        // a handler runs; false between two events
	stash    []Mail      // what waits for the blocking store
	todo     []host.Call // the rest of the handler that runs
}

// New makes an empty mailbox of owner.
func New(owner Owner) *Box { return &Box{owner: owner} }

// Post handles l now, or when the store no longer blocks.
func (b *Box) Post(l Mail) {
	if b.settling || b.owner.Blocked() || len(b.stash) > 0 || len(b.todo) > 0 {
		b.stash = append(b.stash, l)
	} else {
		b.settling = true
		b.owner.Handle(l)
		b.settling = false
	}
	b.Settle()
}

// Settle goes on with what can go on: the running handler first, then the mail
// that waits.
func (b *Box) Settle() {
	if b.settling {
		return
	}
	b.settling = true
	defer func() { b.settling = false }()
	for !b.owner.Blocked() {
		switch {
		case len(b.todo) > 0:
			next := b.todo[0]
			b.todo = b.todo[1:]
			next.Run(b.owner, nil)
		case len(b.stash) > 0:
			next := b.stash[0]
			b.stash = b.stash[1:]
			b.owner.Handle(next)
		default:
			return
		}
	}
}

// Then puts steps before the rest of the running handler.
func (b *Box) Then(steps ...host.Call) { b.todo = slices.Concat(steps, b.todo) }

// Abort drops the rest of the running handler.
func (b *Box) Abort() { b.todo = nil }

// Clear drops everything that waits.
func (b *Box) Clear() { b.stash, b.todo = nil, nil }

// Clone returns a deep copy that belongs to owner.
func (b *Box) Clone(owner Owner) *Box {
	return &Box{owner: owner, settling: b.settling, stash: slices.Clone(b.stash), todo: slices.Clone(b.todo)}
}

// Digest writes what waits into d.
func (b *Box) Digest(d *host.Digest) {
	d.Uint(uint64(len(b.stash)))
	for _, l := range b.stash {
		d.Conn(l.Conn)
		DigestMessage(d, l.Msg)
		d.Uint(uint64(l.Why))
		l.Call.Digest(d)
	}
	d.Uint(uint64(len(b.todo)))
	for _, c := range b.todo {
		c.Digest(d)
	}
}

// DigestMessage writes a message that may be nil into d.
func DigestMessage(d *host.Digest, msg host.Message) {
	if msg == nil {
		d.Uint(0)
		return
	}
	d.Str(msg.Name())
	msg.Digest(d)
}
