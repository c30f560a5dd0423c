package persist_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/election"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/hosttest"
	"github.com/simctl/simctl/impl/persist"
	"github.com/simctl/simctl/impl/wire"
)

// keeper is a process that keeps records and tells what becomes of them.
type keeper struct {
	host.Process
	h     host.Host
	cfg   persist.Config
	store *persist.Store
	got   []string // drivers that were read
}

func (k *keeper) Start(h host.Host) {
	k.h = h
	k.store = persist.New(h, k, k.cfg)
	k.open()
}

func (k *keeper) open() {
	if k.cfg.Mode == persist.Files || k.cfg.Mode == persist.None {
		return
	}
	s := coord.Of(k.h).OpenSession(coord.Options{Name: "latch"}, host.BindResult((*keeper).changed, 0))
	k.store.SetSession(s)
	if k.cfg.Fenced {
		for _, p := range []string{"/s", "/s/term", "/s/master_status"} {
			coord.Do(coord.Of(k.h), s, coord.Op{Kind: coord.Create, Path: p}, (*keeper).made, p)
		}
	}
}

func (k *keeper) changed(_ int, c coord.StateChange) {
	k.store.SessionChanged(c)
	if c.State == coord.Expired {
		k.open()
	}
}

func (k *keeper) made(string, coord.Result) {}

func (k *keeper) Part(i int) any {
	if i == 0 {
		return k.store
	}
	return nil
}

func (k *keeper) tell(format string, args ...any) {
	k.h.Note(host.Note{Kind: host.NoteState, Value: fmt.Sprintf(format, args...)})
}

func (k *keeper) StoreSent()           { k.tell("sent") }
func (k *keeper) StoreConfirmed()      { k.tell("confirmed") }
func (k *keeper) StoreSettled()        {}
func (k *keeper) StoreLost(why string) { k.tell("lost: %s", why); k.store.Close() }

func (k *keeper) done(what string, r persist.Result) {
	if r.Err != nil {
		k.tell("%s failed: %v", what, r.Err)
	} else {
		k.tell("%s done zxid=%d", what, r.Zxid)
	}
}

func (k *keeper) loaded(_ int, l persist.Loaded) {
	if l.Err != nil {
		k.tell("not read: %v", l.Err)
		return
	}
	var got []string
	k.got = nil
	for _, d := range l.Drivers {
		k.got = append(k.got, string(d.Record.ID))
		got = append(got, fmt.Sprintf("%s %s by %d", d.Record.ID, d.Record.State, d.Zxid))
	}
	for _, w := range l.Workers {
		got = append(got, string(w.Record.ID))
	}
	var bad []string
	for _, b := range l.Bad {
		bad = append(bad, b.Key+": "+b.Why)
	}
	k.tell("read: %s; bad: %s", strings.Join(got, ", "), strings.Join(bad, ", "))
}

// Accepted carries out a command: "put-ID", "del-ID", "worker-ID", "fence",
// "load", "reign-VERSION" or "end".
func (k *keeper) Accepted(_ host.ConnID, text host.Addr) {
	what, id, _ := strings.Cut(string(text), "-")
	done := host.BindResult((*keeper).done, string(text))
	switch what {
	case "put":
		k.store.PutDriver(wire.DriverRecord{ID: wire.DriverID(id), State: wire.Submitted}, done)
	case "run":
		k.store.PutDriver(wire.DriverRecord{ID: wire.DriverID(id), State: wire.Running}, done)
	case "worker":
		k.store.PutWorker(wire.WorkerRecord{ID: wire.WorkerID(id)}, done)
	case "del":
		k.store.DeleteDriver(wire.DriverID(id), done)
	case "fence":
		k.store.Fence(done)
	case "load":
		k.store.Load(host.BindResult((*keeper).loaded, 0))
	case "end":
		k.store.Close()
	case "reign":
		version, _ := strconv.Atoi(id)
		k.store.Open(election.Win{Term: int64(version) + 1, Version: int32(version)})
	}
}

// TestScripts runs testdata: "start M fenced|blocking ..." starts a keeper and
// "accept" gives it a command.
func TestScripts(t *testing.T) {
	hosttest.RunClusterScripts(t, "testdata", func(t *testing.T, d *datadriven.TestData) host.Process {
		return &keeper{cfg: persist.Config{Dir: "/s", Fenced: d.HasArg("fenced"), Blocking: d.HasArg("blocking"), Retry: time.Second, Tries: 3}}
	}, func(p host.Process) string { return fmt.Sprint(p.(*keeper).store.Busy()) })
}
