package live

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/simctl/simctl/impl/host"
)

// What a [Record] tells that is no note of the process: its Event.
const (
	Started  = "started"  // the process was started; M: its number on the machine
	Exited   = "exited"   // it exited by itself; N: status
	Panicked = "panicked" // it panicked; Detail: why and where
	Done     = "done"     // a probe has done all that it was to do
	Struck   = "struck"   // it stands still between two outputs, as it was told to
)

// A Record is one line of a process's record file: a note of the process, or
// something that happened to it.
type Record struct {
	// Seq numbers the records of one incarnation from 1, in the order of the
	// calls; lines may be in another.
	Seq uint64 `json:"seq"`
	// At is when the process made the note, in nanoseconds of CLOCK_MONOTONIC,
	// which all processes of a machine share.
	At int64 `json:"at"`
	// Until is when the line was written: for an intent before the effect, for
	// others once the event in which it was made was over.
	Until   int64          `json:"until"`
	Process host.ProcessID `json:"process"`
	Inc     uint32         `json:"inc"`
	// Event is the note's kind as in traces, or one of this package's.
	Event string `json:"event"`
	// The rest is the note, see [host.Note].
	Subject string `json:"subject,omitempty"`
	Value   string `json:"value,omitempty"`
	Detail  string `json:"detail,omitempty"`
	Term    int64  `json:"term,omitempty"`
	N       int64  `json:"n,omitempty"`
	M       int64  `json:"m,omitempty"`
	P       int64  `json:"p,omitempty"`
	Q       int64  `json:"q,omitempty"`
	Zxid    int64  `json:"zxid,omitempty"`
}

// A Recorder appends records to a file. Each is one line, written with one
// write(2), so that a process killed at any moment leaves whole lines.
type Recorder struct {
	mu sync.Mutex
	f  *os.File
}

// NewRecorder appends to the file called name, which is made if it is missing.
func NewRecorder(name string) (*Recorder, error) {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open record file: %w", err)
	}
	return &Recorder{f: f}, nil
}

// Write appends one record. It sets Until.
func (r *Recorder) Write(rec Record) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	rec.Until = Monotonic()
	line, err := json.Marshal(rec)
	if err != nil {
		return fmt.Errorf("record %s of %s: %w", rec.Event, rec.Process, err)
	}
	if _, err := r.f.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("record %s of %s: %w", rec.Event, rec.Process, err)
	}
	return nil
}

// Close closes the file.
func (r *Recorder) Close() error { return r.f.Close() }

// ReadRecords reads a record file. A last line without its end is left out: it
// is what a full disk leaves. Any other line that is no record is an error
// that names the file and the line.
func ReadRecords(name string) ([]Record, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read records: %w", err)
	}
	defer f.Close()
	var out []Record
	in := bufio.NewReader(f)
	for n := 1; ; n++ {
		line, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read records: %s:%d: %w", name, n, err)
		}
		var r Record
		if err := json.Unmarshal(line, &r); err != nil {
			return nil, fmt.Errorf("read records: %s:%d: %w", name, n, err)
		}
		if r.Process == "" || r.Event == "" {
			return nil, fmt.Errorf("read records: %s:%d: a record needs a process and an event", name, n)
		}
		out = append(out, r)
	}
}

// noted is a note that waits for the end of the event in which it was made.
type noted struct {
	seq  uint64
	at   int64
	note host.Note
}

// Note records n: an intent, and what is on the disk of a server, at once,
// before what it announces; anything else once the current event is over, when
// its outputs are handed over.
func (h *Host) Note(n host.Note) {
	if h.o.Recorder == nil || h.exited {
		return
	}
	h.noteSeq++
	x := noted{seq: h.noteSeq, at: Monotonic(), note: n}
	if n.Kind != host.NoteIntent && n.Kind != host.NoteLogged {
		h.notes = append(h.notes, x)
		return
	}
	if err := h.o.Recorder.Write(h.record(x)); err != nil {
		h.fail(err)
	}
}

// writeNotes writes the notes of the event that is over.
func (h *Host) writeNotes() error {
	for _, x := range h.notes {
		if err := h.o.Recorder.Write(h.record(x)); err != nil {
			return err
		}
	}
	h.notes = h.notes[:0]
	return nil
}

func (h *Host) record(x noted) Record {
	n := &x.note
	return Record{
		Seq: x.seq, At: x.at, Process: h.o.Self, Inc: h.o.Incarnation, Event: n.Kind.String(),
		Subject: n.Subject, Value: n.Value, Detail: n.Detail, Term: n.Term,
		N: n.N, M: n.M, P: n.P, Q: n.Q, Zxid: n.Zxid,
	}
}

// recordSelf records what happens to the process itself.
func (h *Host) recordSelf(event, detail string) {
	if h.o.Recorder == nil {
		return
	}
	h.noteSeq++
	r := Record{
		Seq: h.noteSeq, At: Monotonic(), Process: h.o.Self, Inc: h.o.Incarnation,
		Event: event, Detail: detail, N: int64(h.status),
	}
	if event == Started {
		r.M = int64(os.Getpid())
	}
	if err := h.o.Recorder.Write(r); err != nil {
		h.fail(err)
	}
}
