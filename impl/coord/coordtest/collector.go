package coordtest

import (
	"fmt"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/host"
)

// A Collector is the process that uses the service under test: it writes down
// every answer, watch event and state change in the order of their delivery.
type Collector struct {
	// Log is what was delivered, in order.
	Log []Entry
}

// An Entry is one thing that was delivered to a [Collector]. Exactly one of
// Result, Event and State is set.
type Entry struct {
	Tag    int // the number the operation or session was given
	Result *coord.Result
	Event  *coord.Event
	State  *coord.StateChange
}

// String returns the entry for failure messages.
func (e Entry) String() string {
	switch {
	case e.Result != nil:
		return fmt.Sprintf("answer %d: path=%q err=%v zxid=%#x", e.Tag, e.Result.Path, e.Result.Err, e.Result.Zxid)
	case e.Event != nil:
		return fmt.Sprintf("watch %d: %s %s", e.Tag, e.Event.Type, e.Event.Path)
	default:
		return fmt.Sprintf("session %d: %s", e.Tag, e.State.State)
	}
}

func (c *Collector) answered(tag int, r coord.Result) {
	c.Log = append(c.Log, Entry{Tag: tag, Result: &r})
}

func (c *Collector) fired(tag int, e coord.Event) {
	c.Log = append(c.Log, Entry{Tag: tag, Event: &e})
}

func (c *Collector) changed(tag int, s coord.StateChange) {
	c.Log = append(c.Log, Entry{Tag: tag, State: &s})
}

// Start does nothing.
func (c *Collector) Start(host.Host) {}

// Accepted does nothing: a collector has no connections of its own.
func (c *Collector) Accepted(host.ConnID, host.Addr) {}

// Connected does nothing.
func (c *Collector) Connected(host.ConnID) {}

// Received does nothing.
func (c *Collector) Received(host.ConnID, host.Message) {}

// Closed does nothing.
func (c *Collector) Closed(host.ConnID, host.Reason) {}

// Exited does nothing.
func (c *Collector) Exited(host.ProcessID, int) {}

// Signalled does nothing.
func (c *Collector) Signalled(host.Signal) {}

// Clone returns a copy with a log of its own.
func (c *Collector) Clone(host.Host) host.Process {
	return &Collector{Log: append([]Entry(nil), c.Log...)}
}

// Digest writes the log.
func (c *Collector) Digest(d *host.Digest) {
	d.Uint(uint64(len(c.Log)))
	for _, e := range c.Log {
		d.Str(e.String())
	}
}
