package reproducer

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/simctl/simctl"
	"github.com/simctl/simctl/checker/signature"
	"github.com/simctl/simctl/scenarios"
)

// An Entry is a failure that was found once: its minimal world, as shrink writes
// it, and what is known of it.
type Entry struct {
	Name      string // the file's, without .txt
	Property  string
	Signature string
	Bug       string // what put it there: "spark", "mutant NAME", "ZOOKEEPER-N", or the commit that mended it
	Found     string // SCENARIO:SEED
	Size      string
	By        string // how it was found
	Date      string
	Failing   int // of Seeds seeds of the minimal world, with the bug
	Seeds     int
	Reaches   []string // what the run reached when it was kept, without the bug if that is mended
	World     simctl.Regression
}

// A State is what has become of an entry.
type State struct {
	Entry Entry
	// Fails is the first seed that fails in the same way; 0: none does.
	Fails uint64
	Seeds int // that were tried
	// Missing is what the run reached when it was kept, and does not any more.
	Missing []string
	// Struck is how many of its faults began, of Faults.
	Struck, Faults int
}

// ReadCorpus reads every entry in a directory, sorted by name.
func ReadCorpus(dir string) ([]Entry, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.txt"))
	if err != nil || len(files) == 0 {
		return nil, errors.Join(err, fmt.Errorf("%s: no corpus", dir))
	}
	var out []Entry
	for _, file := range files {
		e, err := readEntry(file)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

func readEntry(file string) (Entry, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return Entry{}, err
	}
	e := Entry{Name: strings.TrimSuffix(filepath.Base(file), ".txt"), World: simctl.Regression{World: string(text), Conf: map[string]string{}}}
	if _, err := scenarios.Parse(file, text); err != nil {
		return e, err
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		head, isHead := strings.CutPrefix(strings.TrimSpace(line), "# ")
		if !isHead {
			break
		}
		key, value, ok := strings.Cut(head, ": ")
		if !ok {
			return e, fmt.Errorf("%s:%d: want # KEY: VALUE", file, n)
		}
		if err := e.set(key, value); err != nil {
			return e, fmt.Errorf("%s:%d: %s: %w", file, n, key, err)
		}
	}
	if e.Property == "" || e.Signature == "" || e.Seeds == 0 {
		return e, fmt.Errorf("%s: the head must say property, signature and rate", file)
	}
	return e, nil
}

// set takes one line of the head.
func (e *Entry) set(key, value string) (err error) {
	texts := map[string]*string{
		"property": &e.Property, "signature": &e.Signature, "policy": &e.World.Policy, "grain": &e.World.Grain,
		"client": &e.World.ZKClient, "found": &e.Found, "size": &e.Size, "bug": &e.Bug, "by": &e.By, "date": &e.Date,
	}
	switch to := texts[key]; {
	case to != nil:
		*to = value
	case key == "conf":
		name, value, _ := strings.Cut(value, "=")
		e.World.Conf[name] = value
	case key == "seed":
		e.World.Seed, err = simctl.ParseSeed(value)
	case key == "reaches":
		e.Reaches = strings.Split(value, ", ")
	case key == "rate":
		_, err = fmt.Sscanf(value, "%d of %d seeds", &e.Failing, &e.Seeds)
	default:
		err = errors.New("no such key")
	}
	return err
}

// Check runs an entry on its own seed and on so many others, from 1 on, until
// one fails in the way that it did. Policy, if not empty, goes before its own.
func (e Entry) Check(ctx context.Context, others int, policy string) (State, error) {
	st := State{Entry: e}
	w := e.World
	if policy != "" {
		w.Policy = policy
	}
	for seed := uint64(0); seed <= uint64(others); seed++ {
		if w.Seed = seed; seed == 0 {
			w.Seed = e.World.Seed
		} else if seed == e.World.Seed {
			continue
		}
		r, err := w.Run(ctx)
		if err != nil {
			return st, fmt.Errorf("%s: %w", e.Name, err)
		}
		st.Seeds++
		if seed == 0 {
			st.Struck, st.Faults = len(r.Struck), len(r.Scenario.Faults)
			for _, name := range e.Reaches {
				if !slices.Contains(r.Reached, name) {
					st.Missing = append(st.Missing, name)
				}
			}
		}
		for _, f := range r.Violations() {
			if f.Property == e.Property && signature.Of(f, tagsOf(r.Scenario)) == e.Signature {
				st.Fails = w.Seed
				return st, nil
			}
		}
	}
	return st, nil
}

// Luck is the probability that an entry's bug is still there and none of the
// seeds that were tried showed it: (1-p)^n, where p is how often it showed when
// it was kept, k of m seeds taken as (k+1)/(m+2).
func (s State) Luck() float64 {
	p := float64(s.Entry.Failing+1) / float64(s.Entry.Seeds+2)
	return math.Pow(1-p, float64(s.Seeds))
}

// String is what has become of the entry, in words.
func (s State) String() string {
	switch {
	case s.Fails > 0:
		return fmt.Sprintf("still fails, seed %d", s.Fails)
	case s.Struck < s.Faults:
		return fmt.Sprintf("no longer reaches: %d of %d faults strike", s.Struck, s.Faults)
	case len(s.Missing) > 0:
		return "no longer reaches " + strings.Join(s.Missing, ", ")
	}
	return fmt.Sprintf("holds in %d seeds; by luck with %.1g", s.Seeds, s.Luck())
}
