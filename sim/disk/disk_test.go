package disk

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/kernel"
)

// owner is who calls the disk. Its methods only name the continuations.
type owner struct {
	k    *kernel.Kernel
	d    *Disk
	id   kernel.ActorID
	inc  uint32
	told func(e *kernel.Event)
}

func (*owner) done(int, host.DiskResult) {}
func (*owner) read(int, host.ReadResult) {}

func (o *owner) Handle(e *kernel.Event) { o.told(e) }

func newOwner(seed uint64) *owner {
	o := &owner{k: kernel.New(seed, nil), inc: 1}
	o.d = New(o.k, "m1")
	o.id = o.k.AddActor("m1", o)
	o.k.SetIncarnation(o.id, o.inc)
	return o
}

func (o *owner) crash() {
	o.d.Crash()
	o.inc++
	o.k.SetIncarnation(o.id, o.inc)
}

func doneCall(n int) host.Call { return host.BindResult((*owner).done, n) }
func readCall(n int) host.Call { return host.BindResult((*owner).read, n) }

func TestScriptsOfCallsAndCrashes(t *testing.T) {
	datadriven.RunTest(t, "testdata/scripts/calls", func(t *testing.T, td *datadriven.TestData) string {
		o := newOwner(1)
		var log, lines = &strings.Builder{}, strings.Split(td.Input, "\n")
		o.told = func(e *kernel.Event) {
			at := time.Duration(o.k.Now())
			what := lines[e.Call.Arg().(int)]
			switch r := e.V.(type) {
			case *host.DiskResult:
				fmt.Fprintf(log, "%12v %s: %s\n", at, what, cmpOr(r.Err, "done"))
			case *host.ReadResult:
				fmt.Fprintf(log, "%12v %s: %q %s\n", at, what, r.Data, r.Err)
			}
		}
		for i, line := range lines {
			o.do(i, strings.Fields(line))
		}
		o.k.Run(o.k.Now() + int64(time.Minute))
		return log.String()
	})
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func (o *owner) do(i int, f []string) {
	arg := func(n int) string {
		if n < len(f) {
			return f[n]
		}
		return ""
	}
	d, _ := time.ParseDuration(arg(1))
	switch f[0] {
	case "append":
		o.d.AppendFile(o.id, o.inc, arg(1), []byte(arg(2)), doneCall(i))
	case "sync":
		o.d.SyncFile(o.id, o.inc, arg(1), doneCall(i))
	case "rename":
		o.d.RenameFile(o.id, o.inc, arg(1), arg(2), doneCall(i))
	case "remove":
		o.d.RemoveFile(o.id, o.inc, arg(1), doneCall(i))
	case "read":
		o.d.ReadFile(o.id, o.inc, arg(1), readCall(i))
	case "run":
		o.k.Run(o.k.Now() + int64(d))
	case "full":
		o.d.SetFull(arg(1) == "on")
	case "failing":
		o.d.SetFailing(arg(1) == "on")
	case "slow":
		o.d.SetSlow(int64(d))
	case "crash":
		o.crash()
	default:
		panic("no command " + f[0])
	}
}

// twin is all that was ever done to the disk since the last crash, and what of
// it must survive the next.
type twin struct {
	base    map[string]*content // the directory after the last crash
	names   map[string]*content // the directory now
	entries []entry
	floor   int // entries that must survive
}

// content is one file as the twin knows it.
type content struct {
	data  []byte
	floor int // bytes that must survive
}

type entry struct {
	from, to string
	c        *content
	size     int
}

func (w *twin) change(from, to string, c *content) {
	e := entry{from, to, c, len(c.data)}
	w.entries = append(w.entries, e)
	e.apply(w.names)
}

func (e entry) apply(dir map[string]*content) {
	delete(dir, e.from)
	if e.to != "" {
		dir[e.to] = e.c
	}
}

// legal reports whether a crash may leave these files.
func (w *twin) legal(files map[string][]byte) bool {
	for n := w.floor; n <= len(w.entries); n++ {
		dir, least := maps.Clone(w.base), map[*content]int{}
		for _, e := range w.entries[:n] {
			e.apply(dir)
			if e.from != "" {
				least[e.c] = max(least[e.c], e.size)
			}
		}
		ok := len(dir) == len(files)
		for name, c := range dir {
			data, there := files[name]
			ok = ok && there && bytes.HasPrefix(c.data, data) && len(data) >= max(c.floor, least[c])
		}
		if ok {
			return true
		}
	}
	return false
}

// restart takes what a crash left as the new beginning.
func (w *twin) restart(files map[string][]byte) {
	w.base, w.entries, w.floor = map[string]*content{}, nil, 0
	for name, data := range files {
		w.base[name] = &content{slices.Clone(data), len(data)}
	}
	w.names = maps.Clone(w.base)
}

func (d *Disk) contents() map[string][]byte {
	files := map[string][]byte{}
	for name, f := range d.names {
		files[name] = f.data
	}
	return files
}

// machine is a disk beside its twin.
type machine struct {
	o       *owner
	w       *twin
	expect  []func(e *kernel.Event) // of the calls under way, in their order
	serial  int
	crashed int
}

// call notes what the completion of the next call must be.
func (m *machine) call(check func(e *kernel.Event)) host.Call {
	m.expect = append(m.expect, check)
	m.serial++
	return doneCall(m.serial)
}

func (m *machine) actions() map[string]func(*rapid.T) {
	o, w := m.o, m.w
	name := rapid.SampledFrom([]string{"a", "b", "c"})
	result := func(t *rapid.T, want string) func(e *kernel.Event) {
		return func(e *kernel.Event) { require.Equal(t, want, e.V.(*host.DiskResult).Err) }
	}
	all := map[string]func(*rapid.T){
		"append": func(t *rapid.T) {
			n, data := name.Draw(t, "name"), rapid.SliceOfN(rapid.Byte(), 1, 6).Draw(t, "data")
			if w.names[n] == nil {
				w.change("", n, &content{})
			}
			w.names[n].data = append(w.names[n].data, data...)
			o.d.AppendFile(o.id, o.inc, n, data, m.call(result(t, "")))
		},
		"sync": func(t *rapid.T) {
			n := name.Draw(t, "name")
			c, size, entries, crashed := w.names[n], 0, len(w.entries), m.crashed
			if c == nil {
				o.d.SyncFile(o.id, o.inc, n, m.call(result(t, NotExist)))
				return
			}
			size = len(c.data)
			o.d.SyncFile(o.id, o.inc, n, m.call(func(e *kernel.Event) {
				result(t, "")(e)
				require.Equal(t, crashed, m.crashed)
				c.floor, w.floor = max(c.floor, size), max(w.floor, entries)
				for _, e := range w.entries[:w.floor] {
					if e.from != "" {
						e.c.floor = max(e.c.floor, e.size)
					}
				}
			}))
		},
		"rename": func(t *rapid.T) {
			from, to := name.Draw(t, "from"), name.Draw(t, "to")
			want := NotExist
			if c := w.names[from]; c != nil {
				want = ""
				w.change(from, to, c)
			}
			o.d.RenameFile(o.id, o.inc, from, to, m.call(result(t, want)))
		},
		"remove": func(t *rapid.T) {
			n, want := name.Draw(t, "name"), NotExist
			if c := w.names[n]; c != nil {
				want = ""
				w.entries = append(w.entries, entry{from: n, c: c})
				delete(w.names, n)
			}
			o.d.RemoveFile(o.id, o.inc, n, m.call(result(t, want)))
		},
		"read": func(t *rapid.T) {
			n := name.Draw(t, "name")
			want := host.ReadResult{Err: NotExist}
			if c := w.names[n]; c != nil {
				want = host.ReadResult{Data: slices.Clone(c.data)}
			}
			o.d.ReadFile(o.id, o.inc, n, m.call(func(e *kernel.Event) {
				got := e.V.(*host.ReadResult)
				require.Equal(t, want.Err, got.Err)
				require.True(t, bytes.Equal(want.Data, got.Data))
			}))
		},
		"run": func(t *rapid.T) { o.k.Run(o.k.Now() + rapid.Int64Range(0, 3*syncMax).Draw(t, "time")) },
		"crash": func(t *rapid.T) {
			o.crash()
			m.expect, m.crashed = nil, m.crashed+1
			files := o.d.contents()
			require.True(t, w.legal(files), "a crash left %q", files)
			w.restart(files)
		},
	}
	for i := range 3 {
		for _, often := range []string{"append", "sync", "rename", "run"} {
			all[fmt.Sprintf(" %s %d", often, i)] = all[often]
		}
	}
	return all
}

func TestACrashLosesOnlyWhatNoSyncCovered(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &machine{o: newOwner(rapid.Uint64().Draw(t, "seed")), w: &twin{}}
		m.w.restart(nil)
		m.o.told = func(e *kernel.Event) {
			require.NotEmpty(t, m.expect)
			m.expect[0](e)
			m.expect = m.expect[1:]
		}
		for range 3 {
			t.Repeat(m.actions())
		}
		m.o.k.Run(m.o.k.Now() + int64(time.Minute))
		require.Empty(t, m.expect, "every call completes")
	})
}

func TestTheTwinRejectsWhatACrashMayNotDo(t *testing.T) {
	w := &twin{}
	w.restart(map[string][]byte{"old": []byte("12")})
	c := &content{}
	w.change("", "new", c)
	c.data, c.floor, w.floor = []byte("abcd"), 2, 1
	w.change("new", "old", c)
	tests := []struct {
		name  string
		files map[string]string
		legal bool
	}{
		{"all survived", map[string]string{"old": "abcd"}, true},
		{"the rename is lost", map[string]string{"old": "12", "new": "abc"}, true},
		{"a file without what was synced", map[string]string{"old": "12", "new": "a"}, false},
		{"a renamed file without its data", map[string]string{"old": "abc"}, false},
		{"a synced file is missing", map[string]string{"old": "12"}, false},
		{"half a rename", map[string]string{"old": "abcd", "new": "abcd"}, false},
		{"bytes nobody wrote", map[string]string{"old": "12", "new": "abx"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			files := map[string][]byte{}
			for name, data := range tt.files {
				files[name] = []byte(data)
			}
			require.Equal(t, tt.legal, w.legal(files))
		})
	}
}

func TestTheSeedDecidesWhatACrashKeeps(t *testing.T) {
	sizes := map[int]int{}
	missing := 0
	for seed := range uint64(300) {
		o := newOwner(seed)
		for range 3 {
			o.d.AppendFile(o.id, o.inc, "f", []byte("abc"), host.Call{})
		}
		o.crash()
		if data, ok := o.d.contents()["f"]; ok {
			sizes[len(data)]++
		} else {
			missing++
		}
	}
	require.Greater(t, missing, 50, "the creation itself was lost")
	require.Equal(t, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, slices.Sorted(maps.Keys(sizes)), "whole and torn writes")
}

func TestASyncCoversNothingThatCameAfterItsCall(t *testing.T) {
	sizes, names := map[int]int{}, map[int]int{}
	for seed := range uint64(60) {
		o := newOwner(seed)
		o.d.AppendFile(o.id, o.inc, "f", []byte("one"), host.Call{})
		o.d.SyncFile(o.id, o.inc, "f", host.Call{})
		o.d.AppendFile(o.id, o.inc, "f", []byte("two"), host.Call{})
		o.d.AppendFile(o.id, o.inc, "g", []byte("three"), host.Call{})
		o.k.Run(o.k.Now() + int64(time.Second))
		o.crash()
		sizes[len(o.d.contents()["f"])]++
		names[len(o.d.contents())]++
	}
	require.Equal(t, []int{3, 4, 5, 6}, slices.Sorted(maps.Keys(sizes)), "what came before it stays, the rest may be lost or torn")
	require.Equal(t, []int{1, 2}, slices.Sorted(maps.Keys(names)), "and so may a file that was made after it")
}

func TestTheDigestTellsContentsAndNamesApart(t *testing.T) {
	sum := func(name, data string) uint64 {
		o := newOwner(1)
		o.d.AppendFile(o.id, o.inc, name, []byte(data), host.Call{})
		var h host.Digest
		o.d.Digest(&h)
		return h.Sum()
	}
	require.Equal(t, sum("a", "x"), sum("a", "x"))
	require.NotEqual(t, sum("a", "x"), sum("b", "x"))
	require.NotEqual(t, sum("a", "x"), sum("a", "y"))
}
