package suite_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/checker/linear"
	"github.com/simctl/simctl/checker/refine"
	"github.com/simctl/simctl/checker/suite"
	"github.com/simctl/simctl/impl/host"
)

// forgotten says what of a monitor's state its digest leaves out. A line is a
// path and why nothing of it matters for a later verdict; of an event that is
// kept, "PATH only A B" names the fields that do. What is only
// counted, and what a run's end judges, is left out.
const forgotten = `
	jobs-linearizable answers                    counted
	jobs-linearizable jobs.open                  only Lane N Kind Arg Answer
	jobs-linearizable roster.all                 only Kind
	at-most-one-acting-master acts               counted
	at-most-one-acting-master terms.elected      only Kind Zxid
	at-most-one-acting-master terms.last         only Kind Zxid
	at-most-one-acting-master seen               only Term
	at-most-one-alive-master roster.all.Since     o.since says it
	at-most-one-alive-master roster.all.SinceStep counted
	at-most-one-alive-master roster.all.Name     the key
	at-most-one-alive-master second              told
	at-most-one-alive-master said                of this instant
	at-most-one-alive-master intervals           measured
	acked-is-recovered reigns                    counted
	acked-is-recovered acked                     counted
	acked-is-recovered drivers.acked             only Kind Term At
	acked-is-recovered drivers.ended             only Kind Value
	acked-is-recovered drivers.reported          only Kind Term
	acked-is-recovered drivers.puts[0].process   - last may be told again
	acked-is-recovered drivers.puts[0].inc       likewise
	acked-is-recovered drivers.puts[0].n         likewise
	acked-is-recovered workers.acked             only Kind Term At
	acked-is-recovered held                      only Value
	acked-is-recovered apps.acked                only Kind Term
	acked-is-recovered apps.over                 only Kind Term
	one-incarnation reports                      counted
	one-incarnation latest                       only N Zxid
	one-incarnation starts                       only Process Inc
	at-most-one-running-incarnation runs         only Subject At
	at-most-one-running-incarnation stands       only Subject
	at-most-one-running-incarnation started      counted
	at-most-one-running-incarnation overlap      measured
	at-most-one-running-incarnation overlaps     measured
	accounting-matches roster.all                only Kind
	accounting-matches views                     compared at the end of a run
	accounting-matches own                       compared at the end of a run
	accounting-matches core                      compared at the end of a run
	accounting-matches settle                    compared at the end of a run
	accounting-matches notes                     counted
	accounting-matches end                       told at the end of a run
	ready-means-serving alive                    counted
	terminal-is-final told                       only Detail At
	terminal-is-final asked                      only At
	terminal-is-final held                       only Value Term
	kill-sticks acked                            only Term Zxid
	ids-unique first                             only Process Inc
	zab-agreement seen                           counted
	zab-agreement txns                           only what
	zab-prefix seen                              counted
	zab-prefix order.first                       only what
	zab-prefix servers.fresh                     never changes
	one-leader-per-epoch led                     only the epoch, in the key
	committed-is-durable delivered               counted
	committed-is-durable ends.told                only what
	committed-is-durable servers.fresh           never changes
	committed-is-durable reigns.leader           told
	committed-is-answered owed                   only Zxid At
	committed-is-answered seen                   counted
	refines-abstract Monitor.byID                an index
	refines-abstract Monitor.latest              told
	refines-abstract Monitor.steps               counted
	refines-abstract Monitor.crowded             counted
	stored-is-recovered readings                 counted
	stored-is-recovered acked                    counted
`

// rawSink writes everything as it stands, so that a test sees what is written.
// Moments are cut off as asked; now is far behind all that the test fills in.
type rawSink struct {
	host.Digest
	now   int64
	swaps map[string]string
}

func (s *rawSink) Zxid(z int64)       { s.Int(z) }
func (s *rawSink) Ago(at, most int64) { s.Int(min(s.now-at, most+1)) }
func (s *rawSink) Str(x string)       { s.Digest.Str(s.Rename(x)) }
func (s *rawSink) Rename(x string) string {
	if y, ok := s.swaps[x]; ok {
		return y
	}
	return x
}

func digest(m checker.Explorable) uint64 {
	s := rawSink{now: 1000}
	m.Digest(&s)
	return s.Sum()
}

// leaves are the exemptions of one property and which of them were of use.
type leaves struct {
	only map[string][]string
	used map[string]bool
}

func exemptions(t *testing.T, property string) leaves {
	l := leaves{map[string][]string{}, map[string]bool{}}
	for line := range strings.Lines(strings.TrimSpace(forgotten)) {
		w := strings.Fields(line)
		if w[0] != property {
			continue
		}
		var fields []string
		if w[2] == "only" {
			fields = w[3:]
		}
		require.NotContains(t, l.only, "."+w[1])
		l.only["."+w[1]] = fields
	}
	return l
}

// forgets reports whether the digest may leave out what stands at path.
func (l leaves) forgets(path string) bool {
	if strings.Contains(path, ".room") || strings.HasPrefix(path, ".roster.masters") ||
		strings.HasPrefix(path, ".roster.workers") { // lists of what stands in roster.all
		return true
	}
	for prefix, fields := range l.only {
		rest, below := strings.CutPrefix(path, prefix)
		if !strings.Contains(prefix, "[") {
			rest, below = strings.CutPrefix(strings.NewReplacer("[0]", "", "[1]", "").Replace(path), prefix)
		}
		if !below || rest != "" && rest[0] != '.' && rest[0] != '[' {
			continue
		}
		rest = strings.TrimPrefix(rest, ".")
		if rest == "" {
			if len(fields) == 0 {
				l.used[prefix] = true
			}
			return len(fields) == 0
		}
		l.used[prefix] = true
		return !slices.Contains(fields, rest)
	}
	return false
}

// explorable lists the properties whose monitors can be explored.
func explorable() (out []checker.Property) {
	for _, p := range suite.Properties() {
		switch p.Name {
		case "jobs-linearizable":
			p.New = func() checker.Monitor { return linear.NewTracker() }
		case "refines-abstract":
			p.New = func() checker.Monitor { return refine.NewTracker() }
		}
		if _, is := p.New().(checker.Explorable); is {
			out = append(out, p)
		}
	}
	return out
}

// TestTheCloneIsDeepAndTheDigestKnowsEveryField changes every field of every
// explorable monitor in every place, and demands that the digest changes for
// what matters and for nothing else, and that no clone does.
func TestTheCloneIsDeepAndTheDigestKnowsEveryField(t *testing.T) {
	for _, p := range explorable() {
		m := p.New().(checker.Explorable)
		t.Run(p.Name, func(t *testing.T) {
			l := exemptions(t, p.Name)
			f := &filler{}
			v := reflect.ValueOf(m).Elem()
			f.fill(v)
			clone, before := m.Clone(), digest(m)
			require.Equal(t, before, digest(clone), "a clone digests alike")
			whole := fmt.Sprintf("%+v", flat(clone))
			f.each(v, "", func(path string) bool {
				require.Equal(t, whole, fmt.Sprintf("%+v", flat(clone)), "the clone shares %s", path)
				return digest(m) != before
			}, func(path string, seen bool) {
				require.Equal(t, !l.forgets(path), seen, "%s: the digest sees it: %v", path, seen)
			})
			for prefix := range l.only {
				require.True(t, l.used[prefix], "%s is exempt and need not be", prefix)
			}
		})
	}
}

// flat makes pointers visible in %v.
func flat(x any) any {
	var w strings.Builder
	walk(reflect.ValueOf(x), func(v reflect.Value) { fmt.Fprintf(&w, "%v ", v) })
	return w.String()
}

func walk(v reflect.Value, leaf func(reflect.Value)) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			walk(v.Elem(), leaf)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			walk(v.Field(i), leaf)
		}
	case reflect.Slice:
		for i := range v.Len() {
			walk(v.Index(i), leaf)
		}
	case reflect.Map:
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		for _, k := range keys {
			leaf(k)
			walk(v.MapIndex(k), leaf)
		}
	default:
		leaf(v)
	}
}

// A filler puts a value of its own into every field of a monitor.
type filler struct {
	n    int
	deep map[reflect.Type]int // pointers that lead to what is being filled: two of a type at most
}

func open(v reflect.Value) reflect.Value {
	if v.CanSet() || !v.CanAddr() {
		return v
	}
	return reflect.NewAt(v.Type(), unsafe.Pointer(v.UnsafeAddr())).Elem()
}

func (f *filler) fill(v reflect.Value) {
	f.n++
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).Name != "Until" { // explored events are exact
				f.fill(open(v.Field(i)))
			}
		}
		if v.Type() == reflect.TypeFor[checker.Breach]() {
			open(v.FieldByName("detail")).SetString("")
		}
	case reflect.Pointer:
		if f.deep == nil {
			f.deep = map[reflect.Type]int{}
		}
		if f.deep[v.Type()] == 2 {
			return
		}
		f.deep[v.Type()]++
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem())
		f.deep[v.Type()]--
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		f.fill(v.Index(0))
		f.fill(v.Index(1))
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range 2 {
			k, e := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			f.fill(k)
			f.fill(e)
			v.SetMapIndex(k, e)
		}
	case reflect.String:
		v.SetString(fmt.Sprint("s", f.n))
	case reflect.Bool:
		v.SetBool(f.n&1 == 1)
	case reflect.Func:
	default:
		if v.CanInt() {
			v.SetInt(int64(f.n % 100))
		} else {
			v.SetUint(uint64(f.n % 100))
		}
	}
}

// values are what a leaf is changed to, one after the other.
func values(v reflect.Value) (to []reflect.Value) {
	add := func(x any) { to = append(to, reflect.ValueOf(x).Convert(v.Type())) }
	switch {
	case v.Kind() == reflect.String:
		add(v.String() + "x")
		add("")
	case v.Kind() == reflect.Bool:
		add(!v.Bool())
	case v.CanInt():
		for _, x := range []int64{v.Int() + 1, 0, -1 << 40, 1 << 40, 1000} {
			if !v.OverflowInt(x) {
				add(x)
			}
		}
	default:
		add(v.Uint() + 1)
	}
	return to
}

// each changes v in every place. See says whether the digest is another now;
// told is called once for every place, with whether any change of it was seen.
func (f *filler) each(v reflect.Value, path string, see func(string) bool, told func(string, bool)) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if name := v.Type().Field(i).Name; name == "Until" || name == "Breach" {
				continue // an explored event is exact; what was violated is tested by the pasts
			}
			f.each(open(v.Field(i)), path+"."+v.Type().Field(i).Name, see, told)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			f.each(v.Elem(), path, see, told)
		}
	case reflect.Slice:
		if !strings.Contains(path, ".servers") { // two lists of one length
			was := reflect.ValueOf(v.Interface())
			v.Set(v.Slice(0, 1))
			told(path, see(path))
			v.Set(was)
		}
		f.each(v.Index(0), path+"[0]", see, told)
		f.each(v.Index(1), path+"[1]", see, told)
	case reflect.Map:
		for _, k := range v.MapKeys() {
			was := reflect.New(v.Type().Elem()).Elem()
			was.Set(v.MapIndex(k))
			v.SetMapIndex(k, reflect.Value{})
			told(path, see(path))
			e := reflect.New(v.Type().Elem()).Elem()
			e.Set(was)
			f.each(e, path, func(p string) bool { v.SetMapIndex(k, e); return see(p) }, told)
			v.SetMapIndex(k, was)
		}
	case reflect.Func:
	default:
		was, seen := reflect.New(v.Type()).Elem(), false
		was.Set(v)
		for _, to := range values(v) {
			v.Set(to)
			seen = see(path) || seen
		}
		v.Set(was)
		told(path, seen)
	}
}
