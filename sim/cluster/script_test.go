package cluster

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/coord/coordtest"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/sim/network"
	"github.com/simctl/simctl/sim/zk"
)

// user is a process of a script: what it is told goes to the script's output.
type user struct {
	coordtest.Collector
	s       *script
	name    string
	c       coord.Client
	session coord.Session
	id      int64
}

func (u *user) answered(what string, r coord.Result) {
	out := what
	if r.Path != "" {
		out += " -> " + r.Path
	}
	if r.Data != nil {
		out += fmt.Sprintf(" -> %q", r.Data)
	}
	if r.Err != nil {
		out += ": " + r.Err.Error()
	}
	for _, p := range r.Results {
		out += fmt.Sprintf(" [%s %v]", p.Path, p.Err)
	}
	u.s.say(u.name, "%s", out)
}

func (u *user) fired(what string, e coord.Event) {
	u.s.say(u.name, "watch of %s: %s %s", what, e.Type, e.Path)
}

func (u *user) changed(_ struct{}, c coord.StateChange) {
	u.id = c.ID
	u.s.say(u.name, "session %s, timeout %v", c.State, c.Timeout)
}

// script is one lab driven by a file of commands.
type script struct {
	*lab
	t     *testing.T
	users map[string]*user
	out   strings.Builder
}

func (s *script) say(who, format string, args ...any) {
	at := time.Duration(s.w.k.Now()).Round(time.Millisecond).Seconds()
	fmt.Fprintf(&s.out, "%8.3f %s: %s\n", at, who, fmt.Sprintf(format, args...))
}

// told prints what the judges of a run are told of the service.
func (s *script) told(e *trace.Event) {
	switch e.Kind {
	case trace.Commit:
		s.say("told", "commit by %s: %s %s, term %d, write %d", e.Process, e.Value, e.Subject, e.Term, e.M)
	case trace.SessionExpired:
		s.say("told", "session of %s is over: %s", e.Process, e.Value)
	case trace.ServiceUp, trace.ServiceDown, trace.Started, trace.KilledOff, trace.HostLost:
		s.say("told", "%s %s", e.Process, e.Kind)
	default:
	}
}

func (s *script) user(name string) *user {
	if u := s.users[name]; u != nil {
		return u
	}
	u := &user{s: s, name: name}
	u.c = s.Attach(host.ProcessID(name), u)
	s.users[name] = u
	return u
}

// op parses "create /a data", with "+e" and "+s" behind create for the mode.
func (s *script) op(words []string) coord.Op {
	o := coord.Op{Version: coord.AnyVersion, Path: words[1], Tag: coord.Tag{Term: 1, Write: 2}}
	kind, flags, _ := strings.Cut(words[0], "+")
	for k := coord.Create; k <= coord.Sync; k++ {
		if k.String() == kind {
			o.Kind = k
		}
	}
	require.NotZero(s.t, o.Kind, kind)
	if strings.Contains(flags, "e") {
		o.Mode |= coord.Ephemeral
	}
	if strings.Contains(flags, "s") {
		o.Mode |= coord.PersistentSequential
	}
	if len(words) > 2 {
		o.Data = []byte(words[2])
	}
	return o
}

func (s *script) duration(text string) time.Duration {
	d, err := time.ParseDuration(text)
	require.NoError(s.t, err)
	return d
}

// outputs is how many outputs a fault lets its target make, 0 if the command
// does not say.
func (s *script) outputs(words []string) (n int) {
	if len(words) > 2 {
		_, err := fmt.Sscan(words[2], &n)
		require.NoError(s.t, err)
	}
	return n
}

func (s *script) command(words []string) {
	switch words[0] {
	case "open": // open USER TIMEOUT [SERVER...]
		u, servers := s.user(words[1]), s.w.servers
		if len(words) > 3 {
			servers = nil
			for _, z := range words[3:] {
				servers = append(servers, host.Addr(z+serverPort))
			}
		}
		u.session = u.c.OpenSession(coord.Options{Servers: servers, Timeout: s.duration(words[2])}, host.BindResult((*user).changed, struct{}{}))
	case "close":
		s.user(words[1]).c.CloseSession(s.user(words[1]).session)
	case "run":
		s.Run(s.duration(words[1]))
	case "kill":
		s.w.Kill(words[1], s.outputs(words))
	case "lose":
		s.w.LoseHost(words[1], s.outputs(words))
	case "start":
		s.w.Start(words[1])
	case "pause":
		s.w.Pause(words[1], s.outputs(words))
	case "resume":
		s.w.Resume(words[1])
	case "lose-leader":
		s.w.LoseLeader()
	case "expire":
		s.w.ens.expire(s.user(words[1]).id)
	case "cut", "heal":
		s.link(words[0] == "cut", words[1], words[2])
	case "slow": // slow USER KIND TIME
		s.trouble[host.ProcessID(words[1])].Slow(words[2], int64(s.duration(words[3])))
	case "quick":
		s.trouble[host.ProcessID(words[1])].Quick(words[2], int64(s.duration(words[3])))
	case "lose-reply":
		s.trouble[host.ProcessID(words[1])].Lose(words[2], 1)
	case "cut-session":
		s.trouble[host.ProcessID(words[1])].Cut(words[2])
	case "mend-session":
		s.trouble[host.ProcessID(words[1])].Mend(words[2], s.clients[host.ProcessID(words[1])])
	case "where":
		s.where()
	case "watch":
		u, what := s.user(words[1]), strings.Join(words[2:], " ")
		coord.Watch(u.c, u.session, s.op(words[2:]), (*user).answered, (*user).fired, what)
	case "multi":
		s.multi(words)
	default:
		u, what := s.user(words[0]), strings.Join(words[1:], " ")
		coord.Do(u.c, u.session, s.op(words[1:]), (*user).answered, what)
	}
}

func (s *script) multi(words []string) {
	u := s.user(words[1])
	m := coord.Op{Kind: coord.Multi, Tag: coord.Tag{Term: 1, Write: 3}}
	for part := range strings.SplitSeq(strings.Join(words[2:], " "), " | ") {
		m.Ops = append(m.Ops, s.op(strings.Fields(part)))
	}
	coord.Do(u.c, u.session, m, (*user).answered, "multi")
}

// link cuts or heals both directions between a machine and another, or "all"
// servers.
func (s *script) link(cut bool, from, to string) {
	a, _ := s.w.net.Machine(from)
	for _, m := range s.w.machines {
		if m.name == from || to != "all" && to != m.name {
			continue
		}
		for _, w := range [2][2]network.MachineID{{a, m.id}, {m.id, a}} {
			if cut {
				s.w.net.Cut(w[0], w[1])
			} else {
				s.w.net.Heal(w[0], w[1])
			}
		}
	}
}

// where prints what each server is, and whose clients are connected to it.
func (s *script) where() {
	for _, m := range s.w.ens.servers {
		p := m.program()
		if p == nil {
			s.say(m.name, "does not run")
			continue
		}
		var who []string
		for _, name := range []string{"p1", "p2", "p3"} {
			if u := s.users[name]; u != nil {
				if _, ok := p.ClientOf(u.id); ok {
					who = append(who, name)
				}
			}
		}
		s.say(m.name, "%s, clients %v", p.Role(), who)
	}
}

func TestScripts(t *testing.T) {
	datadriven.Walk(t, "testdata/scripts", func(t *testing.T, path string) {
		var s *script
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			if d.Cmd == "ensemble" {
				servers, seed, client := 3, 1, ""
				d.MaybeScanArgs(t, "servers", &servers)
				d.MaybeScanArgs(t, "seed", &seed)
				d.MaybeScanArgs(t, "client", &client)
				profile, err := zk.ParseProfile(client)
				require.NoError(t, err)
				s = &script{t: t, users: map[string]*user{}}
				s.lab = newLab(uint64(seed), servers, profile)
				s.w.opts.Observers = append(s.w.opts.Observers, s.told)
			}
			s.out.Reset()
			for line := range strings.Lines(d.Input) {
				s.command(strings.Fields(line))
			}
			return s.out.String()
		})
	})
}
