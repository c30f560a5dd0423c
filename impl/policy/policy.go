// Package policy is the safeguards of the control plane as named switches.
// Each switch is one design decision; everything else in impl is common to all
// policies. A policy holds no durations: timers belong to the scenario.
package policy

import (
	"fmt"
	"slices"
	"strings"
)

// A Policy says which safeguards are on. The zero Policy is [Spark] but for
// Curator's owner check and the blocking store. Fields are in the order of the table in PROPERTIES.
type Policy struct {
	// TermFencing: the latch winner commits a new term in one transaction with
	// a check of its own latch znode; every later store write checks the term;
	// messages carry the term and receivers refuse older ones; what is
	// acknowledged or commanded was committed first. Off: D-03, D-25, D-26.
	TermFencing bool
	// OneSession: the latch and the store share one ZooKeeper session. Off:
	// D-03, D-07a.
	OneSession bool
	// HoldSuspended: at connection loss a master keeps its latch and its
	// workers and stops acting until a fenced write commits again, instead of
	// exiting as Curator's standard policy makes Spark do. Off: D-11.
	HoldSuspended bool
	// LatchOwnerCheck: lead only if one's own latch znode belongs to the
	// current session (CURATOR-696). On in Spark since Curator 5.7.0.
	LatchOwnerCheck bool
	// WatchOwnLatch: notice that somebody else deleted one's latch znode. Off: D-29.
	WatchOwnLatch bool
	// CloseSessionOnStop: a stopping master closes its session, so that its
	// latch znode goes at once. Off: D-11, SPARK-29861.
	CloseSessionOnStop bool
	// DurableDriverState: state, worker, kill intent and attempt of a driver
	// are stored, records are updated in place, terminal ones are kept. Off:
	// D-02, D-04, D-05, D-06, D-30.
	DurableDriverState bool
	// IdempotencyKeys on submissions and registrations. Off: D-12, D-18, D-32.
	IdempotencyKeys bool
	// AdoptOrKill everything a worker reports; recovery asks again until it is
	// answered. Off: D-01, D-09, D-16.
	AdoptOrKill bool
	// BlockingStore: while a store operation is pending the master takes no
	// other message, as Spark's single mailbox thread. On: D-03, D-12, D-39.
	BlockingStore bool
	// LaunchAck: a launch that the worker does not confirm is sent again.
	// Off: D-22.
	LaunchAck bool
	// TwoWayReconcile: what is on record for a worker and does not stand in its
	// report is sent to it again. Off, as in Spark, only what it runs too much
	// is put right. The schedule that needs it: a launch is lost with the
	// connection that carried it, and the worker registers again; with
	// launch-ack too the repetition heals it. Off: D-21, D-22.
	TwoWayReconcile bool
	// ReleaseOnExit: a driver's resources are free when its exit is
	// confirmed, not when the kill is sent. Off: D-23.
	ReleaseOnExit bool
	// ConnectionIncarnation: the close of an older connection is not a loss,
	// and the close of the newest one starts the worker timeout instead of
	// ending the worker. Off: D-13, D-24.
	ConnectionIncarnation bool
	// WorkersTryAllMasters on every registration attempt, not only the first.
	// Off: D-09.
	WorkersTryAllMasters bool
	// MonotonicLiveness: a worker is lost by a timer of the monotonic clock.
	// Off: Spark's check, once a worker timeout, of how long ago by the wall
	// clock each was heard; the schedule that needs it: the active master's
	// clock jumps forward by more than the timeout, and at the next check all
	// workers are dead. Off: D-34.
	MonotonicLiveness bool
	// ReportRetryTolerant: reports are sent until acknowledged, and one that
	// was applied already is acknowledged. Off: D-04, D-08, D-36.
	ReportRetryTolerant bool
	// WorkerLease: heartbeats are answered, and a worker stops a supervised
	// driver once the lease has passed since the last answered one was sent, on
	// its monotonic clock; the master starts the next attempt elsewhere only
	// after a confirmed exit, or when that lease is over on the slowest clock.
	// The schedule that needs it: a worker is cut off from the masters for
	// longer than the worker timeout, and its supervised driver runs here and
	// elsewhere. Off: D-10, D-35.
	WorkerLease bool
	// EndReignOnError: a handler that fails ends the reign instead of being
	// swallowed with its state half changed. Off: D-07a, D-07b, D-19, D-20.
	EndReignOnError bool
	// TermInIDs: driver and worker identities carry the term or incarnation
	// that made them. Off: D-17, D-28, D-38, D-40, D-43.
	TermInIDs bool
	// AtomicSyncedFiles: the engine FILESYSTEM writes a record to a file of its
	// own, syncs and renames it, and syncs the directory, before it answers. Off:
	// D-07d (a crash in the middle leaves a short file, and every later start
	// fails to read it), D-42 (a power loss takes what was acknowledged).
	AtomicSyncedFiles bool
	// KeepUndecodable: a record that cannot be decoded stays where it is, is
	// told, and is left alone, for a master that can read it. Off: D-41 (its
	// znode is deleted), D-07d (a short file keeps the master Standby).
	KeepUndecodable bool
	// DurableTargetsAndMarks: how many executors an application asked for, its
	// failures, and that a worker was decommissioned, are stored. Off: D-15, D-37.
	DurableTargetsAndMarks bool
	// HonestReady: a master says that it is ready only while it is Alive. Off,
	// as in Spark, whenever it is not Standby: also while it recovers, or stays
	// CompletingRecovery for ever, and refuses everything. The schedule that
	// needs it: any failover with something to recover. Off: D-31.
	HonestReady bool
	// ClientsNeverForgetAMaster: a client asks every master again and again,
	// also one that was lost before. Off: D-33.
	ClientsNeverForgetAMaster bool
}

// Spark is Apache Spark 4.x as it is (Curator 5.7.1 and later).
var Spark = Policy{LatchOwnerCheck: true, BlockingStore: true}

// Hardened is what we recommend.
var Hardened = Policy{
	TermFencing: true, OneSession: true, HoldSuspended: true, LatchOwnerCheck: true, WatchOwnLatch: true,
	CloseSessionOnStop: true, DurableDriverState: true, IdempotencyKeys: true, AdoptOrKill: true,
	BlockingStore: false, LaunchAck: true, TwoWayReconcile: true, ReleaseOnExit: true, ConnectionIncarnation: true,
	WorkersTryAllMasters: true, MonotonicLiveness: true, ReportRetryTolerant: true, WorkerLease: true,
	EndReignOnError: true, TermInIDs: true, AtomicSyncedFiles: true, KeepUndecodable: true, DurableTargetsAndMarks: true,
	HonestReady: true, ClientsNeverForgetAMaster: true,
}

// A Switch is one safeguard by name.
type Switch struct {
	Name    string // as on the command line: "term-fencing"
	Without string // what goes wrong without it: defect numbers of Spark
	field   func(*Policy) *bool
	off, on string // words for its values besides off and on; empty for none
}

// Value is the switch's value in p, in its own words: "on", "hold".
func (s Switch) Value(p Policy) string {
	switch {
	case s.On(p) && s.on != "":
		return s.on
	case s.On(p):
		return "on"
	case s.off != "":
		return s.off
	}
	return "off"
}

// parse reads a value: on, off, or the switch's own words.
func (s Switch) parse(value string) (on, ok bool) {
	switch value {
	case "on", s.on:
		return true, value != ""
	case "off", s.off:
		return false, value != ""
	}
	return false, false
}

// values lists the words that parse takes.
func (s Switch) values() string {
	if s.on == "" {
		return "on or off"
	}
	return s.on + " (on) or " + s.off + " (off)"
}

// Switches lists every switch, in a fixed order.
func Switches() []Switch {
	return []Switch{
		{"term-fencing", "D-03 D-25 D-26", func(p *Policy) *bool { return &p.TermFencing }, "", ""},
		{"one-session", "D-03 D-07a", func(p *Policy) *bool { return &p.OneSession }, "", ""},
		{"suspended", "D-11 CURATOR-460", func(p *Policy) *bool { return &p.HoldSuspended }, "exit", "hold"},
		{"latch-owner-check", "CURATOR-696", func(p *Policy) *bool { return &p.LatchOwnerCheck }, "", ""},
		{"watch-own-latch", "D-29", func(p *Policy) *bool { return &p.WatchOwnLatch }, "", ""},
		{"close-session-on-stop", "D-11 SPARK-29861", func(p *Policy) *bool { return &p.CloseSessionOnStop }, "", ""},
		{"durable-driver-state", "D-02 D-04 D-05 D-06 D-30", func(p *Policy) *bool { return &p.DurableDriverState }, "", ""},
		{"idempotency-keys", "D-12 D-18 D-32", func(p *Policy) *bool { return &p.IdempotencyKeys }, "", ""},
		{"adopt-or-kill", "D-01 D-09 D-16", func(p *Policy) *bool { return &p.AdoptOrKill }, "", ""},
		{"blocking-store", "(on in spark) D-03 D-12 D-39", func(p *Policy) *bool { return &p.BlockingStore }, "", ""},
		{"launch-ack", "D-22", func(p *Policy) *bool { return &p.LaunchAck }, "", ""},
		{"two-way-reconcile", "D-21 D-22", func(p *Policy) *bool { return &p.TwoWayReconcile }, "", ""},
		{"release-on-exit", "D-23", func(p *Policy) *bool { return &p.ReleaseOnExit }, "", ""},
		{"connection-incarnation", "D-13 D-24", func(p *Policy) *bool { return &p.ConnectionIncarnation }, "", ""},
		{"workers-try-all-masters", "D-09", func(p *Policy) *bool { return &p.WorkersTryAllMasters }, "", ""},
		{"monotonic-liveness", "D-34", func(p *Policy) *bool { return &p.MonotonicLiveness }, "", ""},
		{"report-retry-tolerant", "D-04 D-08 D-36", func(p *Policy) *bool { return &p.ReportRetryTolerant }, "", ""},
		{"worker-lease", "D-10 D-35", func(p *Policy) *bool { return &p.WorkerLease }, "", ""},
		{"handler-errors", "D-07a D-07b D-19 D-20", func(p *Policy) *bool { return &p.EndReignOnError }, "swallow", "end-reign"},
		{"term-in-ids", "D-17 D-28 D-38 D-40 D-43", func(p *Policy) *bool { return &p.TermInIDs }, "", ""},
		{"atomic-synced-files", "D-07d D-42", func(p *Policy) *bool { return &p.AtomicSyncedFiles }, "", ""},
		{"keep-undecodable", "D-07d D-41", func(p *Policy) *bool { return &p.KeepUndecodable }, "", ""},
		{"durable-targets-and-marks", "D-15 D-37", func(p *Policy) *bool { return &p.DurableTargetsAndMarks }, "", ""},
		{"honest-ready", "D-31", func(p *Policy) *bool { return &p.HonestReady }, "", ""},
		{"clients-never-forget-a-master", "D-33", func(p *Policy) *bool { return &p.ClientsNeverForgetAMaster }, "", ""},
	}
}

// Parse reads "hardened", "spark", or either followed by switches, as
// "spark,term-fencing=on" or "hardened,one-session=off". A text of switches
// alone starts from hardened.
func Parse(text string) (Policy, error) {
	p := Hardened
	set := map[string]bool{}
	for i, item := range strings.Split(text, ",") {
		name, value, isSwitch := strings.Cut(item, "=")
		switch {
		case i == 0 && item == "hardened":
		case i == 0 && item == "spark":
			p = Spark
		case !isSwitch:
			return Policy{}, fmt.Errorf("policy %q: %q is no policy; want hardened, spark or NAME=on|off", text, item)
		case set[name]:
			return Policy{}, fmt.Errorf("policy %q: %s is given twice", text, name)
		default:
			s, ok := lookup(name)
			if !ok {
				return Policy{}, fmt.Errorf("policy %q: no switch %q; one of %s", text, name, strings.Join(names(), ", "))
			}
			on, ok := s.parse(value)
			if !ok {
				return Policy{}, fmt.Errorf("policy %q: %s=%s: want %s", text, name, value, s.values())
			}
			set[name] = true
			*s.field(&p) = on
		}
	}
	return p, nil
}

// On reports whether the switch is on in p.
func (s Switch) On(p Policy) bool { return *s.field(&p) }

// String returns the text that Parse reads: the preset that p is, or the
// nearer preset and the switches that differ from it.
func (p Policy) String() string {
	h, s := p.diff("hardened", Hardened), p.diff("spark", Spark)
	if strings.Count(s, ",") < strings.Count(h, ",") {
		return s
	}
	return h
}

func (p Policy) diff(name string, base Policy) string {
	for _, s := range Switches() {
		if s.On(p) != s.On(base) {
			name += "," + s.Name + "=" + s.Value(p)
		}
	}
	return name
}

func lookup(name string) (Switch, bool) {
	all := Switches()
	i := slices.IndexFunc(all, func(s Switch) bool { return s.Name == name })
	if i < 0 {
		return Switch{}, false
	}
	return all[i], true
}

func names() []string {
	var out []string
	for _, s := range Switches() {
		out = append(out, s.Name)
	}
	return out
}
