package server

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/zk/jute"
)

// version is what the server says that it is, in the old form of the date,
// which go-zookeeper reads.
const version = "3.8.0-simctl, built on 03/04/2022 09:22 GMT"

const notServing = "This ZooKeeper instance is not currently serving requests\n"

// stats count what the server has done. Nothing is decided by them.
type stats struct {
	received, sent, replies       int64
	minTook, maxTook, allTook     int64 // nanoseconds
	lastSize, minSize, maxSize, n int64 // of proposals
}

func (t *stats) took(ns int64) {
	if t.replies == 0 || ns < t.minTook {
		t.minTook = ns
	}
	t.maxTook = max(t.maxTook, ns)
	t.allTook += ns
	t.replies++
}

func (t *stats) proposed(size int) {
	t.lastSize = int64(size)
	if t.n == 0 || t.lastSize < t.minSize {
		t.minSize = t.lastSize
	}
	t.maxSize = max(t.maxSize, t.lastSize)
	t.n++
}

func ms(ns int64) int64 { return ns / 1_000_000 }

// average is a mean of n values in milliseconds, to one ten-thousandth.
func (t *stats) average() string {
	if t.replies == 0 {
		return "0.0"
	}
	mean := t.allTook / t.replies / 100 // tenths of microseconds
	text := fmt.Sprintf("%d.%04d", mean/10_000, mean%10_000)
	text = strings.TrimRight(text, "0")
	if strings.HasSuffix(text, ".") {
		text += "0"
	}
	return text
}

// word answers a four-letter word and closes. A client whose handshake is
// under way has no business with words.
func (s *Server) word(c host.ConnID, word string) {
	if _, wasFresh := s.known(c); !wasFresh {
		s.cut(c)
		return
	}
	if !s.conns.tooMany(c, s.cfg.MaxClientCnxns) {
		s.h.Send(c, jute.Text{Text: s.say(word)})
	}
	s.cut(c)
}

func (s *Server) say(word string) string {
	switch word {
	case "ruok":
		return "imok"
	case "isro":
		switch {
		case s.readOnly:
			return "ro"
		case s.role == Looking:
			return "null"
		}
		return "rw"
	case "srvr", "stat", "mntr", "cons", "dump", "wchs", "conf", "envi":
	default:
		return word + " is not executed because it is not in the whitelist."
	}
	if s.role == Looking && !s.readOnly {
		return notServing
	}
	var b strings.Builder
	switch word {
	case "srvr":
		s.srvr(&b, "")
	case "stat":
		s.srvr(&b, "Clients:\n"+s.cons()+"\n")
	case "mntr":
		s.mntr(&b)
	case "cons":
		b.WriteString(s.cons() + "\n")
	case "dump":
		s.dump(&b)
	case "wchs":
		conns, paths, all := s.watches.Count()
		fmt.Fprintf(&b, "%d connections watching %d paths\nTotal watches:%d\n", conns, paths, all)
	case "conf":
		s.conf(&b)
	case "envi":
		fmt.Fprintf(&b, "Environment:\nzookeeper.version=%s\n", version)
	}
	return b.String()
}

// mode is the role as srvr says it.
func (s *Server) mode() string {
	if s.cfg.ID == 0 {
		return "standalone"
	}
	if s.readOnly {
		return "read-only"
	}
	return s.role.String()
}

func (s *Server) srvr(b *strings.Builder, clients string) {
	t := &s.stats
	fmt.Fprintf(b, "Zookeeper version: %s\n", version)
	if s.readOnly {
		b.WriteString("READ-ONLY mode; serving only read-only clients\n")
	}
	b.WriteString(clients)
	fmt.Fprintf(b, "Latency min/avg/max: %d/%s/%d\n", ms(t.minTook), t.average(), ms(t.maxTook))
	fmt.Fprintf(b, "Received: %d\nSent: %d\nConnections: %d\nOutstanding: %d\n", t.received, t.sent, len(s.clients)+1, s.outstanding())
	fmt.Fprintf(b, "Zxid: 0x%x\nMode: %s\nNode count: %d\n", s.tree.Zxid(), s.mode(), s.tree.Len())
	if s.role == Leading && s.cfg.ID != 0 {
		last, least, most := t.lastSize, t.minSize, t.maxSize
		if t.n == 0 {
			last, least, most = -1, -1, -1
		}
		fmt.Fprintf(b, "Proposal sizes last/min/max: %d/%d/%d\n", last, least, most)
	}
}

func (s *Server) outstanding() int {
	n := 0
	for _, c := range slices.Sorted(maps.Keys(s.clients)) {
		n += len(s.clients[c].queue)
	}
	return n
}

// cons lists the connections, one a line.
func (s *Server) cons() string {
	var b strings.Builder
	for _, c := range slices.Sorted(maps.Keys(s.clients)) {
		cl := s.clients[c]
		fmt.Fprintf(&b, " /%s[1](queued=%d,recved=%d,sent=%d,sid=0x%x,to=%d)\n",
			cl.from, len(cl.queue), cl.received, cl.sent, uint64(cl.session), cl.timeout)
	}
	return b.String()
}

func (s *Server) mntr(b *strings.Builder) {
	_, _, watches := s.watches.Count()
	t := &s.stats
	fmt.Fprintf(b, "zk_version\t%s\nzk_server_state\t%s\n", version, s.mode())
	gauges := []Gauge{
		{"min_latency", ms(t.minTook)}, {"max_latency", ms(t.maxTook)},
		{"packets_received", t.received}, {"packets_sent", t.sent},
		{"num_alive_connections", int64(len(s.clients) + 1)}, {"outstanding_requests", int64(s.outstanding())},
		{"znode_count", int64(s.tree.Len())}, {"watch_count", int64(watches)},
		{"ephemerals_count", int64(s.tree.Ephemerals())}, {"global_sessions", int64(len(s.tree.Sessions()))},
	}
	for _, g := range append(gauges, s.r.Gauges()...) {
		fmt.Fprintf(b, "zk_%s\t%d\n", g.Key, g.Value)
	}
	fmt.Fprintf(b, "zk_avg_latency\t%s\n", t.average())
}

// dump lists the sessions and their ephemerals.
func (s *Server) dump(b *strings.Builder) {
	ids := s.tree.Sessions()
	fmt.Fprintf(b, "SessionTracker dump:\nSession Sets (%d):\n", len(ids))
	for _, id := range ids {
		timeout, _ := s.tree.Session(id)
		fmt.Fprintf(b, "\t0x%x\t%dms\n", uint64(id), timeout)
	}
	b.WriteString("ephemeral nodes dump:\n")
	for _, id := range ids {
		paths := s.tree.EphemeralsOf(id, "")
		if len(paths) > 0 {
			fmt.Fprintf(b, "0x%x:\n\t%s\n", uint64(id), strings.Join(paths, "\n\t"))
		}
	}
}

func (s *Server) conf(b *strings.Builder) {
	_, port, _ := strings.Cut(string(s.cfg.Client), ":")
	fmt.Fprintf(b, "clientPort=%s\ntickTime=%d\nminSessionTimeout=%d\nmaxSessionTimeout=%d\nserverId=%d\n",
		port, s.cfg.Tick.Milliseconds(), s.cfg.MinSession.Milliseconds(), s.cfg.MaxSession.Milliseconds(), s.cfg.ID)
}
