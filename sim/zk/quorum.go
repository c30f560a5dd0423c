package zk

import (
	"github.com/simctl/simctl/sim/kernel"
	"github.com/simctl/simctl/sim/network"
)

// Who leads and who serves. Each server believes in a leader, itself or
// another, or is looking for one. Beliefs end as they do in ZooKeeper: at once
// when the other's program ends, and after syncLimit ticks of silence when it
// is cut off or stands still. They are looked at twice a tick.

func (s *Service) postBeat() {
	half := max(s.cfg.Tick/2, 1)
	s.post((s.k.Now()/half+1)*half, beatEvent, 0, 0, "beat")
}

// beat lets leader and followers hear of each other, or miss it.
func (s *Service) beat() {
	now := s.clock()
	limit := syncLimit * s.cfg.Tick
	for _, sv := range s.servers {
		if !sv.alive() || sv.following == looking || sv.following == sv.i {
			continue
		}
		l := s.servers[sv.following]
		switch {
		case now-sv.heard >= limit:
			s.giveUp(sv)
		case !s.linked(sv.i, l.i):
		case l.following != l.i:
			s.giveUp(sv) // its leader has closed the connection
		default:
			sv.heard = now
		}
	}
	if now%s.cfg.Tick != 0 {
		return
	}
	for _, sv := range s.servers {
		if sv.alive() && sv.following == sv.i && s.heardBy(sv.i, limit) < s.majority() {
			s.giveUp(sv)
		}
	}
	if s.serves() {
		s.expire()
	}
}

// heardBy counts the servers that a leader still counts on, itself included.
func (s *Service) heardBy(leader int, limit int64) (n int) {
	for _, sv := range s.servers {
		if sv.i == leader || sv.following == leader && s.clock()-sv.heard < limit {
			n++
		}
	}
	return n
}

func (s *Service) majority() int { return len(s.servers)/2 + 1 }

// linked reports whether two servers run and reach each other now.
func (s *Service) linked(a, b int) bool {
	x, y := s.servers[a], s.servers[b]
	if !x.alive() || !y.alive() {
		return false
	}
	return a == b || s.net.Reachable(x.cfg.Machine, y.cfg.Machine) && s.net.Reachable(y.cfg.Machine, x.cfg.Machine)
}

// serves reports whether a transaction can be committed now: the leader
// reaches a majority that follows it.
func (s *Service) serves() bool {
	if s.leader < 0 || s.servers[s.leader].following != s.leader {
		return false
	}
	n := 0
	for _, sv := range s.servers {
		if sv.following == s.leader && s.linked(sv.i, s.leader) {
			n++
		}
	}
	return n >= s.majority()
}

// touches reports whether the server's word of a session reaches the leader.
func (s *Service) touches(sv *server) bool {
	return s.leader >= 0 && sv.following == s.leader && s.linked(sv.i, s.leader)
}

// able reports whether the server can have a transaction committed now.
func (s *Service) able(sv *server) bool { return s.touches(sv) && s.serves() }

// led reports whether some server leads and does not know better yet. While
// its followers have not given it up, nobody else is elected by them.
func (s *Service) led() bool {
	return s.leader >= 0 && s.servers[s.leader].alive() && s.servers[s.leader].following == s.leader && s.serves()
}

// giveUp makes a server look for a leader: it serves nobody.
func (s *Service) giveUp(sv *server) {
	leading := sv.following == sv.i
	sv.following = looking
	sv.dropAll()
	if !leading {
		return
	}
	for _, f := range s.servers {
		if f.following == sv.i && f.i != sv.i && s.linked(f.i, sv.i) {
			s.giveUp(f)
		}
	}
}

// join lets servers that look find the leader that there is.
func (s *Service) join() {
	if s.leader < 0 || s.servers[s.leader].following != s.leader {
		return
	}
	for _, sv := range s.servers {
		if sv.alive() && sv.following == looking && s.linked(sv.i, s.leader) {
			sv.following, sv.heard = s.leader, s.clock()
		}
	}
}

// candidate is the server that would be elected now: of those that look, the
// one with the greatest id that reaches a majority of such. All have the same
// history at this grain. -1 if there is none.
func (s *Service) candidate() int {
	for c := len(s.servers) - 1; c >= 0; c-- {
		if !s.servers[c].alive() || s.servers[c].following != looking {
			continue
		}
		n := 0
		for _, sv := range s.servers {
			if sv.following == looking && s.linked(c, sv.i) {
				n++
			}
		}
		if n >= s.majority() {
			return c
		}
	}
	return -1
}

// elect starts an election if one can succeed. It takes its time.
func (s *Service) elect() {
	if s.electing || s.candidate() < 0 {
		return
	}
	s.electing = true
	s.draws++
	d := s.k.Between(kernel.KeyOf("zk election"), s.draws, electionMin, electionMax)
	s.post(s.k.Now()+d, electEvent, 0, 0, "elected")
}

// lead begins the reign of a leader: a new epoch, and a full timeout for each
// session. What the old leader had logged survives if it takes part in the new
// quorum, and never if it does not.
func (s *Service) lead(c int) {
	old := s.leader
	s.leader = c
	s.epoch, s.counter = s.epoch+1, 0
	s.servers[c].following = c
	s.join()
	for _, se := range s.sessions {
		s.touch(se)
	}
	if old >= 0 && s.servers[old].following != c {
		s.logged = nil
	}
}

// commitLogged commits what the leader had logged before it lost its quorum.
func (s *Service) commitLogged() {
	logged := s.logged
	s.logged = nil
	for i := range logged {
		if !logged[i].se.dead {
			s.write(logged[i].se, &logged[i].op)
		}
	}
}

// boot starts a server's program, which listens at once.
func (s *Service) boot(sv *server) {
	sv.inc++
	sv.gen++
	sv.up, sv.paused, sv.following = true, false, looking
	s.k.SetIncarnation(sv.actor, sv.inc)
	sv.end = network.End{Machine: sv.cfg.Machine, Actor: sv.actor, Inc: sv.inc}
	if err := s.net.Listen(sv.end, sv.cfg.Addr, nil); err != nil {
		panic(kernel.Bug("zk: " + err.Error()))
	}
}

// down ends a server's program. With reset its peers are told at once.
func (s *Service) down(i int, reset bool) {
	sv := s.servers[i]
	sv.gen++
	if !sv.up {
		return
	}
	was := sv.following
	sv.up, sv.paused = false, false
	if reset {
		sv.following = looking // else its peers count on it until it is silent too long
	}
	for len(sv.conns) > 0 {
		sv.conns[0].drop()
	}
	s.net.Gone(sv.end, reset)
	s.k.SetIncarnation(sv.actor, noIncarnation)
	if was != i || !reset {
		return
	}
	for _, f := range s.servers {
		if f.following == i && s.net.Reachable(sv.cfg.Machine, f.cfg.Machine) {
			s.draws++
			d := s.k.Between(kernel.KeyOf("zk notice", uint64(f.i)), s.draws, noticeMin, noticeMax)
			s.post(s.k.Now()+d, noticeEvent, uint64(f.i), f.gen, "leader lost")
		}
	}
}

// KillServer ends a server's program at once; its machine resets its
// connections. Nothing happens if it does not run.
func (s *Service) KillServer(i int) {
	s.down(i, true)
	s.settle()
}

// StopServer asks a server's program to end: at this grain as KillServer.
func (s *Service) StopServer(i int) { s.KillServer(i) }

// LoseServer ends a server with its machine: in silence.
func (s *Service) LoseServer(i int) {
	s.down(i, false)
	s.settle()
}

// PauseServer makes a server stand still. Its machine still accepts.
func (s *Service) PauseServer(i int) {
	if sv := s.servers[i]; sv.alive() {
		sv.paused = true
		s.k.Pause(sv.actor)
		s.settle()
	}
}

// ResumeServer lets a server go on.
func (s *Service) ResumeServer(i int) {
	if sv := s.servers[i]; sv.up && sv.paused {
		sv.paused = false
		s.k.Resume(sv.actor)
		s.settle()
	}
}

// RestartServer starts a server again. Nothing happens if it runs.
func (s *Service) RestartServer(i int) {
	if !s.servers[i].up {
		s.boot(s.servers[i])
		s.settle()
	}
}

// LoseLeader kills the server that leads and starts it again, as a supervisor
// does: every connection drops, and there is no service until a new leader is
// elected. Nothing happens if nobody leads.
func (s *Service) LoseLeader() {
	i := s.Leader()
	if i < 0 {
		return
	}
	s.KillServer(i)
	s.draws++
	d := s.k.Between(kernel.KeyOf("zk restart"), s.draws, restartMin, restartMax)
	s.post(s.k.Now()+d, restartEvent, uint64(i), s.servers[i].gen, "restart")
}
