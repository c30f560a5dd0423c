// Package program is a master, worker, client or driver as a real process of
// its own: what it is told on its command line, how it is configured, and its
// whole life on this machine.
package program

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/simctl/simctl/impl/client"
	"github.com/simctl/simctl/impl/conf"
	"github.com/simctl/simctl/impl/driver"
	"github.com/simctl/simctl/impl/executor"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/ledger"
	"github.com/simctl/simctl/impl/live"
	"github.com/simctl/simctl/impl/live/trouble"
	"github.com/simctl/simctl/impl/master"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/impl/probe"
	"github.com/simctl/simctl/impl/worker"
	"github.com/simctl/simctl/scenarios"
)

// Options say what one real process is.
type Options struct {
	Kind        string      // "master", "worker", "client", "driver", "executor", "ledger" or "probe"
	ID          string      // its name: "m1", "w1", "c1", "w1/driver-1#1"
	Incarnation uint32      // counts its starts; 0 means 1
	Listen      host.Addr   // of a master, worker or ledger; port 0 means a free one
	HTTP        string      // HOST:PORT of a master's or worker's status page; empty means none
	REST        string      // HOST:PORT where a master takes submissions over HTTP; empty means none
	ZK          []host.Addr // of a master or probe: the ensemble's servers
	Dir         string      // of a master: the root of the cluster's znodes
	Format      int         // of a master: by how many releases its records are later than this one's
	Masters     []host.Addr // of a worker or client
	Cores       int64       // of a worker
	Memory      int64       // of a worker, MiB
	Policy      policy.Policy
	Timers      scenarios.TimersName
	Conf        conf.Conf // goes before the timers
	Seed        uint64    // of what the process draws
	Record      string    // file that its records are appended to; empty means none
	Data        string    // directory of its files; empty means it has none
	// Routes are where the process, and what it starts, dial instead of
	// addresses, each as "ADDRESS=INSTEAD".
	Routes []string
	// DriverPorts are where drivers of applications that the process starts may
	// listen, one each; empty means at any free port.
	DriverPorts []int
	// Clock is a file that says how far the wall clock is off, in nanoseconds;
	// empty: it is not. It is read each time.
	Clock string
	// Trouble is a file that says what is wrong with the machine, see
	// [trouble.State]; empty: nothing.
	Trouble string
	// Args is a driver's argument, or a client's [ClientArgs] or a probe's
	// [ProbeArgs] as JSON, or @FILE, which holds it.
	Args string
}

// Flags is what `simctl node` is told to be this process.
func (o *Options) Flags() []string {
	args := []string{
		"node", o.Kind, "--id=" + o.ID, "--incarnation=" + strconv.FormatUint(uint64(max(o.Incarnation, 1)), 10),
		"--policy=" + o.Policy.String(), "--seed=" + strconv.FormatUint(o.Seed, 10), "--timers=" + string(o.Timers),
	}
	for _, f := range []struct{ name, value string }{
		{"listen", string(o.Listen)}, {"http", o.HTTP}, {"rest", o.rest()}, {"zk", join(o.ZK)}, {"dir", o.Dir}, {"masters", join(o.Masters)},
		{"record", o.Record}, {"data", o.Data}, {"route", strings.Join(o.Routes, ",")}, {"driver-ports", joinInts(o.DriverPorts)}, {"clock", o.Clock}, {"trouble", o.Trouble}, {"args", o.Args},
	} {
		if f.value != "" {
			args = append(args, "--"+f.name+"="+f.value)
		}
	}
	if o.Format > 0 {
		args = append(args, fmt.Sprintf("--format=%d", o.Format))
	}
	for _, setting := range o.Conf.List() {
		args = append(args, "--conf="+setting)
	}
	if o.Kind == "worker" {
		args = append(args, fmt.Sprintf("--cores=%d", o.Cores), fmt.Sprintf("--memory=%d", o.Memory))
	}
	return args
}

// route is where to dial instead of an address.
func (o *Options) route(to host.Addr) host.Addr {
	for _, r := range o.Routes {
		if from, instead, _ := strings.Cut(r, "="); from == string(to) {
			return host.Addr(instead)
		}
	}
	return to
}

// wallOffset is how far the wall clock is off.
func (o *Options) wallOffset() time.Duration {
	if o.Clock == "" {
		return 0
	}
	text, err := os.ReadFile(o.Clock)
	if err != nil {
		return 0 // nobody has moved it yet
	}
	ns, _ := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	return time.Duration(ns)
}

// rest is what a master is told of submissions: none unless one asks for them.
func (o *Options) rest() string {
	if o.Kind == "master" && o.REST == "" {
		return "none"
	}
	return o.REST
}

func join(addrs []host.Addr) string {
	var out []string
	for _, a := range addrs {
		out = append(out, string(a))
	}
	return strings.Join(out, ",")
}

func joinInts(numbers []int) string {
	var out []string
	for _, n := range numbers {
		out = append(out, strconv.Itoa(n))
	}
	return strings.Join(out, ",")
}

// Run is the whole life of one real process: it returns its exit status once
// it has ended. When ctx is done the process is told to end. An error says
// that it could not begin, or that it panicked.
func Run(ctx context.Context, o Options) (status int, err error) {
	if o.Listen, err = concrete(o.Listen); err != nil {
		return -1, fmt.Errorf("node %s: %w", o.ID, err)
	}
	p, err := o.process()
	if err != nil {
		return -1, fmt.Errorf("node %s: %w", o.ID, err)
	}
	lo := live.Options{
		Self: host.ProcessID(o.ID), Incarnation: o.Incarnation, Seed: o.Seed, DataDir: o.Data, ChildCommand: o.child,
		Route: o.route, WallOffset: o.wallOffset, Trouble: trouble.Follow(o.Trouble),
	}
	if o.Record != "" {
		if lo.Recorder, err = live.NewRecorder(o.Record); err != nil {
			return -1, fmt.Errorf("node %s: %w", o.ID, err)
		}
		defer lo.Recorder.Close()
	}
	h, err := live.NewHost(lo)
	if err != nil {
		return -1, fmt.Errorf("node %s: %w", o.ID, err)
	}
	if m, ok := p.(*master.Master); ok {
		p = newDisplay(m)
	}
	if o.Kind == "worker" {
		defer decommissions(h)()
	}
	if p, ok := p.(*probe.Probe); ok && lo.Recorder != nil {
		defer o.tellDone(h, p, lo.Recorder)()
	}
	end, err := o.serve(h, p)
	if err != nil {
		return -1, fmt.Errorf("node %s: %w", o.ID, err)
	}
	defer end()
	return h.Run(ctx, p)
}

// concrete is addr with a free port if it names port 0: a master and a worker
// tell others where they listen.
func concrete(addr host.Addr) (host.Addr, error) {
	name, port, err := net.SplitHostPort(string(addr))
	if addr == "" || err == nil && port != "0" {
		return addr, nil
	}
	if err != nil {
		return "", fmt.Errorf("listen at %s: %w", addr, err)
	}
	if name == "" {
		name = loopback
	}
	l, err := net.Listen("tcp", net.JoinHostPort(name, "0"))
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	return host.Addr(l.Addr().String()), nil
}

// process makes the program, from the same configuration as sim/cluster does.
func (o *Options) process() (host.Process, error) {
	t, err := scenarios.TimersFor(o.Timers).With(o.Conf.Timers())
	if err == nil {
		err = o.Conf.Check(o.Policy)
	}
	if err != nil {
		return nil, err
	}
	args := o.Args
	if file, is := strings.CutPrefix(args, "@"); is {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("the arguments of %s: %w", o.ID, err)
		}
		args = string(text)
	}
	switch o.Kind {
	case "master":
		c := master.Config{
			Addr: o.Listen, ZK: o.ZK, Dir: o.Dir, Policy: o.Policy, Session: t.Session, Lease: t.Lease, Recovery: t.Recovery,
			WorkerTimeout: t.WorkerTimeout, WorkerLease: t.WorkerLease, Terminate: t.Terminate, StoreRetry: t.StoreRetry, Relaunch: t.Relaunch,
			RecordFormat: byte(o.Format),
		}
		o.Conf.Master(&c)
		return master.New(c), nil
	case "worker":
		c := worker.Config{
			Name: o.ID, Listen: o.Listen, Masters: o.Masters, Cores: o.Cores, Memory: o.Memory, Policy: o.Policy,
			Heartbeat: t.Heartbeat, Register: t.Register, RegisterSlow: t.RegisterSlow, RegisterFew: t.RegisterFew,
			RegisterMax: t.RegisterMax, Terminate: t.Terminate, Lease: t.WorkerLease, Relaunch: t.Relaunch, Dial: t.Dial,
		}
		o.Conf.Worker(&c)
		return worker.New(c), nil
	case "client":
		var plan ClientArgs
		if err := json.Unmarshal([]byte(args), &plan); err != nil {
			return nil, fmt.Errorf("a client's argument: %w", err)
		}
		return client.New(client.Config{
			Masters: o.Masters, Policy: o.Policy, Ask: t.Ask, Retry: t.Retry, GiveUp: t.GiveUp, Dial: t.Dial,
			Plan: plan.plan(o.ID, o.Seed), Host: loopback,
		}), nil
	case "driver":
		args, err := onFreePort(args, o.ID, o.DriverPorts)
		if err != nil {
			return nil, err
		}
		return driver.New(args, driver.Config{
			Policy: o.Policy, Register: t.Registration(), Dial: t.Dial, ExecutorTimeout: t.Executor(), RemoveDelay: t.Retry, Retry: t.Retry,
			Silence: t.WorkerTimeout,
		})
	case "executor":
		return executor.New(args, executor.Config{Heartbeat: t.ExecutorBeat(), Dial: t.Dial})
	case "probe":
		return o.newProbe(args)
	case "ledger":
		return ledger.New(ledger.Config{Listen: o.Listen}), nil
	}
	return nil, fmt.Errorf("no kind %q", o.Kind)
}

// child makes the command of a child: this program again.
func (o *Options) child(p host.Program) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		self = os.Args[0]
	}
	c := Options{
		Kind: p.Kind, ID: o.ID + "/" + p.Name, Incarnation: 1, Policy: o.Policy, Timers: o.Timers, Conf: o.Conf, Seed: o.Seed,
		Record: DriversOf(o.Record), Data: o.Data, Args: p.Args, Routes: o.Routes, DriverPorts: o.DriverPorts, Clock: o.Clock, Trouble: o.Trouble,
	}
	cmd := exec.Command(self, c.Flags()...)
	cmd.Stderr = os.Stderr
	return cmd
}

// DriversOf is the record file of a worker's drivers, beside its own.
func DriversOf(record string) string {
	if record == "" {
		return ""
	}
	return strings.TrimSuffix(record, ".ndjson") + "-drivers.ndjson"
}
