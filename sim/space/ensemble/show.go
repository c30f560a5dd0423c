package ensemble

import (
	"fmt"
	"strings"
	"time"

	"github.com/simctl/simctl/checker/explore"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/space/inside"
	"github.com/simctl/simctl/sim/zk/quorum"
)

// describe says what an action does.
func (w *World) describe(a explore.Action) string {
	kind, i, num := unpack(a)
	n := w.nodes[i]
	switch kind {
	case writes:
		return fmt.Sprintf("%s: its disk %s", n.id, n.disk.next())
	case rings:
		for _, t := range n.timers {
			if t.id == host.TimerID(num) {
				return fmt.Sprintf("%s: %s after %v", n.id, t.call.Name(), time.Duration(max(0, t.at-w.now)))
			}
		}
	case proposes:
		return fmt.Sprintf("%s proposes transaction %d", n.id, w.c.Txns-w.left[txns]+1)
	case starts:
		return fmt.Sprintf("%s starts", n.id)
	case crashLost:
		return fmt.Sprintf("%s: the machine crashes, and what its disk was asked for and what it sent is lost", n.id)
	case crashKept:
		return fmt.Sprintf("%s crashes", n.id)
	case holdDisk:
		return fmt.Sprintf("%s: its disk is held up", n.id)
	}
	e := &n.ends[n.find(num>>1, num&1)]
	peer := w.nodes[e.peer].id
	switch {
	case kind == cutLink:
		return fmt.Sprintf("%s: its connection to %s is cut", n.id, peer)
	case kind == holdLink:
		return fmt.Sprintf("%s: what comes from %s is held up", n.id, peer)
	case e.in[0].kind == closed:
		return fmt.Sprintf("%s is told that its connection to %s closed: %s", n.id, peer, e.in[0].why)
	}
	return fmt.Sprintf("%s receives %s from %s", n.id, said(e.in[0].msg), peer)
}

// said is a message in words.
func said(m host.Message) string {
	switch m := m.(type) {
	case quorum.Notification:
		return fmt.Sprintf("the vote for z%d (zxid %#x, epoch %d, round %d, %s)", m.Vote.Leader, m.Vote.Zxid, m.Vote.Epoch, m.Vote.Round, m.State)
	case quorum.Packet:
		return fmt.Sprintf("%s %#x", m.Name(), m.Zxid)
	}
	return m.Name()
}

// next says what a disk does when it goes on.
func (d *disk) next() string {
	verb, o := "writes", &d.asked[0]
	if len(d.asked) > 1 && o.kind == removes { // to make it anew
		o = &d.asked[1]
	}
	switch o.kind {
	case removes:
		verb = "removes"
	case syncs:
		verb = "syncs"
	case renames:
		verb = "renames"
	}
	return verb + " " + strings.TrimSuffix(o.name, ".tmp")
}

// String shows the state to people: what is left of the budgets, and what every
// server is and holds, with its timers, what its disk is asked for and what is under
// way to it. What belongs to a line is indented below it.
func (w *World) String() string {
	var b strings.Builder
	b.WriteString("left\n")
	for i, name := range [budgets]string{txns: "transactions", crashes: "crashes", cuts: "cuts", late: "late"} {
		fmt.Fprintf(&b, "  %s %d\n", name, w.left[i])
	}
	for _, n := range w.nodes {
		w.showServer(&b, n)
	}
	return b.String()
}

func (w *World) showServer(b *strings.Builder, n *node) {
	if n.peer == nil {
		fmt.Fprintf(b, "%s is down\n", n.id)
	} else {
		fmt.Fprintf(b, "%s incarnation %d %s, serves as %s\n", n.id, n.inc, n.peer.Role(), n.role)
	}
	names := told{w, n}
	for i := range n.timers {
		t := &n.timers[i]
		fmt.Fprintf(b, "  timer %s %s\n", inside.Line(t.call, names), names.in(t))
	}
	for i := range n.ends {
		e := &n.ends[i]
		if len(e.in) == 0 {
			continue
		}
		fmt.Fprintf(b, "  from %s%s\n", w.nodes[e.peer].id, heldUp(e.held))
		for _, x := range e.in {
			if x.kind == closed {
				fmt.Fprintf(b, "    closed: %s\n", x.why)
			} else {
				fmt.Fprintf(b, "    %s\n", said(x.msg))
			}
		}
	}
	fmt.Fprintf(b, "  disk%s\n", heldUp(n.disk.held))
	for _, f := range n.disk.files {
		fmt.Fprintf(b, "    %s, %d bytes\n", f.name, len(f.data))
	}
	for i := range n.disk.asked {
		fmt.Fprintf(b, "    asked to %s\n", n.disk.asked[i].String())
	}
	if n.peer == nil {
		return
	}
	b.WriteString("  holds\n")
	for line := range strings.Lines(inside.Text(n.peer, names)) {
		b.WriteString("    " + line)
	}
}

// String says what is to be done.
func (o *order) String() string {
	switch o.kind {
	case appends:
		return fmt.Sprintf("append %d bytes to %s", len(o.data), o.name)
	case syncs:
		return "sync " + o.name
	case renames:
		return fmt.Sprintf("rename %s to %s", o.name, o.to)
	case removes:
		return "remove " + o.name
	}
	return "read " + o.name
}

func heldUp(is bool) string {
	if is {
		return " (held up)"
	}
	return ""
}

// told says what people are told for numbers of one server.
type told struct {
	w *World
	n *node
}

var _ inside.Names = told{}

func (n told) in(t *timer) string {
	return fmt.Sprintf("in %v", time.Duration(max(0, t.at-n.w.now)))
}

// Timer implements inside.Names.
func (n told) Timer(id host.TimerID) string {
	for i := range n.n.timers {
		if t := &n.n.timers[i]; t.id == id {
			return n.in(t)
		}
	}
	return "rang"
}

// Conn implements inside.Names.
func (n told) Conn(c host.ConnID) string {
	if i := n.n.conn(c); i >= 0 {
		return "to " + string(n.w.nodes[n.n.ends[i].peer].id)
	}
	return "closed"
}
