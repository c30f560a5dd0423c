package zk

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/coord/coordtest"
	"github.com/simctl/simctl/impl/host"
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
	if r.Children != nil {
		out += fmt.Sprintf(" -> %v", r.Children)
	}
	if r.Err != nil {
		out += ": " + r.Err.Error()
	}
	for _, p := range r.Results {
		out += fmt.Sprintf("\n    %s %v", p.Path, p.Err)
	}
	u.s.say(u.name, "%s zxid %#x", out, r.Zxid)
}

func (u *user) fired(what string, e coord.Event) {
	u.s.say(u.name, "watch of %s: %s %s", what, e.Type, e.Path)
}

func (u *user) changed(_ struct{}, c coord.StateChange) {
	u.id = c.ID
	u.s.say(u.name, "session %#x %s, timeout %v", c.ID, c.State, c.Timeout)
}

// script is one world driven by a file of commands.
type script struct {
	*lab
	users map[string]*user
	out   strings.Builder
}

func (s *script) say(who, format string, args ...any) {
	at := time.Duration(s.k.Now()).Round(time.Millisecond).Seconds()
	fmt.Fprintf(&s.out, "%8.3f %s: %s\n", at, who, fmt.Sprintf(format, args...))
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

// observe prints what the service tells. Sessions are told always, commits
// only by the script's wish.
func (s *script) observe(commits bool) {
	s.svc.OnQuorum = func(up bool) { s.say("service", "quorum %v", up) }
	s.svc.OnSession = func(e SessionEvent) {
		if !e.Up {
			s.say("service", "session %#x of %s %s", e.Session, e.Owner, e.Why)
		}
	}
	if commits {
		s.svc.OnCommit = func(c Commit) {
			s.say("service", "commit %#x %s %v %v tag %v err %v", c.Zxid, c.Owner, c.Ops, c.Paths, c.Tag, c.Err)
		}
	}
}

// op parses "create /a data", with "+e" and "+s" behind create for the mode
// and "@n" for a version.
func op(t *testing.T, words []string) coord.Op {
	o := coord.Op{Version: coord.AnyVersion}
	kind, flags, _ := strings.Cut(words[0], "+")
	for k := coord.Create; k <= coord.Sync; k++ {
		if k.String() == kind {
			o.Kind = k
		}
	}
	if o.Kind == 0 {
		t.Fatalf("no operation %q", kind)
	}
	if strings.Contains(flags, "e") {
		o.Mode |= coord.Ephemeral
	}
	if strings.Contains(flags, "s") {
		o.Mode |= coord.PersistentSequential
	}
	path, version, ok := strings.Cut(words[1], "@")
	if ok {
		v, err := strconv.Atoi(version)
		if err != nil {
			t.Fatal(err)
		}
		o.Version = int32(v)
	}
	o.Path = path
	if len(words) > 2 {
		o.Data = []byte(words[2])
	}
	return o
}

func (s *script) command(t *testing.T, words []string) {
	arg := func(i int) string { return words[i] }
	server := func() int {
		n, err := strconv.Atoi(strings.TrimPrefix(arg(1), "z"))
		if err != nil {
			t.Fatal(err)
		}
		return n - 1
	}
	duration := func(i int) time.Duration {
		d, err := time.ParseDuration(arg(i))
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	switch arg(0) {
	case "open":
		u := s.user(arg(1))
		u.session = u.c.OpenSession(coord.Options{Servers: s.addrs, Timeout: duration(2)}, host.BindResult((*user).changed, struct{}{}))
	case "close":
		s.user(arg(1)).c.CloseSession(s.user(arg(1)).session)
	case "drop":
		s.user(arg(1)).c.DropSession(s.user(arg(1)).session)
	case "run":
		s.Run(duration(1))
	case "kill":
		s.svc.KillServer(server())
	case "lose":
		s.net.SetMachine(s.svc.servers[server()].cfg.Machine, false)
		s.svc.LoseServer(server())
	case "restart":
		s.net.SetMachine(s.svc.servers[server()].cfg.Machine, true)
		s.svc.RestartServer(server())
	case "pause":
		s.svc.PauseServer(server())
	case "resume":
		s.svc.ResumeServer(server())
	case "lose-leader":
		s.svc.LoseLeader()
	case "expire":
		s.svc.ExpireSession(s.user(arg(1)).id)
	case "break":
		_ = s.BreakConnection(host.ProcessID(arg(1)))
	case "cut", "heal":
		s.link(arg(0) == "cut", arg(1), arg(2))
	case "cut1", "heal1":
		s.way(arg(0) == "cut1", arg(1), arg(2))
	case "where":
		s.where()
	case "watch":
		u, what := s.user(arg(1)), strings.Join(words[2:], " ")
		coord.Watch(u.c, u.session, op(t, words[2:]), (*user).answered, (*user).fired, what)
	case "multi":
		s.multi(t, words)
	default:
		u, what := s.user(arg(0)), strings.Join(words[1:], " ")
		o := op(t, words[1:])
		o.Tag = coord.Tag{Term: 1, Write: 2}
		coord.Do(u.c, u.session, o, (*user).answered, what)
	}
}

func (s *script) multi(t *testing.T, words []string) {
	u := s.user(words[1])
	m := coord.Op{Kind: coord.Multi}
	for _, part := range strings.Split(strings.Join(words[2:], " "), " | ") {
		m.Ops = append(m.Ops, op(t, strings.Fields(part)))
	}
	coord.Do(u.c, u.session, m, (*user).answered, "multi")
}

// link cuts or heals both directions between machines; "all" is every server.
func (s *script) link(cut bool, from, to string) {
	for _, sv := range s.svc.servers {
		if to != "all" && to != sv.cfg.Name || from == sv.cfg.Name {
			continue
		}
		s.way(cut, from, sv.cfg.Name)
		s.way(cut, sv.cfg.Name, from)
	}
}

// way cuts or heals one direction.
func (s *script) way(cut bool, from, to string) {
	a, _ := s.net.Machine(from)
	b, _ := s.net.Machine(to)
	if cut {
		s.net.Cut(a, b)
	} else {
		s.net.Heal(a, b)
	}
}

// where prints what each server believes, and who is connected to it.
func (s *script) where() {
	for _, sv := range s.svc.servers {
		var who []string
		for _, c := range sv.conns {
			if c.se != nil {
				who = append(who, c.se.owner)
			}
		}
		s.say(sv.cfg.Name, "up %v follows z%d clients %v", sv.alive(), sv.following+1, who)
	}
}

func TestScripts(t *testing.T) {
	datadriven.Walk(t, "testdata/scripts", func(t *testing.T, path string) {
		var s *script
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			if d.Cmd == "service" {
				servers, tick, seed := 3, 2000, 1
				d.MaybeScanArgs(t, "servers", &servers)
				d.MaybeScanArgs(t, "tick-ms", &tick)
				d.MaybeScanArgs(t, "seed", &seed)
				s = &script{lab: newLab(t, uint64(seed), servers, time.Duration(tick)*time.Millisecond), users: map[string]*user{}}
				s.observe(d.HasArg("commits"))
			}
			s.out.Reset()
			for line := range strings.Lines(d.Input) {
				s.command(t, strings.Fields(line))
			}
			return s.out.String()
		})
	})
}
