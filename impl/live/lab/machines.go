package lab

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/live"
	"github.com/simctl/simctl/impl/live/lab/ensemble"
	"github.com/simctl/simctl/impl/live/lab/proc"
	"github.com/simctl/simctl/impl/live/program"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/scenarios"
)

// broken is a machine that is lost: what was cut for it.
type broken struct {
	name   string
	others []string
}

// isolate cuts every link of a machine, so that nobody is told of its end.
func (s *soak) isolate(name string) {
	b := broken{name, slices.DeleteFunc(s.everyone(), func(o string) bool { return o == name })}
	for _, o := range b.others {
		s.mesh.Cut(name, o)
		s.mesh.Cut(o, name)
	}
	s.play.broken = append(s.play.broken, b)
}

// rejoin undoes one isolate.
func (s *soak) rejoin(name string) {
	i := slices.IndexFunc(s.play.broken, func(b broken) bool { return b.name == name })
	if i < 0 {
		return
	}
	for _, o := range s.play.broken[i].others {
		s.mesh.Heal(name, o)
		s.mesh.Heal(o, name)
	}
	s.play.broken = slices.Delete(s.play.broken, i, i+1)
}

// routeServer puts a link between two servers of the service.
func (s *soak) routeServer(from, to int, addr host.Addr) (host.Addr, error) {
	return s.mesh.Add(serverName(from-1), serverName(to-1), addr, nil)
}

// apart are the servers that are services of their own, by their ids.
func apart(sc *scenarios.Scenario) (groups [][]int) {
	for _, g := range sc.Apart {
		var ids []int
		for _, name := range g {
			id, err := strconv.Atoi(strings.TrimPrefix(name, "z"))
			if err != nil {
				panic("lab: " + err.Error()) // the scenario was checked
			}
			ids = append(ids, id)
		}
		groups = append(groups, ids)
	}
	return groups
}

// serversThat lists the servers of ours that play a role now.
func (s *soak) serversThat(ctx context.Context, role string) (out []string) {
	for i := range s.servers {
		z := s.server(serverName(i))
		if z == nil || z.Ended() {
			continue
		}
		mode := ""
		if role != "any-server" {
			mode = z.Mode(ctx)
		}
		leads := mode == "leader" || mode == "standalone"
		if role == "any-server" || role == "zk-leader" && leads || role == "zk-follower" && mode == "follower" {
			out = append(out, serverName(i))
		}
	}
	return out
}

// serverBack is how long a leader that was lost stays away, as in the
// simulation: the start of a server takes its time besides.
const serverBack = time.Second

func (s *soak) actOnServer(class scenarios.Class, z *ensemble.Server) error {
	switch class {
	case scenarios.Stop:
		s.takeServer(z, "")
	case scenarios.KillOff:
		s.takeServer(z, trace.KilledOff)
	case scenarios.HostLoss:
		s.isolate(serverName(z.ID() - 1))
		s.takeServer(z, trace.HostLost)
	case scenarios.Pause:
		if !z.Ended() {
			return z.Pause()
		}
	default:
		return fmt.Errorf("no server can have it")
	}
	return nil
}

// takeServer ends a server for as long as any fault wants it gone, and tells
// how; without that it is asked to end, and tells itself.
func (s *soak) takeServer(z *ensemble.Server, how trace.Kind) {
	s.play.down[z.ID()]++
	switch {
	case z.Ended():
	case how == "":
		_ = z.Terminate() // it may be gone by now
	default:
		from := s.from()
		if z.Kill(); z.Records() != "" {
			s.tell(trace.Event{Process: serverName(z.ID() - 1), Inc: z.Starts(), Kind: how, N: proc.Killed, At: from, Until: live.Monotonic()})
		}
	}
}

// superviseServers starts servers again, after a while, that ended by themselves:
// no fault has them, and a full disk is not full for ever.
func (s *soak) superviseServers() {
	if s.play == nil || s.ensemble == nil || s.scenario.Restart.Hi == 0 {
		return
	}
	for _, z := range s.ensemble.Servers() {
		if !z.Ended() || s.play.down[z.ID()] > 0 {
			continue
		}
		s.play.down[z.ID()]++ // until it is started
		s.after(program.Between(s.draw, s.scenario.Restart), func(context.Context) error { return s.giveServer(z) })
	}
}

// giveServer starts a server that no fault wants gone any more. It may not have
// ended yet.
func (s *soak) giveServer(z *ensemble.Server) error {
	if s.play.down[z.ID()]--; s.play.down[z.ID()] > 0 {
		return nil
	}
	z.Kill()
	return z.Start()
}
