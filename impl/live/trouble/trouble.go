// Package trouble is what is wrong with a machine, told to the processes on it
// by a file: with its disk, with its sessions at ZooKeeper, and that a process
// is to stand still between two of its outputs.
package trouble

import (
	"encoding/json"
	"errors"
	"os"
	"slices"
	"sync"
	"time"
)

// A State is what the file holds. The zero State is a machine that is well.
type State struct {
	Full bool          // nothing is appended to files, and none created
	Slow time.Duration // each call of the disk takes so much longer
	// Cuts are sessions at ZooKeeper that are cut off, in silence, by what they
	// are for, as "latch"; "all" for all. A process that has but one session
	// uses it for everything.
	Cuts   []string
	Late   []Late
	Lost   []Lost
	Strike Strike
}

// Late lets operations wait before they are sent.
type Late struct {
	What string // see [Kind.Is]
	By   time.Duration
}

// Lost breaks the connection in the moment in which the answer to an operation
// arrives.
type Lost struct {
	ID   int    // a number of its own: what was lost for it is counted
	What string // see [Kind.Is]
	N    int    // how many are lost; 0 means 1
}

// A Strike lets one incarnation of a process make some more outputs, messages,
// operations of the service or changes of files, and stand still then.
type Strike struct {
	ID      int // a number of its own; 0: no strike
	Process string
	Inc     uint32
	After   int // outputs
}

// A Kind is what an operation of the service does: "create", "set", "get".
type Kind string

// Is reports whether an operation is what a fault means: its own name, "write"
// for those that change something, "read" for the others.
func (k Kind) Is(what string) bool {
	writes := slices.Contains([]Kind{"create", "delete", "set", "multi"}, k)
	return what == string(k) || what == "write" && writes || what == "read" && !writes
}

// A Trouble follows a file. A nil one is a machine that is well. It may be used
// by several goroutines.
type Trouble struct {
	file string

	mu      sync.Mutex
	state   State
	looked  time.Time
	stamp   time.Time // of the file that was read last
	lost    map[int]int
	outputs int // made since the strike was told
	struck  int // the strike that is counted, or was carried out
	over    bool
}

// Follow follows a file, which need not be there; "" is a machine that is well.
func Follow(file string) *Trouble {
	if file == "" {
		return nil
	}
	return &Trouble{file: file, lost: map[int]int{}}
}

// fresh is how old what was read may be.
const fresh = 5 * time.Millisecond

// now is what is wrong now. The caller holds mu.
func (t *Trouble) now() *State {
	if time.Since(t.looked) < fresh {
		return &t.state
	}
	t.looked = time.Now()
	info, err := os.Stat(t.file)
	if err != nil || info.ModTime().Equal(t.stamp) {
		return &t.state
	}
	text, err := os.ReadFile(t.file)
	var s State
	if err == nil && json.Unmarshal(text, &s) == nil { // it is replaced whole, or is nobody's
		t.state, t.stamp = s, info.ModTime()
	}
	return &t.state
}

// Write replaces the file.
func (s State) Write(file string) error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	beside := file + ".new"
	if err := os.WriteFile(beside, text, 0o644); err != nil {
		return err
	}
	return os.Rename(beside, file)
}

// ErrFull is what a call of a full disk returns.
var ErrFull = errors.New("no space left on device")

// Disk lets a call of the disk take as long as it takes now, and returns ErrFull
// if it needs room and there is none.
func (t *Trouble) Disk(needsRoom bool) error {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	s := *t.now()
	t.mu.Unlock()
	if s.Slow > 0 {
		time.Sleep(s.Slow)
	}
	if s.Full && needsRoom {
		return ErrFull
	}
	return nil
}

// Cut reports whether the session for a purpose is cut off; alone: the process
// has no other.
func (t *Trouble) Cut(purpose string, alone bool) bool {
	if t == nil {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	cuts := t.now().Cuts
	return len(cuts) > 0 && (alone || slices.Contains(cuts, purpose) || slices.Contains(cuts, "all"))
}

// Late is how long an operation waits before it is sent.
func (t *Trouble) Late(k Kind) (by time.Duration) {
	if t == nil {
		return 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, l := range t.now().Late {
		if k.Is(l.What) {
			by = max(by, l.By)
		}
	}
	return by
}

// Lose reports whether the answer to an operation, which has arrived, is lost
// and its connection with it.
func (t *Trouble) Lose(k Kind) bool {
	if t == nil {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, l := range t.now().Lost {
		if k.Is(l.What) && t.lost[l.ID] < max(l.N, 1) {
			t.lost[l.ID]++
			return true
		}
	}
	return false
}

// Strikes is asked before each output of a process, and reports whether it is to
// stand still before this one. It says so once for each strike.
func (t *Trouble) Strikes(process string, inc uint32) bool {
	if t == nil {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.now().Strike
	if s.ID == 0 || s.Process != process || s.Inc != inc {
		return false
	}
	if s.ID != t.struck {
		t.struck, t.outputs, t.over = s.ID, 0, false
	}
	t.outputs++
	if t.over || t.outputs <= s.After {
		return false
	}
	t.over = true
	return true
}
