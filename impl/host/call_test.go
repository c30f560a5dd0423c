package host_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/host"
)

// A machine is a process with one part, both of which register continuations.
type machine struct {
	host.Process
	got  []any
	part *part
}

type part struct{ got []any }

func (m *machine) Part(i int) any {
	if i == 0 {
		return m.part
	}
	return nil
}

type args struct {
	Who string
	N   int
}

func (m *machine) told(a args)                               { m.got = append(m.got, a) }
func (m *machine) rang(n int)                                { m.got = append(m.got, n) }
func (m *machine) rangAgain(n int)                           { m.got = append(m.got, n) }
func (m *machine) done(struct{})                             { m.got = append(m.got, "done") }
func (m *machine) read(a args, r host.ReadResult)            { m.got = append(m.got, a, string(r.Data)) }
func (p *part) told(a args)                                  { p.got = append(p.got, a) }
func (m *machine) pointed(*args)                             {}
func (m *machine) mapped(map[string]int)                     {}
func (m *machine) called(func())                             {}
func (m *machine) any(any)                                   {}
func (m *machine) nested(struct{ L []struct{ C chan int } }) {}

func newMachine() *machine { return &machine{part: &part{}} }

func TestACallRunsItsMethodOnWhoeverItIsGiven(t *testing.T) {
	c := host.Bind((*machine).told, args{"w1", 7})
	a, b := newMachine(), newMachine()
	c.Run(a, nil)
	c.Run(b, nil)
	c.Run(b, nil)
	require.Equal(t, []any{args{"w1", 7}}, a.got)
	require.Len(t, b.got, 2)
	require.False(t, c.IsZero())
	require.Equal(t, args{"w1", 7}, c.Arg())
}

func TestACallFindsThePartThatHasTheMethod(t *testing.T) {
	m := newMachine()
	host.Bind((*part).told, args{"latch", 1}).Run(m, nil)
	require.Equal(t, []any{args{"latch", 1}}, m.part.got)
	require.Empty(t, m.got)
}

func TestACallPassesTheResult(t *testing.T) {
	m := newMachine()
	host.BindResult((*machine).read, args{"file", 1}).Run(m, &host.ReadResult{Data: []byte("data")})
	require.Equal(t, []any{args{"file", 1}, "data"}, m.got)
}

func TestTheZeroCallDoesNothing(t *testing.T) {
	var c host.Call
	c.Run(newMachine(), nil)
	require.True(t, c.IsZero())
	require.Equal(t, "nothing", c.String())
	require.Empty(t, c.Name())
	require.Nil(t, c.Arg())
}

func TestACallPrints(t *testing.T) {
	require.Equal(t, "machine.told", host.Bind((*machine).told, args{}).Name())
	require.Equal(t, "machine.told({w1 7})", host.Bind((*machine).told, args{"w1", 7}).String())
	require.Equal(t, "machine.done", host.Bind((*machine).done, struct{}{}).String())
	require.Equal(t, "part.told", host.Bind((*part).told, args{}).Name())
	require.Equal(t, "machine.read", host.BindResult((*machine).read, args{}).Name())
}

func TestAContinuationMustBeData(t *testing.T) {
	m := newMachine()
	n := 0
	for name, f := range map[string]func(){
		"a closure":          func() { host.Bind(func(*machine, int) { n++ }, 1) },
		"a literal":          func() { host.Bind(func(*machine, int) {}, 1) },
		"a bound method":     func() { host.Bind(m.bound, 1) },
		"a closure's result": func() { host.BindResult(func(*machine, int, host.DiskResult) { n++ }, 1) },
		"a pointer":          func() { host.Bind((*machine).pointed, &args{}) },
		"a map":              func() { host.Bind((*machine).mapped, nil) },
		"a function":         func() { host.Bind((*machine).called, nil) },
		"an interface":       func() { host.Bind((*machine).any, nil) },
		"a nested channel":   func() { host.Bind((*machine).nested, struct{ L []struct{ C chan int } }{}) },
	} {
		require.Panics(t, f, name)
		require.Panics(t, f, "%s, the second time", name)
	}
	require.Zero(t, n)
}

// bound is shaped so that its method value could be taken for a method
// expression.
func (m *machine) bound(*machine, int) {}

func TestAStrangersCallPanics(t *testing.T) {
	c := host.Bind((*part).told, args{})
	require.PanicsWithValue(t, "host: *host_test.lonely has no part *host_test.part", func() { c.Run(&lonely{}, nil) })
}

type lonely struct{ host.Process }

func TestEqualCallsDigestAlike(t *testing.T) {
	sum := func(c host.Call) uint64 {
		var d host.Digest
		c.Digest(&d)
		return d.Sum()
	}
	require.Equal(t, sum(host.Bind((*machine).rang, 1)), sum(host.Bind((*machine).rang, 1)))
	different := []uint64{
		sum(host.Call{}), sum(host.Bind((*machine).rang, 1)), sum(host.Bind((*machine).rang, 2)),
		sum(host.Bind((*machine).rangAgain, 1)), sum(host.Bind((*machine).told, args{})), sum(host.Bind((*part).told, args{})),
	}
	seen := map[uint64]bool{}
	for _, s := range different {
		require.False(t, seen[s])
		seen[s] = true
	}
}

type clock struct {
	host.Clock
	d time.Duration
	c host.Call
}

func (k *clock) StartTimer(d time.Duration, c host.Call) host.TimerID {
	k.d, k.c = d, c
	return 5
}

func TestAfterArmsATimer(t *testing.T) {
	k := &clock{}
	require.Equal(t, host.TimerID(5), host.After(k, time.Second, (*machine).rang, 3))
	require.Equal(t, time.Second, k.d)
	require.Equal(t, "machine.rang(3)", k.c.String())
}

func TestPlainTypesAreToldFromOthers(t *testing.T) {
	type list struct{ Rest []list }
	for _, good := range []any{args{}, 1, "", struct{}{}, [2]args{}, []args{}, list{}, time.Second, host.Note{}} {
		require.Empty(t, host.CheckPlain(reflect.TypeOf(good)))
	}
	for want, bad := range map[string]any{
		"a ptr":                  &args{},
		"a func in field F":      struct{ F func() }{},
		"a map in field M":       struct{ M map[int]int }{},
		"a chan":                 []chan int{},
		"a interface in field E": struct{ E error }{},
	} {
		require.Equal(t, want, host.CheckPlain(reflect.TypeOf(bad)))
	}
}

// A continuation costs at most the boxing of its argument.
func BenchmarkBindAndRun(b *testing.B) {
	b.Run("no argument", func(b *testing.B) {
		m := newMachine()
		b.ReportAllocs()
		for b.Loop() {
			m.got = m.got[:0]
			host.Bind((*machine).done, struct{}{}).Run(m, nil)
		}
	})
	b.Run("struct argument", func(b *testing.B) {
		m := &counter{}
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			host.Bind((*counter).count, args{"w1", i}).Run(m, nil)
		}
	})
}

type counter struct {
	host.Process
	n int
}

func (c *counter) count(a args)  { c.n += a.N }
func (c *counter) tick(struct{}) { c.n++ }

func TestBindAndRunAllocateOnlyTheArgument(t *testing.T) {
	m := &counter{}
	require.Zero(t, testing.AllocsPerRun(100, func() { host.Bind((*counter).tick, struct{}{}).Run(m, nil) }))
	a := args{"w1", 7}
	require.LessOrEqual(t, testing.AllocsPerRun(100, func() { host.Bind((*counter).count, a).Run(m, nil) }), 1.0)
}
