// Package keeper is a process that keeps records and does nothing else: the
// election agent and the store of a master, put together as a master does it.
package keeper

import (
	"fmt"
	"strings"
	"time"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/election"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/persist"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/impl/wire"
)

// Dir is where records are kept: a directory of the disk, or below the root of
// the service.
const Dir = "spark"

// Unread begins what a keeper that cannot recover notes as its failure.
const Unread = "recovery: "

// tries is how often a blocking store tries again, as a master's.
const tries = 3

// A Config says what a keeper is told.
type Config struct {
	Mode    persist.Mode
	Policy  policy.Policy
	Records int // how many there can be, the same in every incarnation
	// Puts and Removals are how many of each it asks for at most: which record
	// next is for the world to choose, each by a timer of its own.
	Puts, Removals int
	Retry          time.Duration // after a failure of the store
	Ask            time.Duration // before what is asked next
	Session        coord.Options
}

// A Keeper keeps records, and tells what a master tells: its reigns, its writes, and
// what it holds when it begins to act. What a record says is the incarnation that
// put it and the number of that write in it: [Version].
type Keeper struct {
	h        host.Host
	cfg      Config
	latch    *election.Latch
	monarchy *election.Monarchy // instead of the latch, of files
	store    *persist.Store
	sessions [2]coord.Session // the latch's, the store's
	term     int64            // of the reign, 0 if there is none
	acts     bool
	puts     int // that may still be asked for
	removals int
	asked    int64          // writes of all kinds, as the store counts them
	choices  []host.TimerID // what may be asked next
}

// New makes a keeper that has not started.
func New(cfg Config) *Keeper { return &Keeper{cfg: cfg, puts: cfg.Puts, removals: cfg.Removals} }

// Version is what the n-th write of an incarnation says, if it puts something.
func Version(inc uint32, n int64) int64 { return int64(inc)<<16 | n }

// Left is how many records it may still put, and how many remove.
func (k *Keeper) Left() (puts, removals int) { return k.puts, k.removals }

// name is that of the i-th record.
func name(i int) string { return string(rune('a' + i)) }

// Start implements host.Process.
func (k *Keeper) Start(h host.Host) {
	k.h = h
	c, p := k.cfg, k.cfg.Policy
	k.store = persist.New(h, k, persist.Config{
		Mode: c.Mode, Dir: "/" + Dir, Path: Dir, Fenced: p.TermFencing, Blocking: p.BlockingStore, Atomic: p.AtomicSyncedFiles,
		Update: p.DurableDriverState, KeepUndecodable: p.KeepUndecodable, Retry: c.Retry, Tries: tries,
	})
	k.note("Standby")
	if c.Mode == persist.Files {
		k.monarchy = election.NewMonarchy(h, k, election.MonarchyConfig{Path: Dir, Fenced: p.TermFencing, Retry: c.Retry})
		k.monarchy.Claim()
		return
	}
	k.latch = election.New(h, k, election.Config{Dir: "/" + Dir, Policy: p, Retry: c.Retry})
	k.open(0)
	if !p.OneSession {
		k.open(1)
	}
}

// open opens the session of the latch, 0, which may be the store's too, or that
// of the store, 1.
func (k *Keeper) open(which int) {
	o := k.cfg.Session
	o.Name = [...]string{"latch", "store"}[which]
	s := coord.Of(k.h).OpenSession(o, host.BindResult((*Keeper).changed, which))
	k.sessions[which] = s
	if which == 0 {
		k.latch.SetSession(s)
	}
	if which == 1 || k.cfg.Policy.OneSession {
		k.store.SetSession(s)
	}
}

func (k *Keeper) changed(which int, c coord.StateChange) {
	if which == 0 {
		k.latch.SessionChanged(c)
	}
	if which == 1 || k.cfg.Policy.OneSession {
		k.store.SessionChanged(c)
	}
	if c.State == coord.Expired && c.Session == k.sessions[which] {
		k.open(which)
	}
}

func (k *Keeper) note(state string) {
	k.h.Note(host.Note{Kind: host.NoteState, Value: state, Term: k.term})
}

func (k *Keeper) failed(why string) { k.h.Note(host.Note{Kind: host.NoteFailed, Value: why}) }

// Part implements host.Composite.
func (k *Keeper) Part(i int) any {
	switch {
	case i == 0:
		return k.store
	case i == 1 && k.monarchy != nil:
		return k.monarchy
	case i == 1:
		return k.latch
	}
	return nil
}

// TermSent implements election.Owner.
func (k *Keeper) TermSent() {}

// LatchElected implements election.Owner: the reign begins with what is stored.
func (k *Keeper) LatchElected(w election.Win) {
	k.term = w.Term
	k.h.Note(host.Note{Kind: host.NoteElected, Term: w.Term, Zxid: w.Zxid})
	k.store.Open(w)
	k.store.Load(host.BindResult((*Keeper).loaded, w.Term))
}

func (k *Keeper) loaded(term int64, l persist.Loaded) {
	switch {
	case term != k.term:
		return
	case l.Err != nil:
		k.failed(Unread + l.Err.Error())
		return
	}
	for _, a := range l.Apps {
		k.h.Note(host.Note{Kind: host.NoteRecovered, Subject: "app/" + string(a.Record.ID), Value: "WAITING", Term: term, N: a.Record.Next})
	}
	for _, b := range l.Bad {
		k.h.Note(host.Note{Kind: host.NoteRecovered, Subject: strings.Replace(b.Key, "_", "/", 1), Value: "UNDECODABLE", Term: term, Detail: b.Why})
	}
	k.acts = true
	k.note("Alive")
	k.offer()
}

// offer has the world choose what is asked next.
func (k *Keeper) offer() {
	for i := range k.cfg.Records {
		if k.puts > 0 {
			k.choices = append(k.choices, host.After(k.h, k.cfg.Ask, (*Keeper).put, i))
		}
		if k.removals > 0 {
			k.choices = append(k.choices, host.After(k.h, k.cfg.Ask, (*Keeper).remove, i))
		}
	}
}

// chosen takes back what was not chosen.
func (k *Keeper) chosen() {
	for _, t := range k.choices {
		k.h.StopTimer(t)
	}
	k.choices = nil
}

func (k *Keeper) put(i int) {
	k.chosen()
	k.puts--
	k.asked++
	k.store.PutApp(wire.AppRecord{ID: wire.AppID(name(i)), Next: Version(k.h.Incarnation(), k.asked)}, host.BindResult((*Keeper).answered, k.asked))
	k.offer()
}

func (k *Keeper) remove(i int) {
	k.chosen()
	k.removals--
	k.asked++
	k.store.DeleteApp(wire.AppID(name(i)), host.BindResult((*Keeper).answered, k.asked))
	k.offer()
}

// answered has nothing to add to what the store notes of an answer, but why it
// failed.
func (k *Keeper) answered(n int64, r persist.Result) {
	if r.Err != nil {
		k.failed(fmt.Sprintf("write %d: %v", n, r.Err))
	}
}

// LatchLost implements election.Owner.
func (k *Keeper) LatchLost(election.Reason) { k.resign() }

// resign ends the reign, and under Spark the process.
func (k *Keeper) resign() {
	if !k.cfg.Policy.HoldSuspended {
		k.h.Exit(0)
		return
	}
	k.chosen()
	k.store.Close()
	k.term, k.acts = 0, false
	k.note("Standby")
}

// LatchReleased implements election.Owner.
func (k *Keeper) LatchReleased() {}

// LatchRefused implements election.Owner: nothing will be recovered any more.
func (k *Keeper) LatchRefused(why string) { k.failed(Unread + why) }

// StoreSent implements persist.Owner.
func (k *Keeper) StoreSent() {}

// StoreConfirmed implements persist.Owner.
func (k *Keeper) StoreConfirmed() {}

// StoreSettled implements persist.Owner.
func (k *Keeper) StoreSettled() {}

// StoreLost implements persist.Owner: another reign has begun.
func (k *Keeper) StoreLost(why string) {
	k.failed(why)
	k.resign()
	switch {
	case !k.cfg.Policy.HoldSuspended:
	case k.monarchy != nil:
		k.monarchy.Rejoin()
	default:
		k.latch.Rejoin()
	}
}

// Accepted implements host.Process.
func (k *Keeper) Accepted(host.ConnID, host.Addr) {}

// Connected implements host.Process.
func (k *Keeper) Connected(host.ConnID) {}

// Received implements host.Process.
func (k *Keeper) Received(host.ConnID, host.Message) {}

// Closed implements host.Process.
func (k *Keeper) Closed(host.ConnID, host.Reason) {}

// Exited implements host.Process.
func (k *Keeper) Exited(host.ProcessID, int) {}

// Signalled implements host.Process.
func (k *Keeper) Signalled(host.Signal) {}

// Clone implements host.Process.
func (k *Keeper) Clone(h host.Host) host.Process {
	c := *k
	c.h = h
	c.choices = append([]host.TimerID(nil), k.choices...)
	if k.latch != nil {
		c.latch = k.latch.Clone(h, &c)
	}
	if k.monarchy != nil {
		c.monarchy = k.monarchy.Clone(h, &c)
	}
	c.store = k.store.Clone(h, &c)
	return &c
}

// Digest implements host.Process.
func (k *Keeper) Digest(d *host.Digest) {
	if k.latch != nil {
		k.latch.Digest(d)
	}
	if k.monarchy != nil {
		k.monarchy.Digest(d)
	}
	k.store.Digest(d)
	for _, s := range k.sessions {
		d.Uint(uint64(s))
	}
	d.Int(k.term)
	d.Bool(k.acts)
	d.Int(int64(k.puts))
	d.Int(int64(k.removals))
	d.Int(k.asked)
	d.Uint(uint64(len(k.choices)))
	for _, t := range k.choices {
		d.Timer(t)
	}
}
