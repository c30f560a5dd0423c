package hosttest

import (
	"fmt"
	"reflect"
	"slices"
	"unsafe"

	"github.com/simctl/simctl/impl/host"
)

// TestingT is what [CheckState] needs of a test.
type TestingT interface {
	Helper()
	Errorf(format string, args ...any)
}

// CheckState fills every field of p, a pointer to a struct, with a value of its
// own, and demands that a clone digests alike, that a change of any single
// field or element changes p's digest, and that none reaches the clone. Fields
// named in except are left alone: the host and what never changes. It leaves p
// unusable.
func CheckState(t TestingT, p host.Process, except ...string) {
	t.Helper()
	s := state{except: except}
	v := reflect.ValueOf(p).Elem()
	s.fill(v)
	h := New("clone", 1)
	clone := p.Clone(h)
	before := sum(p)
	if sum(clone) != before {
		t.Errorf("hosttest: the clone of a %T has another digest", p)
	}
	changes := 0
	s.each(v, "", func(path string) {
		changes++
		if sum(p) == before {
			t.Errorf("hosttest: the digest of %T does not see %s", p, path)
		}
		if sum(clone) != before {
			t.Errorf("hosttest: the clone of %T shares %s", p, path)
		}
	})
	if changes == 0 {
		t.Errorf("hosttest: %T has no state to check", p)
	}
}

func sum(p host.Process) uint64 {
	var d host.Digest
	p.Digest(&d)
	return d.Sum()
}

type state struct {
	except []string
	n      int
}

// open makes an unexported field settable.
func open(v reflect.Value) reflect.Value {
	if v.CanSet() || !v.CanAddr() {
		return v
	}
	return reflect.NewAt(v.Type(), unsafe.Pointer(v.UnsafeAddr())).Elem()
}

var (
	callType    = reflect.TypeFor[host.Call]()
	messageType = reflect.TypeFor[host.Message]()
)

// A filler is the message and the receiver of calls in filled states.
type filler struct{ N int }

func (f filler) Name() string          { return "Filler" }
func (f filler) Digest(d *host.Digest) { d.Int(int64(f.N)) }
func (f *filler) called(int)           {}

func (s *state) fields(v reflect.Value, f func(name string, v reflect.Value)) {
	for i := range v.NumField() {
		if name := v.Type().Field(i).Name; !slices.Contains(s.except, name) {
			f(name, open(v.Field(i)))
		}
	}
}

func (s *state) fill(v reflect.Value) {
	if special(v) {
		s.n++
		setSpecial(v, s.n)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		s.fields(v, func(_ string, f reflect.Value) { s.fill(f) })
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		s.fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		s.fill(v.Index(0))
		s.fill(v.Index(1))
	case reflect.Array:
		for i := range v.Len() {
			s.fill(v.Index(i))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range 2 {
			k, e := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			s.fill(k)
			s.fill(e)
			v.SetMapIndex(k, e)
		}
	default:
		s.n++
		setLeaf(v, s.n)
	}
}

func special(v reflect.Value) bool { return v.Type() == callType || v.Type() == messageType }

func setSpecial(v reflect.Value, n int) {
	if v.Type() == callType {
		v.Set(reflect.ValueOf(host.Bind((*filler).called, n)))
	} else {
		v.Set(reflect.ValueOf(filler{n}))
	}
}

func setLeaf(v reflect.Value, n int) {
	switch {
	case v.Kind() == reflect.String:
		v.SetString(fmt.Sprint("s", n))
	case v.Kind() == reflect.Bool:
		v.SetBool(n&1 == 1)
	case v.CanInt():
		v.SetInt(int64(n) & 0x3f)
	case v.CanUint():
		v.SetUint(uint64(n) & 0x3f)
	default:
		panic(fmt.Sprintf("hosttest: state of type %s; name the field in except", v.Type()))
	}
}

func changeLeaf(v reflect.Value) {
	switch {
	case v.Kind() == reflect.String:
		v.SetString(v.String() + "x")
	case v.Kind() == reflect.Bool:
		v.SetBool(!v.Bool())
	case v.CanInt():
		v.SetInt(v.Int() + 1)
	default:
		v.SetUint(v.Uint() + 1)
	}
}

// each calls f once for every way to change v in one place, and puts it back.
func (s *state) each(v reflect.Value, path string, f func(path string)) {
	with := func(what string, to reflect.Value) {
		was := reflect.New(v.Type()).Elem()
		was.Set(v)
		v.Set(to)
		f(path + what)
		v.Set(was)
	}
	switch {
	case special(v):
		other := reflect.New(v.Type()).Elem()
		setSpecial(other, 1000)
		with("", other)
	case v.Kind() == reflect.Struct:
		s.fields(v, func(name string, e reflect.Value) { s.each(e, path+"."+name, f) })
	case v.Kind() == reflect.Pointer:
		s.each(v.Elem(), path, f)
		with(" = nil", reflect.Zero(v.Type()))
	case v.Kind() == reflect.Slice:
		s.each(v.Index(0), path+"[0]", f)
		s.each(v.Index(1), path+"[1]", f)
		with(" shortened", v.Slice(0, 1))
	case v.Kind() == reflect.Array:
		for i := range v.Len() {
			s.each(v.Index(i), fmt.Sprintf("%s[%d]", path, i), f)
		}
	case v.Kind() == reflect.Map:
		s.eachInMap(v, path, f)
	default:
		other := reflect.New(v.Type()).Elem()
		other.Set(v)
		changeLeaf(other)
		with("", other)
	}
}

func (s *state) eachInMap(v reflect.Value, path string, f func(path string)) {
	for i, k := range v.MapKeys() {
		was := reflect.New(v.Type().Elem()).Elem()
		was.Set(v.MapIndex(k))
		v.SetMapIndex(k, reflect.Value{})
		f(fmt.Sprintf("%s without entry %d", path, i))
		e := reflect.New(v.Type().Elem()).Elem()
		e.Set(was)
		s.each(e, fmt.Sprintf("%s entry %d", path, i), func(path string) {
			if v.Type().Elem().Kind() != reflect.Pointer {
				v.SetMapIndex(k, e)
			}
			f(path)
		})
		v.SetMapIndex(k, was)
	}
}
