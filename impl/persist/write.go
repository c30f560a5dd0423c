package persist

import (
	"errors"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/election"
	"github.com/simctl/simctl/impl/host"
)

// pump sends the head of the queue if nothing is in its way.
func (s *Store) pump() {
	if !s.open || s.sent || s.pause || s.looks > 0 || len(s.queue) == 0 || !s.load.done.IsZero() {
		return
	}
	if s.flight == 0 {
		s.flight = min(len(s.queue), Group)
		if s.cfg.Blocking {
			s.flight = 1
		}
	}
	switch {
	case !s.connected && s.cfg.Blocking:
		s.tryAgain(coord.ErrConnectionLoss)
	case !s.connected:
	case s.cfg.Mode != ZooKeeper:
		s.writeFiles()
	case s.doubt:
		s.look()
	default:
		s.send()
	}
}

func (s *Store) send() {
	s.begin()
	coord.Do(coord.Of(s.h), s.session, s.transaction(), (*Store).answered, s.round)
}

// begin tells what is about to be written.
func (s *Store) begin() {
	for i := range s.queue[:s.flight] {
		if e := &s.queue[i]; e.kind != fence && !e.noted {
			e.noted = true
			s.h.Note(host.Note{Kind: host.NoteIntent, Subject: e.key, Value: e.kind.String(), Term: s.term, N: e.write})
		}
	}
	s.sent = true
	s.round++
	s.owner.StoreSent()
}

// transaction is what queue[:flight] comes to.
func (s *Store) transaction() coord.Op {
	multi := coord.Op{Kind: coord.Multi, Tag: coord.Tag{Term: s.term}, Ops: make([]coord.Op, 0, s.flight+1)}
	if s.cfg.Fenced {
		multi.Ops = append(multi.Ops, coord.Op{Kind: coord.Check, Path: s.cfg.term, Version: s.version})
	}
	for i, e := range s.queue[:s.flight] {
		if e.kind == fence {
			continue
		}
		there := s.existsBefore(i)
		op := coord.Op{Path: s.path(e.key), Data: e.data, Version: coord.AnyVersion, Tag: coord.Tag{Term: s.term, Write: e.write}}
		switch {
		case e.kind == del && !there && !s.cfg.Blocking:
			continue
		case e.kind == del:
			op.Kind = coord.Delete
		case there && !e.fresh:
			op.Kind = coord.Set
		default:
			op.Kind = coord.Create
		}
		if multi.Tag.Write == 0 {
			multi.Tag.Write = e.write
		}
		multi.Ops = append(multi.Ops, op)
	}
	switch {
	case len(multi.Ops) == 0:
		return coord.Op{Kind: coord.Sync, Path: s.cfg.Dir, Tag: multi.Tag}
	case len(multi.Ops) == 1 && s.cfg.Blocking && !s.cfg.Fenced:
		return multi.Ops[0]
	}
	return multi
}

// existsBefore reports whether the record of the i-th entry in flight is there
// when its turn comes.
func (s *Store) existsBefore(i int) bool {
	key := s.queue[i].key
	for i--; i >= 0; i-- {
		if e := &s.queue[i]; e.key == key {
			return e.kind == put
		}
	}
	return s.known[key]
}

func (s *Store) answered(round uint64, r coord.Result) {
	if round != s.round || !s.open {
		return
	}
	s.sent = false
	switch i := election.Failing(r); {
	case r.Err == nil:
		s.settled(zxid(r))
	case unknown(r.Err):
		s.doubt = true
		s.tryAgain(r.Err)
	case s.cfg.Fenced && i <= 0:
		s.owner.StoreLost("term check: " + r.Err.Error())
	case s.cfg.Blocking:
		s.failed(r.Err)
	default:
		s.doubt = true
		s.tryAgain(r.Err)
	}
}

// settled ends queue[:flight] with success and tells the continuations.
func (s *Store) settled(zxid int64) {
	done := s.queue[:s.flight]
	s.queue = s.queue[s.flight:]
	s.flight, s.doubt, s.tries = 0, false, 0
	for _, e := range done {
		if e.kind != fence {
			s.known[e.key] = e.kind == put
			s.h.Note(host.Note{Kind: host.NoteWritten, Subject: e.key, Value: e.kind.String(), Term: s.term, N: e.write, Zxid: zxid})
		}
	}
	s.settling = true
	s.tell(done, zxid)
	s.settling = false
	s.owner.StoreSettled()
	s.pump()
}

// tell runs the continuations of a transaction, as long as the reign lasts.
func (s *Store) tell(done []entry, zxid int64) {
	reign, answer := s.term, &Result{Zxid: zxid}
	s.owner.StoreConfirmed()
	for _, e := range done {
		if !s.open || s.term != reign {
			return
		}
		e.done.Run(s.owner, answer)
	}
}

// failed ends the head of a blocking queue with an error.
func (s *Store) failed(err error) {
	e := s.queue[0]
	s.queue = s.queue[1:]
	s.flight, s.doubt, s.tries = 0, false, 0
	if e.kind != fence {
		s.h.Note(host.Note{Kind: host.NoteWritten, Subject: e.key, Value: e.kind.String(), Term: s.term, N: e.write})
	}
	e.done.Run(s.owner, &Result{Err: err})
	s.pump()
}

// tryAgain pauses before the head is sent again, or gives it up.
func (s *Store) tryAgain(err error) {
	wait := s.cfg.Retry
	if s.cfg.Blocking {
		s.doubt = false // a plain retry: "node exists" may be one's own doing
		if s.tries == s.cfg.Tries {
			s.failed(err)
			return
		}
		wait <<= s.tries
		s.tries++
	}
	s.pause = true
	host.After(s.h, wait, (*Store).pauseOver, s.round)
}

func (s *Store) pauseOver(round uint64) {
	if round == s.round && s.open {
		s.pause = false
		s.pump()
	}
}

// unsettled takes back what another session has in flight.
func (s *Store) unsettled() {
	s.doubt = s.doubt || s.sent || s.looks > 0
	s.sent, s.looks, s.pause = false, 0, false
	s.round++
}

// look asks which of the records in flight exist, to send them again as what
// they now have to be. Nobody else writes them as long as the term is ours.
func (s *Store) look() {
	s.round++
	c := coord.Of(s.h)
	s.looks = 1
	for _, e := range s.queue[:s.flight] {
		if e.kind != fence {
			s.looks++
		}
	}
	coord.Do(c, s.session, coord.Op{Kind: coord.Sync, Path: s.cfg.Dir}, (*Store).looked, looking{s.round, ""})
	for _, e := range s.queue[:s.flight] {
		if e.kind != fence {
			coord.Do(c, s.session, coord.Op{Kind: coord.Exists, Path: s.path(e.key)}, (*Store).looked, looking{s.round, e.key})
		}
	}
}

type looking struct {
	Round uint64
	Key   string
}

func (s *Store) looked(a looking, r coord.Result) {
	switch {
	case a.Round != s.round || !s.open:
		return
	case r.Err == nil || errors.Is(r.Err, coord.ErrNoNode):
		if a.Key != "" {
			s.known[a.Key] = r.Err == nil
		}
		s.looks--
		if s.looks == 0 {
			s.doubt = false
			s.pump()
		}
	default:
		s.looks = 0
		s.round++
		s.tryAgain(r.Err)
	}
}

func unknown(err error) bool {
	return errors.Is(err, coord.ErrConnectionLoss) || errors.Is(err, coord.ErrExpired) || errors.Is(err, coord.ErrClosed)
}

// zxid of a transaction; a service that does not tell it tells it of a record.
func zxid(r coord.Result) int64 {
	for i := range r.Results {
		if r.Zxid == 0 {
			r.Zxid = r.Results[i].Stat.Mzxid
		}
	}
	return r.Zxid
}

func (s *Store) path(key string) string { return s.cfg.root + "/" + key }
