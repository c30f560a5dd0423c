package lab

import (
	"slices"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/live"
	"github.com/simctl/simctl/impl/live/lab/onlooker"
	"github.com/simctl/simctl/model/trace"
)

// startOnlooker lets the masters' latch be watched, for what no master can tell.
func (s *soak) startOnlooker(dir string) {
	servers := s.servers
	if g := s.scenario.Apart; len(g) > 0 { // of several services it watches the first
		servers = nil
		for i, addr := range s.servers {
			if slices.Contains(g[0], serverName(i)) {
				servers = append(servers, addr)
			}
		}
	}
	s.onlooker = onlooker.Start(servers, dir+"/leader_election", s.timers.Session)
}

// sessionEnds are the ends of the masters' sessions, as far as they were seen.
func (s *soak) sessionEnds() []trace.Event {
	if s.onlooker == nil {
		return nil
	}
	owners, closed := map[int64]*live.Record{}, map[int64]bool{}
	for i := range s.records {
		if r := &s.records[i]; r.Event == string(trace.Session) && r.N != 0 {
			owners[r.N] = r
			closed[r.N] = closed[r.N] || r.Value == coord.Closed.String()
		}
	}
	var out []trace.Event
	for _, d := range s.onlooker.Ended() {
		r := owners[d.Session]
		if r == nil {
			continue
		}
		e := trace.Event{At: d.At, Process: string(r.Process), Inc: r.Inc, Kind: trace.SessionExpired, N: d.Session, Value: "expired"}
		if closed[d.Session] {
			e.Value = "closed"
		}
		out = append(out, e)
	}
	return out
}
