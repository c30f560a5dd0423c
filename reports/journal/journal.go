// Package journal is the record of a sweep under way: a line for each run that
// is finished, in the order of the sweep, so that a sweep that was killed goes on
// where it stopped.
package journal

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/simctl/simctl/reports"
)

// File is the journal's name in the directory of a sweep.
const File = "sweep.ndjson"

// Schema is that of a journal's first line.
const Schema = "simctl/sweep-journal/v1"

// A Sweep is what a journal is of. Two that differ are not one sweep.
type Sweep struct {
	Schema    string   `json:"schema"`    // Open fills it
	Program   string   `json:"program"`   // digest of the program
	Arguments []string `json:"arguments"` // what was asked for
}

// A Line is one finished run: what is printed of it, and what else the sums of a
// sweep and its search need.
type Line struct {
	Run       reports.RunLine `json:"run"`
	Calls     int             `json:"calls"`
	Acked     int             `json:"acked"`
	Struck    []string        `json:"struck,omitempty"`    // classes of faults, each once
	MayDraw   []string        `json:"mayDraw,omitempty"`   // likewise
	Sometimes []string        `json:"sometimes,omitempty"` // what some run of the scenario must reach
	Differs   string          `json:"differs,omitempty"`   // two runs of the seed did
	News      []string        `json:"news,omitempty"`      // what it was the first to see, in hexadecimal digits
	Asked     string          `json:"asked,omitempty"`     // the scenario that was searched, if there are news
	Drawn     string          `json:"drawn,omitempty"`     // the one that was run, likewise
	WallNs    int64           `json:"wallNs"`              // of the sweep so far
	End       bool            `json:"end,omitempty"`       // no run, but the end of the sweep
}

// A Journal is open for the lines of a sweep.
type Journal struct {
	f        *os.File
	unsynced int
}

// syncEvery is how many lines may be lost with the machine. With the process none
// is, once it is written; one of a violation is always synced.
const syncEvery = 64

// Open opens the journal in a directory, which is made, and returns what it holds
// of the same sweep. A journal of a sweep that has ended, or that had not begun,
// is begun anew. One of another sweep that has not ended is an error that says
// what differs. The last line is dropped if it was cut short.
func Open(dir string, s Sweep) (*Journal, []Line, error) {
	s.Schema = Schema
	name := filepath.Join(dir, File)
	text, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, nil, fmt.Errorf("journal: %w", err)
	}
	lines, whole, err := read(name, text, s)
	if err != nil {
		return nil, nil, err
	}
	if n := len(lines); whole == 0 || n > 0 && lines[n-1].End {
		j, err := begin(dir, name, s)
		return j, nil, err
	}
	f, err := os.OpenFile(name, os.O_WRONLY, 0o644)
	if err != nil {
		return nil, nil, fmt.Errorf("journal: %w", err)
	}
	if err = f.Truncate(int64(whole)); err == nil {
		_, err = f.Seek(int64(whole), io.SeekStart)
	}
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("journal: %w", err), f.Close())
	}
	return &Journal{f: f}, lines, nil
}

func begin(dir, name string, s Sweep) (*Journal, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	f, err := os.Create(name)
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	j := &Journal{f: f}
	return j, j.write(s, true)
}

// read returns the lines of a journal's text, and how many bytes are whole lines:
// 0 if there is nothing to go on from.
func read(name string, text []byte, s Sweep) (lines []Line, whole int, err error) {
	for number := 1; ; number++ {
		line, rest, ended := bytes.Cut(text[whole:], []byte("\n"))
		if !ended {
			return lines, whole, nil
		}
		if number == 1 {
			var was Sweep
			if err := json.Unmarshal(line, &was); err != nil || was.Schema != Schema {
				return nil, 0, fmt.Errorf("%s: line 1: no journal of a sweep", name)
			}
			if why := s.differs(was); why != "" && !over(rest) {
				return nil, 0, fmt.Errorf("%s is of a sweep that has not ended, and %s: repeat that one, remove the file, or give another directory with -o", name, why)
			} else if why != "" {
				return nil, 0, nil
			}
		} else {
			var l Line
			if err := json.Unmarshal(line, &l); err != nil {
				return nil, 0, fmt.Errorf("%s: line %d: %w", name, number, err)
			}
			lines = append(lines, l)
		}
		whole += len(line) + 1
	}
}

// over reports whether the text of a journal says that its sweep ended.
func over(text []byte) bool {
	text = bytes.TrimSuffix(text, []byte("\n"))
	var l Line
	return json.Unmarshal(text[bytes.LastIndexByte(text, '\n')+1:], &l) == nil && l.End
}

// differs says how another sweep differs from this one, "" if it does not.
func (s Sweep) differs(was Sweep) string {
	for i := range max(len(s.Arguments), len(was.Arguments)) {
		a, b := "nothing", "nothing"
		if i < len(s.Arguments) {
			a = s.Arguments[i]
		}
		if i < len(was.Arguments) {
			b = was.Arguments[i]
		}
		if a != b {
			return fmt.Sprintf("was asked for %s, not %s", b, a)
		}
	}
	if s.Program != was.Program {
		return "was made by another build of this program"
	}
	return ""
}

// Append adds a finished run.
func (j *Journal) Append(l Line) error {
	j.unsynced++
	sync := l.Run.Verdict == "violation" || j.unsynced >= syncEvery
	if sync {
		j.unsynced = 0
	}
	return j.write(l, sync)
}

// Close ends the journal, and the sweep, if it has made all its runs.
func (j *Journal) Close(ended bool) error {
	var err error
	if ended {
		err = j.write(Line{End: true}, true)
	}
	return errors.Join(err, j.f.Close())
}

// write writes one line at once, so that a killed process leaves all of it or, if
// the machine is lost, a part.
func (j *Journal) write(v any, sync bool) error {
	text, err := json.Marshal(v)
	if err == nil {
		_, err = j.f.Write(append(text, '\n'))
	}
	if err == nil && sync {
		err = j.f.Sync()
	}
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	return nil
}

// Program is the digest of the program that runs; "" if nobody can tell.
func Program() string {
	name, err := os.Executable()
	if err != nil {
		return ""
	}
	f, err := os.Open(name)
	if err != nil {
		return ""
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return ""
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}
