package persist

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/wire"
)

// A Loaded is the whole store as it was read. Records are in the order in
// which they were created; but a blocking store's workers come in the order of
// their names, which stands for that of ZooKeeper's list, a hash order.
type Loaded struct {
	Drivers []Driver
	Workers []Worker
	Apps    []App
	Bad     []Bad // records that could not be decoded
	Err     error // only of a blocking store, or of a record in a file
}

// A Bad is a record that could not be decoded.
type Bad struct {
	Key string // as "driver_ID"
	Why string
}

// A Driver is one driver's record and the transaction that wrote it.
type Driver struct {
	Record wire.DriverRecord
	Zxid   int64
}

// A Worker is one worker's record and the transaction that wrote it. Retired:
// the record says that it takes no more work.
type Worker struct {
	Record  wire.WorkerRecord
	Retired bool
	Zxid    int64
}

// An App is one application's record and the transaction that wrote it.
type App struct {
	Record wire.AppRecord
	Zxid   int64
}

// load is a reading of the store that is not finished.
type load struct {
	done   host.Call // zero if none
	names  []string
	found  []found // one a name
	next   int     // the first name that was not asked for
	open   int     // answers outstanding
	listed bool
	tries  int
}

type found struct {
	Data         []byte
	Gone         bool
	Czxid, Mzxid int64
}

func (l load) clone() load {
	l.names, l.found = slices.Clone(l.names), slices.Clone(l.found)
	return l
}

func (l load) digest(d *host.Digest) {
	l.done.Digest(d)
	d.Any(l.names)
	d.Any(l.found)
	d.Int(int64(l.next))
	d.Int(int64(l.open))
	d.Bool(l.listed)
	d.Int(int64(l.tries))
}

// reading names one question of a load: the list, or the record at Index.
type reading struct {
	Round uint64
	Index int // -1 for the list
}

// Load reads the whole store and tells done the [Loaded]. A blocking store
// reads one record after the other, as Spark does.
func (s *Store) Load(done host.Call) {
	s.load = load{done: done}
	s.startLoad()
}

func (s *Store) startLoad() {
	s.round++
	s.load = load{done: s.load.done, tries: s.load.tries}
	if s.cfg.Mode != ZooKeeper {
		s.loadFiles()
		return
	}
	if !s.connected {
		if s.cfg.Blocking {
			s.loadAgain(coord.ErrConnectionLoss)
		}
		return
	}
	c := coord.Of(s.h)
	if s.cfg.Fenced {
		coord.Do(c, s.session, coord.Op{Kind: coord.Sync, Path: s.cfg.Dir}, (*Store).ignored, s.round)
	} else {
		coord.Do(c, s.session, coord.Op{Kind: coord.Create, Path: s.cfg.Dir}, (*Store).ignored, s.round)
		coord.Do(c, s.session, coord.Op{Kind: coord.Create, Path: s.cfg.root}, (*Store).ignored, s.round)
	}
	coord.Do(c, s.session, coord.Op{Kind: coord.Children, Path: s.cfg.root}, (*Store).read, reading{s.round, -1})
}

// restartLoad begins again in a session that is connected again.
func (s *Store) restartLoad() {
	if !s.load.done.IsZero() {
		s.startLoad()
	}
}

func (s *Store) ignored(uint64, coord.Result) {}

func (s *Store) read(a reading, r coord.Result) {
	if a.Round != s.round || s.load.done.IsZero() {
		return
	}
	l := &s.load
	gone := errors.Is(r.Err, coord.ErrNoNode)
	switch {
	case gone && a.Index >= 0 && !s.cfg.Blocking:
		// Somebody deleted it since the list. Unfenced only.
	case r.Err != nil && unknown(r.Err):
		s.loadAgain(r.Err)
		return
	case r.Err != nil:
		s.loaded(Loaded{Err: s.readError(a, r.Err)})
		return
	}
	if a.Index < 0 {
		l.names, l.listed = r.Children, true
		l.found = make([]found, len(l.names))
	} else {
		l.open--
		l.found[a.Index] = found{Data: r.Data, Gone: gone, Czxid: r.Stat.Czxid, Mzxid: r.Stat.Mzxid}
	}
	for l.next < len(l.names) && (l.open == 0 || !s.cfg.Blocking) {
		coord.Do(coord.Of(s.h), s.session, coord.Op{Kind: coord.Get, Path: s.path(l.names[l.next])}, (*Store).read, reading{s.round, l.next})
		l.next++
		l.open++
	}
	if l.open == 0 {
		s.loaded(s.decode())
	}
}

func (s *Store) readError(a reading, err error) error {
	if a.Index < 0 {
		return fmt.Errorf("list of the store: %w", err)
	}
	return fmt.Errorf("record %s: %w", s.load.names[a.Index], err)
}

// loadAgain begins again after a pause; a blocking store gives up in the end.
func (s *Store) loadAgain(err error) {
	wait := s.cfg.Retry
	if s.cfg.Blocking {
		if s.load.tries == s.cfg.Tries {
			s.loaded(Loaded{Err: fmt.Errorf("read of the store: %w", err)})
			return
		}
		wait <<= s.load.tries
		s.load.tries++
	}
	s.round++
	host.After(s.h, wait, (*Store).loadPauseOver, s.round)
}

func (s *Store) loadPauseOver(round uint64) {
	if round == s.round && (s.connected || s.cfg.Blocking) {
		s.restartLoad()
	}
}

func (s *Store) loaded(l Loaded) {
	done := s.load.done
	s.load = load{}
	done.Run(s.owner, &l)
	s.pump()
}

// decode turns what was read into records.
func (s *Store) decode() Loaded {
	var out Loaded
	order := make([]int, 0, len(s.load.names))
	for i := range s.load.names {
		if !s.load.found[i].Gone {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int {
		if s.cfg.Mode == Files {
			return natural(s.load.names[a], s.load.names[b])
		}
		return int(min(1, max(-1, s.load.found[a].Czxid-s.load.found[b].Czxid)))
	})
	for _, i := range order {
		name, f := s.load.names[i], s.load.found[i]
		f.Data = s.asFirst(f.Data)
		err := out.add(name, f)
		switch {
		case err == nil:
		case s.cfg.KeepUndecodable:
			out.Bad = append(out.Bad, Bad{name, err.Error()})
			continue
		case s.cfg.Mode == Files: // Spark's engine throws (D-07d)
			return Loaded{Err: fmt.Errorf("record %s: %w", name, err)}
		default: // Spark's engine removes the znode (D-41)
			s.h.Note(host.Note{Kind: host.NoteFailed, Value: "record " + name + ": " + err.Error() + "; it is removed"})
			s.add(entry{kind: del, key: name})
		}
		s.known[name] = true
	}
	if s.cfg.Blocking {
		slices.SortFunc(out.Workers, func(a, b Worker) int { return strings.Compare(string(a.Record.ID), string(b.Record.ID)) })
	}
	return out
}

// add decodes what stands under name.
func (l *Loaded) add(name string, f found) error {
	var err error
	switch {
	case strings.HasPrefix(name, "driver_"):
		var rec wire.DriverRecord
		if rec, err = wire.DecodeDriver(f.Data); err == nil {
			l.Drivers = append(l.Drivers, Driver{Record: rec, Zxid: f.Mzxid})
		}
	case strings.HasPrefix(name, "worker_"):
		var rec wire.WorkerRecord
		retired, no := wire.DecodeRetired(f.Data)
		if rec, err = retired.Worker, no; no != nil {
			rec, err = wire.DecodeWorker(f.Data)
		}
		if err == nil {
			l.Workers = append(l.Workers, Worker{Record: rec, Retired: no == nil, Zxid: f.Mzxid})
		}
	case strings.HasPrefix(name, "app_"):
		var rec wire.AppRecord
		if rec, err = wire.DecodeApp(f.Data); err == nil {
			l.Apps = append(l.Apps, App{Record: rec, Zxid: f.Mzxid})
		}
	default:
		err = errors.New("unknown prefix")
	}
	return err
}

// asFirst is a record as the first form has it, if this release can read it.
func (s *Store) asFirst(data []byte) []byte {
	if s.cfg.Format == 0 || len(data) <= formatAt || data[formatAt] <= 1 || data[formatAt] > 1+s.cfg.Format {
		return data
	}
	data = slices.Clone(data)
	data[formatAt] = 1
	return data
}
