// Package master is the control plane: one of several masters, elected through
// the coordination service, which knows the workers, places drivers on them
// and answers clients. Names and steps are Spark's (deploy/master/Master.scala);
// where a safeguard of policy changes them, both ways stand side by side:
// durable.go with stored driver state, spark.go without.
//
// A decision takes three steps: it is made (driver.rec), it is committed
// (driver.told), and then it is acted on. Without safeguards the second step
// is left out or comes in Spark's place.
package master

import (
	"github.com/simctl/simctl/impl/apps"
	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/election"
	"github.com/simctl/simctl/impl/hold"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/lease"
	"github.com/simctl/simctl/impl/mailbox"
	"github.com/simctl/simctl/impl/persist"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/impl/settings"
	"github.com/simctl/simctl/impl/wire"
)

// Config is what a master is told when it starts.
type Config = settings.Master

// storeTries is Curator's ExponentialBackoffRetry(5000 ms, 3) of Spark.
const storeTries = 3

// A Master is one master process.
type Master struct {
	h   host.Host
	cfg Config
	pol policy.Policy // cfg.Policy, for short

	latch        *election.Latch
	monarchy     *election.Monarchy // instead of the latch, without a service
	store        *persist.Store
	apps         *apps.Apps
	latchSession coord.Session
	storeSession coord.Session // the same with one session
	stopping     bool
	closing      int // sessions whose end is awaited

	state     State
	reign     election.Win // zero while there is none
	recovered bool         // recovery is complete and committed
	recovery  host.TimerID
	tick      host.TimerID
	lease     *lease.Lease
	holds     *hold.Book // drivers whose last attempt may still run somewhere: no other is started

	box  *mailbox.Box
	held []output // what a suspended master does not say yet

	conns   map[host.ConnID]wire.WorkerID // connections known to be a worker's
	workers map[wire.WorkerID]*worker
	roster  []wire.WorkerID                     // keys of workers, sorted
	spread  int                                 // where placing goes on
	voids   map[host.Addr][]wire.DriverOnWorker // launches that may still reach the address of a lost worker

	drivers map[wire.DriverID]*driver
	order   []wire.DriverID // keys of drivers, oldest first
	waiting []wire.DriverID // to be placed; may hold some that need it no more
	ended   []wire.DriverID // in the order of their end
	keys    map[string]wire.DriverID
	unread  []string // keys of records that are kept and cannot be decoded, as "driver_ID"
	issued  int64    // driver IDs given in this reign, or by this process

	accepted []host.ConnID // open connections of peers, oldest first
}

// New makes a master that has not started.
func New(c Config) *Master {
	c = c.WithDefaults()
	m := &Master{cfg: c, pol: c.Policy}
	m.box = mailbox.New(m)
	m.lease, m.holds = lease.New(m, c.Lease), hold.New(m, outlast(&c))
	m.forget()
	return m
}

// Start listens, opens the sessions and stands for election.
func (m *Master) Start(h host.Host) {
	m.h = h
	m.lease.Start(h)
	m.holds.Start(h)
	m.equip()
	m.setState(Standby)
	if err := h.Listen(m.cfg.Addr, wire.Codec{}); err != nil {
		m.failed("listen " + string(m.cfg.Addr) + ": " + err.Error())
		h.Exit(1)
		return
	}
	if !m.pol.MonotonicLiveness {
		m.checkWorkers(struct{}{})
	}
	if m.monarchy != nil {
		m.monarchy.Claim()
		return
	}
	m.openSession(latchSession)
	if !m.pol.OneSession {
		m.openSession(storeSession)
	}
}

// equip makes the election agent, the store and the applications.
func (m *Master) equip() {
	c := m.cfg
	retry := c.Relaunch
	if m.pol.BlockingStore {
		retry = c.StoreRetry
	}
	m.store = persist.New(m.h, m, persist.Config{
		Mode: c.RecoveryMode, Dir: c.Dir, Path: c.RecoveryDirectory, Fenced: m.pol.TermFencing, Blocking: m.pol.BlockingStore,
		Atomic: m.pol.AtomicSyncedFiles, Update: m.pol.DurableDriverState, KeepUndecodable: m.pol.KeepUndecodable, Format: c.RecordFormat,
		Retry: retry, Tries: storeTries,
	})
	switch c.RecoveryMode {
	case persist.Files:
		m.monarchy = election.NewMonarchy(m.h, m, election.MonarchyConfig{Path: c.RecoveryDirectory, Fenced: m.pol.TermFencing, Retry: c.Relaunch})
	case persist.None:
		m.monarchy = election.NewMonarchy(m.h, m, election.MonarchyConfig{Retry: c.Relaunch})
	default:
		m.latch = election.New(m.h, m, election.Config{Dir: c.Dir, Policy: m.pol, Retry: c.Relaunch, Start: 10 * c.StoreRetry,
			Curator: c.Curator, Backoff: c.StoreRetry, Lag: c.CuratorLag})
	}
	m.apps = apps.New(m.h, m, m.store, apps.Config{Addr: c.Addr, Policy: m.pol, Schedule: c.Schedule,
		Silence: c.WorkerTimeout, Again: c.Relaunch, Retries: c.ExecutorRetries, Retained: c.RetainedApps, IDs: c.AppIDs})
}

// Part gives the store, the election agent, the applications and the lease,
// which have continuations of their own.
func (m *Master) Part(i int) any {
	switch {
	case i == 0:
		return m.store
	case i == 1 && m.monarchy != nil:
		return m.monarchy
	case i == 1:
		return m.latch
	case i == 2:
		return m.apps
	case i == 3:
		return m.lease
	case i == 4:
		return m.holds
	}
	return nil
}

// forget makes the memory of a master that knows nothing.
func (m *Master) forget() {
	m.conns = map[host.ConnID]wire.WorkerID{}
	m.workers = map[wire.WorkerID]*worker{}
	m.voids = map[host.Addr][]wire.DriverOnWorker{}
	m.drivers = map[wire.DriverID]*driver{}
	m.keys = map[string]wire.DriverID{}
	m.roster, m.order, m.waiting, m.ended, m.spread = nil, nil, nil, nil, 0
	m.box.Clear()
	m.held, m.unread, m.recovered = nil, nil, false
}

func (m *Master) failed(why string) { m.h.Note(host.Note{Kind: host.NoteFailed, Value: why}) }
