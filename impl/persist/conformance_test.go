package persist_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/hosttest"
	"github.com/simctl/simctl/impl/persist"
	"github.com/simctl/simctl/impl/wire"
)

// An engine is one way to keep records, and what it promises.
type engine struct {
	name    string
	cfg     persist.Config
	keeps   bool // from one process to the next
	updates bool // a record that is there may be put again
}

func engines() []engine {
	plain := persist.Config{Mode: persist.Files, Path: "d", Blocking: true, Retry: time.Second, Tries: 3}
	atomic := persist.Config{
		Mode: persist.Files, Path: "d", Atomic: true, Update: true, KeepUndecodable: true, Retry: time.Second,
	}
	fenced, inPlace := atomic, plain
	fenced.Fenced, inPlace.Update, inPlace.Blocking = true, true, false
	return []engine{
		{"ZOOKEEPER of Spark", persist.Config{Dir: "/s", Blocking: true, Retry: time.Second, Tries: 3}, true, true},
		{"ZOOKEEPER fenced", persist.Config{Dir: "/s", Fenced: true, KeepUndecodable: true, Retry: time.Second}, true, true},
		{"FILESYSTEM of Spark", plain, true, false},
		{"FILESYSTEM in place", inPlace, true, true},
		{"FILESYSTEM atomic", atomic, true, true},
		{"FILESYSTEM atomic, fenced", fenced, true, true},
		{"NONE", persist.Config{Mode: persist.None, Retry: time.Second}, false, true},
	}
}

// place is where an engine keeps: a service and a disk that outlast processes.
type place struct {
	t     testing.TB
	e     engine
	svc   *hosttest.Coord
	files *hosttest.Files
	m     *hosttest.Machine
	k     *keeper
	inc   uint32
}

// reign starts the next process, whose reign it is, and returns what it read.
func (p *place) reign() string {
	p.inc++
	p.m = p.svc.Machine("m1", p.inc)
	p.m.Files = p.files
	p.k = &keeper{cfg: p.e.cfg}
	p.m.Start(p.k)
	p.svc.Settle()
	version := 0
	if p.e.cfg.Fenced && p.e.cfg.Mode == persist.Files {
		p.term(int64(p.inc), "m1")
		version = int(p.inc) - 1
	}
	p.m.Take()
	p.do("reign-"+string(rune('0'+version)), "load")
	out := p.m.Take()
	if _, why, ok := strings.Cut(out, "note state not read: "); ok {
		return "not read: " + why
	}
	_, read, ok := strings.Cut(out, "note state read: ")
	require.True(p.t, ok, out)
	return strings.TrimSuffix(read, "\n")
}

// term writes the term file.
func (p *place) term(n int64, owner host.ProcessID) {
	data, err := wire.AppendRecord(nil, wire.TermRecord{Term: n, Owner: owner})
	require.NoError(p.t, err)
	p.files.Data["d/term"] = string(data)
}

// do gives the process commands, and returns what became of them, in order.
func (p *place) do(commands ...string) []string {
	for _, c := range commands {
		p.k.Accepted(0, host.Addr(c))
	}
	p.svc.Settle()
	for range 4 {
		p.m.Advance(time.Second)
		p.svc.Settle()
	}
	var out []string
	if !strings.HasPrefix(commands[0], "reign") {
		for line := range strings.Lines(p.m.Take()) {
			line = strings.TrimSpace(strings.TrimPrefix(line, "note state "))
			if what, _, ok := strings.Cut(line, " done"); ok {
				out = append(out, what)
			} else if strings.Contains(line, "failed") || strings.HasPrefix(line, "lost") {
				out = append(out, line)
			}
		}
	}
	return out
}

func (p *place) corrupt(key string) {
	if p.e.cfg.Mode == persist.Files {
		p.files.Data["d/"+key] = "D"
		return
	}
	op := coord.Op{Kind: coord.Set, Path: "/s/master_status/" + key, Data: []byte("D"), Version: coord.AnyVersion}
	coord.Do(coord.Of(p.m), coord.Session(1), op, (*keeper).made, key)
	p.svc.Settle()
}

// TestEnginesKeepAlike holds every engine to what a master counts on.
func TestEnginesKeepAlike(t *testing.T) {
	for _, e := range engines() {
		each := func(name string, f func(t *testing.T, p *place)) {
			t.Run(e.name+"/"+name, func(t *testing.T) {
				p := &place{t: t, e: e, svc: hosttest.NewCoord(), files: hosttest.NewFiles()}
				require.Equal(t, "; bad: ", p.reign(), "a new store is empty")
				f(t, p)
			})
		}
		each("what was put is there for the next", func(t *testing.T, p *place) {
			require.Equal(t, []string{"put-a", "worker-w", "put-b"}, p.do("put-a", "worker-w", "put-b"))
			got := p.reign()
			for _, id := range []string{"a SUBMITTED", "b SUBMITTED", "w;"} {
				require.Equal(t, e.keeps, strings.Contains(got, id), "%s in %s", id, got)
			}
		})
		each("what was deleted is not", func(t *testing.T, p *place) {
			require.Equal(t, []string{"put-a", "put-b", "del-a"}, p.do("put-a", "put-b", "del-a"))
			require.Equal(t, []string{"del-b"}, p.do("del-b"))
			require.Equal(t, "; bad: ", p.reign())
		})
		each("a record that is there is replaced, or refused", func(t *testing.T, p *place) {
			p.do("put-a")
			got := p.do("run-a")
			if e.updates {
				require.Equal(t, []string{"run-a"}, got)
			} else {
				require.Equal(t, []string{"run-a failed: create d/driver_a: exists"}, got)
			}
			require.Equal(t, e.updates && e.keeps, strings.Contains(p.reign(), "a RUNNING"))
		})
		each("writes that wait together come to the same", func(t *testing.T, p *place) {
			all := []string{"put-a", "del-a", "put-b", "fence", "put-a", "del-b", "fence"}
			require.Equal(t, all, p.do(all...))
			got := p.reign()
			require.Equal(t, e.keeps, strings.Contains(got, "a SUBMITTED"))
			require.NotContains(t, got, "b ")
		})
		each("records come in the order of their creation", func(t *testing.T, p *place) {
			p.do("put-t1-0009")
			p.do("put-t1-0010")
			p.do("put-t9-0001")
			p.do("put-t10-0001")
			if got := p.reign(); e.keeps {
				var order []string
				for _, part := range strings.Split(got, ", ") {
					order = append(order, strings.Fields(part)[0])
				}
				require.Equal(t, []string{"t1-0009", "t1-0010", "t9-0001", "t10-0001"}, order)
			}
		})
		each("nothing is told or begun once the reign is over", func(t *testing.T, p *place) {
			p.k.Accepted(0, "put-a")
			p.k.store.Close()
			require.Empty(t, p.do("put-b"))
			require.False(t, p.k.store.Busy())
		})
	}
}

// TestUndecodableRecords says what each engine makes of a record that it cannot
// read, among others that it can.
func TestUndecodableRecords(t *testing.T) {
	for _, e := range engines() {
		if !e.keeps {
			continue
		}
		t.Run(e.name, func(t *testing.T) {
			p := &place{t: t, e: e, svc: hosttest.NewCoord(), files: hosttest.NewFiles()}
			p.reign()
			p.do("put-a", "put-b")
			p.corrupt("driver_a")
			if e.cfg.Mode == persist.Files && !e.cfg.KeepUndecodable {
				require.Contains(t, p.reign(), "not read: record driver_a: decode record") // D-07d
				return
			}
			got := p.reign()
			require.Contains(t, got, "b SUBMITTED")
			require.NotContains(t, got, "a SUBMITTED")
			require.Equal(t, e.cfg.KeepUndecodable, strings.Contains(got, "bad: driver_a: "))
			require.Equal(t, e.cfg.KeepUndecodable, strings.Contains(p.reign(), "bad: driver_a: "), "it is as it was")
		})
	}
}

// atDisk is a place of the fenced engine of files.
func atDisk(t *testing.T) *place {
	all := engines()
	p := &place{t: t, e: all[5], svc: hosttest.NewCoord(), files: hosttest.NewFiles()}
	require.Equal(t, "FILESYSTEM atomic, fenced", p.e.name)
	p.reign()
	return p
}

// TestALaterTermEndsTheWriting: a write is answered only if the term was still
// one's own after it.
func TestALaterTermEndsTheWriting(t *testing.T) {
	for _, when := range []string{"before", "between"} {
		p := atDisk(t)
		if when == "before" {
			p.term(9, "m2")
		} else {
			p.files.Log = func(line string) {
				if strings.HasPrefix(line, "rename") {
					p.term(9, "m2")
				}
			}
		}
		require.Equal(t, []string{"lost: term check: the directory has term 9 of m2"}, p.do("put-a"))
		_, there := p.files.Data["d/driver_a"]
		require.Equal(t, when == "between", there)
	}
}

// TestAWriteThatFailsIsMadeAgain: each action of a transaction fails once, and
// in the end the record is there as a whole and nothing else.
func TestAWriteThatFailsIsMadeAgain(t *testing.T) {
	var actions []string
	p := atDisk(t)
	p.files.Log = func(line string) { actions = append(actions, line) }
	require.Equal(t, []string{"put-a"}, p.do("put-a"))
	require.Equal(t, []string{
		"append d/new_1_2_driver_a", "sync d/new_1_2_driver_a", "rename d/new_1_2_driver_a d/driver_a", "sync d/driver_a",
	}, actions)
	for _, a := range actions {
		p := atDisk(t)
		p.files.Fail[a] = "input/output error"
		require.Contains(t, p.do("put-a"), "put-a", a)
		require.Equal(t, "a SUBMITTED by 8589934592; bad: ", p.reign(), a)
		for name := range p.files.Data {
			require.NotContains(t, name, "new_", a)
		}
	}
}

// TestARemovalThatFailsIsOnlyTold is Spark's.
func TestARemovalThatFailsIsOnlyTold(t *testing.T) {
	all := engines()
	p := &place{t: t, e: all[2], svc: hosttest.NewCoord(), files: hosttest.NewFiles()}
	require.Equal(t, "FILESYSTEM of Spark", p.e.name)
	p.reign()
	p.do("put-a")
	p.files.Fail["remove d/driver_a"] = "input/output error"
	require.Equal(t, []string{"note failed remove d/driver_a: input/output error", "del-a"}, p.do("del-a"))
	require.Contains(t, p.reign(), "a SUBMITTED")
}

// TestACrashInTheMiddle leaves what was written so far: of the plain engine a
// file that nothing can read, of the atomic one the record or none.
func TestACrashInTheMiddle(t *testing.T) {
	for _, e := range engines() {
		if e.cfg.Mode != persist.Files {
			continue
		}
		for n := 1; ; n++ {
			p := &place{t: t, e: e, svc: hosttest.NewCoord(), files: hosttest.NewFiles()}
			p.reign()
			p.do("put-a")
			changes := 0
			p.files.Log = func(string) {
				if changes++; changes == n {
					p.m.Exit(1)
				}
			}
			p.k.Accepted(0, "put-b")
			p.svc.Settle()
			p.files.Log = nil
			got := p.reign()
			switch {
			case e.cfg.Atomic:
				require.Regexp(t, `^a SUBMITTED by \d+(, b SUBMITTED by \d+)?; bad: $`, got, "%s after %d changes", e.name, n)
			case n == 1:
				require.Contains(t, got, "not read: record driver_b", e.name)
			}
			if changes < n {
				break
			}
		}
	}
}
