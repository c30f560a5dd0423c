package persist

import (
	"errors"
	"fmt"
	"strings"

	"github.com/simctl/simctl/impl/election"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/wire"
)

// This file is the engine FILESYSTEM: one file a record, in a directory of
// host.Disk. Plain, it is Spark's (FileSystemPersistenceEngine.scala): a file
// is created and then written, and never synced; one that is there is an error;
// a removal that fails is only told. Atomic, a record is written to a file of
// its own, synced and renamed, and the directory is synced: it is there as a
// whole or not at all, and what was answered survives the loss of the machine.
//
// A directory cannot check the term and write in one step. Fenced, the term is
// read before a write and again after it: what was answered was there before a
// later term was, and a later reign reads the records after it has written its
// term, so it finds them. A write that nobody was answered for may still come
// late and replace a later one: two masters need ZooKeeper.

// action is one thing done to a file.
type action uint8

const (
	checkTerm action = iota + 1
	createFile
	appendFile
	syncFile
	renameFile
	removeFile
)

func (a action) String() string {
	return [...]string{"?", "check the term", "create", "write", "sync", "rename", "remove"}[a]
}

// step is one action of the transaction in flight.
type step struct {
	do       action
	name, to string
	data     []byte
	missing  bool // a file that is not there is no failure
}

// Names in the directory that are no records.
const (
	removedName = "removed" // the record that was removed last
	newPrefix   = "new_"    // records that were not yet renamed
)

func (s *Store) file(key string) string { return s.cfg.Path + "/" + key }

// writeFiles begins to carry out queue[:flight].
func (s *Store) writeFiles() {
	s.begin()
	s.steps, s.step = nil, 0
	if s.cfg.Mode == Files {
		s.steps = s.plan()
	}
	if len(s.steps) == 0 {
		host.After(s.h, 0, (*Store).nothingWritten, s.round)
		return
	}
	s.act()
}

func (s *Store) nothingWritten(round uint64) {
	if round == s.round && s.open {
		s.filesWritten()
	}
}

// plan is what queue[:flight] comes to, step by step.
func (s *Store) plan() []step {
	var out []step
	last := ""
	for i, e := range s.queue[:s.flight] {
		name, there := s.file(e.key), s.existsBefore(i)
		switch {
		case e.kind == fence, e.kind == del && !there && !s.cfg.Blocking:
			continue
		case e.kind == put && s.cfg.Atomic:
			fresh := s.file(fmt.Sprintf("%s%d_%d_%s", newPrefix, s.h.Incarnation(), s.round, e.key))
			out = append(out, step{do: appendFile, name: fresh, data: e.data}, step{do: syncFile, name: fresh},
				step{do: renameFile, name: fresh, to: name})
			last = name
		case e.kind == put && there && s.cfg.Update:
			out = append(out, step{do: removeFile, name: name, missing: true}, step{do: createFile, name: name}, step{do: appendFile, name: name, data: e.data})
		case e.kind == put:
			out = append(out, step{do: createFile, name: name}, step{do: appendFile, name: name, data: e.data})
		case s.cfg.Atomic: // renamed rather than removed: what is synced must be there
			last = s.file(removedName)
			out = append(out, step{do: renameFile, name: name, to: last, missing: true})
		default:
			out = append(out, step{do: removeFile, name: name})
		}
	}
	if last != "" {
		out = append(out, step{do: syncFile, name: last, missing: true})
	}
	if s.cfg.Fenced {
		check := step{do: checkTerm, name: s.file(election.TermFile)}
		out = append([]step{check}, out...)
		if len(out) > 1 {
			out = append(out, check)
		}
	}
	return out
}

func (s *Store) act() {
	st, done := s.steps[s.step], host.BindResult((*Store).stepDone, s.round)
	switch st.do {
	case checkTerm:
		s.h.ReadFile(st.name, host.BindResult((*Store).termRead, s.round))
	case createFile:
		s.h.CreateFile(st.name, done)
	case appendFile:
		s.h.AppendFile(st.name, st.data, done)
	case syncFile:
		s.h.SyncFile(st.name, done)
	case renameFile:
		s.h.RenameFile(st.name, st.to, done)
	case removeFile:
		s.h.RemoveFile(st.name, done)
	}
}

func (s *Store) stepDone(round uint64, r host.DiskResult) {
	if round != s.round || !s.open {
		return
	}
	st := s.steps[s.step]
	switch {
	case r.Err == "", st.missing && r.Err == host.FileNotExist:
		s.nextStep()
	case st.do == removeFile && s.cfg.Blocking: // Spark warns
		s.h.Note(host.Note{Kind: host.NoteFailed, Value: "remove " + st.name + ": " + r.Err})
		s.nextStep()
	default:
		if st.do == createFile && r.Err == host.FileExists && !s.cfg.Blocking {
			s.known[st.name[len(s.cfg.Path)+1:]] = true // of an attempt that failed half way
		}
		s.filesFailed(fmt.Errorf("%s %s: %s", st.do, st.name, r.Err))
	}
}

func (s *Store) nextStep() {
	s.step++
	if s.step < len(s.steps) {
		s.act()
		return
	}
	s.filesWritten()
}

// termRead ends the reign if the directory has another term.
func (s *Store) termRead(round uint64, r host.ReadResult) {
	if round != s.round || !s.open {
		return
	}
	rec, err := wire.DecodeTerm(r.Data)
	switch {
	case r.Err != "" && r.Err != host.FileNotExist:
		s.filesFailed(errors.New("read the term: " + r.Err))
	case r.Err != "" || err != nil || rec.Term != s.term || rec.Owner != s.h.Self():
		s.owner.StoreLost(fmt.Sprintf("term check: the directory has term %d of %s", rec.Term, rec.Owner))
	default:
		s.nextStep()
	}
}

// filesWritten ends the transaction in flight. Its number is the term's and its
// own in the reign, as a zxid is the epoch's: it is in order as long as reigns
// are.
func (s *Store) filesWritten() {
	s.sent, s.steps, s.step = false, nil, 0
	s.count++
	s.settled(s.term<<32 + s.count)
}

// filesFailed gives the transaction up, or begins it again after a pause.
func (s *Store) filesFailed(err error) {
	s.sent, s.steps, s.step = false, nil, 0
	s.round++
	if s.cfg.Blocking {
		s.failed(err)
		return
	}
	s.h.Note(host.Note{Kind: host.NoteFailed, Value: err.Error()})
	s.pause = true
	host.After(s.h, s.cfg.Retry, (*Store).pauseOver, s.round)
}

// loadFiles begins to read the directory.
func (s *Store) loadFiles() {
	if s.cfg.Mode == None {
		host.After(s.h, 0, (*Store).nothingRead, s.round)
		return
	}
	s.h.ListFiles(s.cfg.Path, host.BindResult((*Store).filesListed, s.round))
}

func (s *Store) nothingRead(round uint64) {
	if round == s.round && !s.load.done.IsZero() {
		s.loaded(Loaded{})
	}
}

func (s *Store) filesListed(round uint64, r host.ListResult) {
	if round != s.round || s.load.done.IsZero() {
		return
	}
	if r.Err != "" {
		s.fileUnread(fmt.Errorf("list of the store: %s", r.Err))
		return
	}
	l := &s.load
	l.names, l.listed = nil, true
	for _, name := range r.Names {
		switch {
		case strings.HasPrefix(name, newPrefix):
			s.h.RemoveFile(s.file(name), host.Call{}) // of a write that nobody was answered for
		case name != election.TermFile && !strings.HasPrefix(name, election.NewTermFile) && name != removedName:
			l.names = append(l.names, name)
		}
	}
	l.found = make([]found, len(l.names))
	s.readFiles()
}

// readFiles asks for the next record, or for all of them.
func (s *Store) readFiles() {
	l := &s.load
	for l.next < len(l.names) && (l.open == 0 || !s.cfg.Blocking) {
		s.h.ReadFile(s.file(l.names[l.next]), host.BindResult((*Store).fileRead, reading{s.round, l.next}))
		l.next++
		l.open++
	}
	if l.open == 0 {
		s.loaded(s.decode())
	}
}

// fileRead takes a record. When an earlier reign wrote it is not known: not
// after this one began.
func (s *Store) fileRead(a reading, r host.ReadResult) {
	if a.Round != s.round || s.load.done.IsZero() {
		return
	}
	gone := r.Err == host.FileNotExist && !s.cfg.Blocking
	if r.Err != "" && !gone {
		s.fileUnread(fmt.Errorf("record %s: %s", s.load.names[a.Index], r.Err))
		return
	}
	s.load.open--
	s.load.found[a.Index] = found{Data: r.Data, Gone: gone, Mzxid: s.term << 32}
	s.readFiles()
}

// fileUnread begins again after a pause. Spark's engine throws (D-07d).
func (s *Store) fileUnread(err error) {
	s.round++
	if s.cfg.Blocking {
		s.loaded(Loaded{Err: err})
		return
	}
	s.h.Note(host.Note{Kind: host.NoteFailed, Value: err.Error()})
	host.After(s.h, s.cfg.Retry, (*Store).loadPauseOver, s.round)
}

// natural orders names as people do: numbers in them by their value.
func natural(a, b string) int {
	for a != "" && b != "" {
		m, n := digits(a), digits(b)
		switch {
		case m > 0 && n > 0:
			x, y := strings.TrimLeft(a[:m], "0"), strings.TrimLeft(b[:n], "0")
			if len(x) != len(y) {
				return len(x) - len(y)
			}
			if c := strings.Compare(x, y); c != 0 {
				return c
			}
			a, b = a[m:], b[n:]
		case a[0] != b[0]:
			return int(a[0]) - int(b[0])
		default:
			a, b = a[1:], b[1:]
		}
	}
	return len(a) - len(b)
}

// digits is how many digits text begins with.
func digits(text string) int {
	return len(text) - len(strings.TrimLeft(text, "0123456789"))
}
