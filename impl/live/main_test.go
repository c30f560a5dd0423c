package live_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/live"
)

// helperEnv has the test binary run as one of the processes of helpers.
const helperEnv = "LIVE_TEST_HELPER"

func TestMain(m *testing.M) {
	if kind := os.Getenv(helperEnv); kind != "" {
		os.Exit(helper(kind, os.Args[1]))
	}
	// Close of a session that hung up waits for a second, and nobody for it.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/go-zookeeper/zk.(*Conn).Close"))
}

// helper runs as a process of its own; dir is its data directory.
func helper(kind, dir string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	rec, err := live.NewRecorder(filepath.Join(dir, kind+".ndjson"))
	if err != nil {
		return 99
	}
	p := &probe{}
	switch kind {
	case "exits-7":
		p.started = func(h host.Host) { h.Exit(7) }
	case "ends-politely":
		p.signalled = func() { p.h.Exit(3) }
	case "listens":
		p.started = func(h host.Host) { p.check(h.Listen(host.Addr(readFile(filepath.Join(dir, "addr"))), lines{})) }
	case "intends":
		p.started = func(host.Host) { p.intend(0) }
	case "parent":
		p.started = func(h host.Host) { h.Spawn(host.Program{Kind: "sleeps", Name: "child", Args: dir}) }
	case "sleeps":
		p.started = func(host.Host) {
			p.check(os.WriteFile(filepath.Join(dir, "pid"), []byte(fmt.Sprint(os.Getpid())), 0o644))
		}
	}
	status, err := live.Run(ctx, live.Options{
		Self: "helper", DataDir: dir, Recorder: rec, ChildCommand: helperCommand, Grace: time.Second,
	}, p)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 98
	}
	return status
}

// helperCommand runs this test binary as the program's kind.
func helperCommand(p host.Program) *exec.Cmd {
	cmd := exec.Command(os.Args[0], p.Args)
	cmd.Env = append(os.Environ(), helperEnv+"="+p.Kind)
	cmd.Stderr = os.Stderr
	return cmd
}

func readFile(name string) string {
	text, err := os.ReadFile(name)
	if err != nil {
		return ""
	}
	return string(text)
}

// A text is a message of one line.
type text string

func (t text) Name() string          { return "text" }
func (t text) Digest(d *host.Digest) { d.Str(string(t)) }

// lines is a codec of texts: a length and the text.
type lines struct{}

var errBad = errors.New("bad frame")

func (lines) Append(dst []byte, m host.Message) ([]byte, error) {
	t, ok := m.(text)
	if !ok {
		return dst, errBad
	}
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(t)))
	return append(dst, t...), nil
}

func (lines) Decode(src []byte) (host.Message, int, error) {
	if len(src) < 4 {
		return nil, 0, nil
	}
	n := binary.BigEndian.Uint32(src)
	if n > 1<<20 {
		return nil, 0, errBad
	}
	if len(src) < 4+int(n) {
		return nil, 0, nil
	}
	return text(src[4 : 4+n]), 4 + int(n), nil
}

// A probe is a process that writes down what it is told, and does what the
// test says.
type probe struct {
	h host.Host

	mu  sync.Mutex
	log []string

	started   func(host.Host)
	signalled func()
	received  func(host.ConnID, host.Message)
	accepted  func(host.ConnID)
}

func (p *probe) note(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.log = append(p.log, fmt.Sprintf(format, args...))
}

func (p *probe) lines() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.log...)
}

func (p *probe) check(err error) {
	if err != nil {
		panic(err)
	}
}

func (p *probe) Start(h host.Host) {
	p.h = h
	if p.started != nil {
		p.started(h)
	}
}

func (p *probe) Accepted(c host.ConnID, _ host.Addr) {
	p.note("accepted %d", c)
	if p.accepted != nil {
		p.accepted(c)
	}
}
func (p *probe) Connected(c host.ConnID) { p.note("connected %d", c) }
func (p *probe) Received(c host.ConnID, m host.Message) {
	if p.received != nil {
		p.received(c, m)
	}
	p.note("received %d %s", c, m)
}
func (p *probe) Closed(c host.ConnID, why host.Reason)   { p.note("closed %d %s", c, why) }
func (p *probe) Exited(child host.ProcessID, status int) { p.note("exited %s %d", child, status) }
func (p *probe) Signalled(host.Signal) {
	p.note("signalled")
	if p.signalled != nil {
		p.signalled()
	}
}
func (p *probe) Clone(host.Host) host.Process { return p }
func (p *probe) Digest(*host.Digest)          {}

func (p *probe) rang(what string)                     { p.note("rang %s", what) }
func (p *probe) wrote(what string, r host.DiskResult) { p.note("%s: %q", what, r.Err) }
func (p *probe) read(what string, r host.ReadResult)  { p.note("%s: %q %q", what, r.Data, r.Err) }

// dial dials again and again until somebody listens, and says hello.
func (p *probe) dial(addr string) {
	p.h.Send(p.h.Dial(host.Addr(addr), lines{}), text("hello"))
	host.After(p.h, time.Millisecond, (*probe).dial, addr)
}

func (p *probe) intend(n int) {
	for range 50 {
		n++
		p.h.Note(host.Note{Kind: host.NoteIntent, Subject: "driver/d", Value: "put", N: int64(n)})
	}
	host.After(p.h, 0, (*probe).intend, n)
}

// run runs p until the test ends.
func run(t *testing.T, o live.Options, p *probe) *live.Host {
	t.Helper()
	return runProcess(t, o, p)
}

// runProcess runs p until the test ends.
func runProcess(t *testing.T, o live.Options, p host.Process) *live.Host {
	t.Helper()
	h, err := live.NewHost(o)
	require.NoError(t, err)
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := h.Run(context.Background(), p); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		_ = h.Call(func() { h.Exit(0) })
		wg.Wait()
	})
	require.NoError(t, h.Call(func() {}))
	return h
}

// await waits until the probe was told what.
func await(t *testing.T, p *probe, what string) {
	t.Helper()
	require.Eventually(t, func() bool {
		for _, l := range p.lines() {
			if l == what {
				return true
			}
		}
		return false
	}, 10*time.Second, time.Millisecond, "no %q in %v", what, told{p})
}

// told prints what a probe was told by the time it is printed.
type told struct{ p *probe }

func (t told) String() string { return fmt.Sprintf("%q", t.p.lines()) }
