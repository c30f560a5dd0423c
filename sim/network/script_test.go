package network

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/kernel"
)

// text is a message.
type text string

func (m text) Name() string          { return "text" }
func (m text) Digest(d *host.Digest) { d.Str(string(m)) }

// textCodec encodes a text as its length and itself; "bad" does not decode.
type textCodec struct{}

func (textCodec) Append(dst []byte, m host.Message) ([]byte, error) {
	return append(append(dst, byte(len(m.(text)))), m.(text)...), nil
}

func (textCodec) Decode(src []byte) (host.Message, int, error) {
	if string(src[1:]) == "bad" {
		return nil, 0, fmt.Errorf("bad text")
	}
	return text(src[1:]), len(src), nil
}

// script is a world of processes that only write down what they are told.
type script struct {
	k     *kernel.Kernel
	n     *Net
	procs map[string]*scriptProc
	names map[uint64]string // of connections, by serial
	ids   map[string]host.ConnID
	log   strings.Builder
}

type scriptProc struct {
	s    *script
	name string
	end  End
}

func newScript(encode bool) *script {
	s := &script{procs: map[string]*scriptProc{}, names: map[uint64]string{}, ids: map[string]host.ConnID{}}
	s.k = kernel.New(1, nil)
	s.n = New(s.k, Config{
		Delay:       Delay{Min: int64(time.Millisecond), Max: int64(2 * time.Millisecond)},
		DialTimeout: int64(time.Second), Encode: encode,
	})
	return s
}

func (p *scriptProc) Handle(e *kernel.Event) {
	if !p.s.n.Arrive(e) {
		return
	}
	c := p.s.names[e.A>>slotBits]
	what := e.Kind.String()
	switch e.Kind {
	case kernel.Message:
		what = fmt.Sprintf("got %s", e.V)
	case kernel.Accepted:
		p.s.ids[p.name+" "+c] = host.ConnID(e.A)
		what += fmt.Sprintf(" from %s", e.V)
	case kernel.Hangup:
		what += ": " + host.Reason(e.B).String()
	}
	fmt.Fprintf(&p.s.log, "%12v %s: %s %s\n", time.Duration(p.s.k.Now()), p.name, c, what)
}

func (s *script) machine(name string) MachineID {
	id, ok := s.n.Machine(name)
	if !ok {
		id = s.n.AddMachine(name)
	}
	return id
}

// do carries out one line.
func (s *script) do(line string) {
	f := strings.Fields(line)
	if d, err := time.ParseDuration(f[len(f)-1]); err == nil && f[0] == "run" {
		s.k.Run(s.k.Now() + int64(d))
		return
	}
	if f[0] == "start" || s.procs[f[1]] != nil {
		s.doProc(f)
		return
	}
	a, b := s.machine(f[1]), MachineID(0)
	if len(f) > 2 {
		b = s.machine(f[2])
	}
	switch f[0] {
	case "lose":
		s.n.SetMachine(a, false)
		for _, name := range s.on(a) {
			s.end(s.procs[name], false)
		}
	case "up":
		s.n.SetMachine(a, true)
	case "cut":
		s.n.Cut(a, b)
	case "heal":
		s.n.Heal(a, b)
	case "stall":
		s.n.Stall(a, b)
	case "unstall":
		s.n.Unstall(a, b)
	case "reset":
		s.n.ResetBetween(a, b, s.later(f))
	case "drop", "twice": // drop A B N, twice A B N LATER
		t := Trap{From: []MachineID{a}, To: []MachineID{b}, Name: "text", Twice: f[0] == "twice"}
		fmt.Sscan(f[3], &t.N)
		if t.Twice {
			d, _ := time.ParseDuration(f[4])
			t.Later = int64(d)
		}
		s.n.Set(7, t)
	case "untrap":
		s.n.Unset(7)
	case "slow":
		d, _ := time.ParseDuration(f[3])
		s.n.Slow(a, b, int64(d))
	default:
		panic("no command " + line)
	}
}

// later reads the time behind two machines, 0 if there is none.
func (s *script) later(f []string) int64 {
	if len(f) < 4 {
		return 0
	}
	d, _ := time.ParseDuration(f[3])
	return int64(d)
}

func (s *script) on(m MachineID) (names []string) {
	for name, p := range s.procs {
		if p.end.Machine == m {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (s *script) end(p *scriptProc, reset bool) {
	s.n.Gone(p.end, reset)
	s.k.SetIncarnation(p.end.Actor, 1<<31)
}

func (s *script) doProc(f []string) {
	p := s.procs[f[1]]
	if f[0] == "start" {
		if p == nil {
			p = &scriptProc{s: s, name: f[1]}
			p.end = End{Machine: s.machine(f[2]), Actor: s.k.AddActor(f[1], p)}
			s.procs[f[1]] = p
		}
		p.end.Inc++
		s.k.SetIncarnation(p.end.Actor, p.end.Inc)
		return
	}
	switch f[0] {
	case "listen":
		if err := s.n.Listen(p.end, host.Addr(f[2]), textCodec{}); err != nil {
			fmt.Fprintf(&s.log, "%12v %s: %v\n", time.Duration(s.k.Now()), p.name, err)
		}
	case "unlisten":
		s.n.Unlisten(p.end)
	case "dial":
		id := s.n.Dial(p.end, host.Addr(f[2]), textCodec{})
		s.names[uint64(id)>>slotBits] = f[3]
		s.ids[p.name+" "+f[3]] = id
	case "send":
		for _, m := range f[3:] {
			s.n.Send(p.end, s.ids[p.name+" "+f[2]], text(m))
		}
	case "close":
		s.n.Close(p.end, s.ids[p.name+" "+f[2]])
	case "kill":
		s.end(p, true)
	case "pause":
		s.k.Pause(p.end.Actor)
	case "resume":
		s.k.Resume(p.end.Actor)
	default:
		panic("no command " + f[0])
	}
}

func TestScriptsSeeWhatTCPWouldShow(t *testing.T) {
	datadriven.Walk(t, "testdata/scripts", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			s := newScript(d.HasArg("encode"))
			for line := range strings.Lines(d.Input) {
				if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
					s.do(line)
				}
			}
			s.k.Run(s.k.Now() + int64(time.Minute))
			require.NoError(t, s.n.leftovers())
			return s.log.String()
		})
	})
}

// leftovers says what a quiet network may not have.
func (n *Net) leftovers() error {
	for i := range n.conns {
		c := &n.conns[i]
		if c.serial == 0 {
			continue
		}
		if c.side[0].state != open && c.side[1].state != open {
			return fmt.Errorf("connection %d has no side and is not freed", c.serial)
		}
		for s := range c.dir {
			if len(c.dir[s].flight.refs) > 0 {
				return fmt.Errorf("connection %d still has packets on their way", c.serial)
			}
			if len(c.dir[s].held) > 0 && !n.blocked(c, s) {
				return fmt.Errorf("connection %d holds packets though its way is free", c.serial)
			}
		}
	}
	return nil
}
