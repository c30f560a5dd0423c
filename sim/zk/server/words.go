package server

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/zk/jute"
	"github.com/simctl/simctl/sim/zk/meter"
)

// version is what the server says that it is, in the old form of the date,
// which go-zookeeper reads.
const version = "3.8.0-simctl, built on 03/04/2022 09:22 GMT"

// traceMask is what is traced, before a client asks for something else. Nothing
// is traced by it.
const traceMask = 306

const notServing = "This ZooKeeper instance is not currently serving requests\n"

// stats count what the server has done. Nothing is decided by them.
type stats struct {
	received, sent int64
	latency        meter.Latency
	sizes          meter.Sizes
}

// word answers a four-letter word and closes. A client whose handshake is
// under way has no business with words.
func (s *Server) word(c host.ConnID, word jute.Word) {
	from, wasFresh := s.known(c)
	if !wasFresh {
		s.cut(c)
		return
	}
	if !s.conns.tooMany(c, s.cfg.MaxClientCnxns) {
		s.stats.received++
		s.h.Send(c, jute.Text{Text: s.say(word, from)})
		s.stats.sent++
	}
	s.cut(c)
}

// say is the answer to a word that a connection asks.
func (s *Server) say(w jute.Word, from host.Addr) string {
	word := w.Text
	if word == "dirs" || !jute.Listed(s.cfg.Words, word, s.cfg.ReadOnly) { // the sizes of files are not known
		return word + " is not executed because it is not in the whitelist."
	}
	switch word {
	case "stmk":
		if len(w.More) < 8 {
			return ""
		}
		s.trace = int64(binary.BigEndian.Uint64([]byte(w.More)))
		return strconv.FormatInt(s.trace, 10)
	case "gtmk":
		return strconv.FormatInt(s.trace, 10)
	case "envi":
		return jute.Environment(version)
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
	}
	if s.role == Looking && !s.readOnly {
		return notServing
	}
	var b strings.Builder
	switch word {
	case "srvr":
		s.srvr(&b, "")
	case "stat":
		s.srvr(&b, "Clients:\n"+s.cons(from, false)+"\n")
	case "mntr":
		s.mntr(&b)
	case "cons":
		b.WriteString(s.cons(from, true) + "\n")
	case "dump":
		s.dump(&b)
	case "wchs":
		conns, paths, all := s.watches.Count()
		fmt.Fprintf(&b, "%d connections watching %d paths\nTotal watches:%d\n", conns, paths, all)
	case "wchc", "wchp":
		s.watched(&b, word == "wchp")
	case "crst":
		for _, c := range slices.Sorted(maps.Keys(s.clients)) {
			cl := s.clients[c]
			cl.received, cl.sent, cl.done.Latency = 0, 0, meter.Latency{}
		}
		return "Connection stats reset.\n"
	case "srst":
		s.stats = stats{}
		return "Server stats reset.\n"
	case "conf":
		s.conf(&b)
	case "hash": // the digests of the tree as it was: none are kept
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
	fmt.Fprintf(b, "Latency min/avg/max: %s\n", &t.latency)
	fmt.Fprintf(b, "Received: %d\nSent: %d\nConnections: %d\nOutstanding: %d\n", t.received, t.sent, len(s.clients)+1, s.outstanding())
	fmt.Fprintf(b, "Zxid: 0x%x\nMode: %s\nNode count: %d\n", s.tree.Zxid(), s.mode(), s.tree.Len())
	if s.role == Leading && s.cfg.ID != 0 {
		fmt.Fprintf(b, "Proposal sizes last/min/max: %s\n", &t.sizes)
	}
}

func (s *Server) outstanding() int {
	n := 0
	for _, c := range slices.Sorted(maps.Keys(s.clients)) {
		n += len(s.clients[c].queue)
	}
	return n
}

// cons lists the connections, one a line, the one that asks last.
func (s *Server) cons(asks host.Addr, all bool) string {
	var b strings.Builder
	for _, c := range slices.Sorted(maps.Keys(s.clients)) {
		cl := s.clients[c]
		fmt.Fprintf(&b, " /%s[1](queued=%d,recved=%d,sent=%d", cl.from, len(cl.queue), cl.received, cl.sent)
		if all {
			fmt.Fprintf(&b, ",sid=0x%x,lop=%s,est=%d,to=%d%s", uint64(cl.session), jute.OpName(cl.done.Op), cl.done.Since, cl.timeout, &cl.done)
		}
		b.WriteString(")\n")
	}
	fmt.Fprintf(&b, " /%s[0](queued=0,recved=1,sent=0)\n", asks)
	return b.String()
}

// watched lists the sessions that watch each path, or the paths that each
// session watches.
func (s *Server) watched(b *strings.Builder, byPath bool) {
	of := map[string]map[string]bool{}
	for _, c := range slices.Sorted(maps.Keys(s.clients)) {
		for _, path := range s.watches.Of(c) {
			key, value := fmt.Sprintf("0x%x", uint64(s.clients[c].session)), path
			if byPath {
				key, value = value, key
			}
			if of[key] == nil {
				of[key] = map[string]bool{}
			}
			of[key][value] = true
		}
	}
	for _, key := range slices.Sorted(maps.Keys(of)) {
		fmt.Fprintf(b, "%s\n\t%s\n", key, strings.Join(slices.Sorted(maps.Keys(of[key])), "\n\t"))
	}
	b.WriteString("\n")
}

func (s *Server) mntr(b *strings.Builder) {
	_, _, watches := s.watches.Count()
	t := &s.stats
	fmt.Fprintf(b, "zk_version\t%s\nzk_server_state\t%s\n", version, s.mode())
	gauges := []Gauge{
		{"min_latency", meter.Milliseconds(t.latency.Min)}, {"max_latency", meter.Milliseconds(t.latency.Max)},
		{"packets_received", t.received}, {"packets_sent", t.sent},
		{"num_alive_connections", int64(len(s.clients) + 1)}, {"outstanding_requests", int64(s.outstanding())},
		{"znode_count", int64(s.tree.Len())}, {"watch_count", int64(watches)},
		{"ephemerals_count", int64(s.tree.Ephemerals())}, {"global_sessions", int64(len(s.tree.Sessions()))},
		{"local_sessions", int64(s.localCount())},
	}
	if s.role == Leading && s.cfg.ID != 0 {
		gauges = append(gauges, Gauge{"last_proposal_size", t.sizes.Last}, Gauge{"min_proposal_size", t.sizes.Min}, Gauge{"max_proposal_size", t.sizes.Max})
	}
	for _, g := range append(gauges, s.r.Gauges()...) {
		fmt.Fprintf(b, "zk_%s\t%d\n", g.Key, g.Value)
	}
	fmt.Fprintf(b, "zk_avg_latency\t%s\n", t.latency.Average())
}

// dump lists the sessions, those that this server expires by when it will, and
// their ephemerals.
func (s *Server) dump(b *strings.Builder) {
	b.WriteString("SessionTracker dump:\n")
	if s.local != nil {
		b.WriteString("Local ")
		s.local.Dump(b, s.h.Mono(), s.now())
	}
	ids := s.tree.Sessions()
	if s.local != nil || s.lead == nil {
		b.WriteString("Global ")
	}
	if s.lead != nil {
		s.lead.Dump(b, s.h.Mono(), s.now())
	} else {
		fmt.Fprintf(b, "Sessions(%d):\n", len(ids))
		for _, id := range ids {
			timeout, _ := s.tree.Session(id)
			fmt.Fprintf(b, "0x%x\t%dms\n", uint64(id), timeout)
		}
	}
	ids = slices.DeleteFunc(ids, func(id int64) bool { return len(s.tree.EphemeralsOf(id, "")) == 0 })
	fmt.Fprintf(b, "ephemeral nodes dump:\nSessions with Ephemerals (%d):\n", len(ids))
	for _, id := range ids {
		fmt.Fprintf(b, "0x%x:\n\t%s\n", uint64(id), strings.Join(s.tree.EphemeralsOf(id, ""), "\n\t"))
	}
}

func (s *Server) conf(b *strings.Builder) {
	_, port, _ := strings.Cut(string(s.cfg.Client), ":")
	fmt.Fprintf(b, "clientPort=%s\ntickTime=%d\nminSessionTimeout=%d\nmaxSessionTimeout=%d\nserverId=%d\n",
		port, s.cfg.Tick.Milliseconds(), s.cfg.MinSession.Milliseconds(), s.cfg.MaxSession.Milliseconds(), s.cfg.ID)
}
