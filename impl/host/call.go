package host

import (
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"sync" //det:allow one table of code pointers, equal whoever fills it; worlds run in parallel
	"time"
)

// A Call is a continuation as data: a method of the process, or of a part of
// it, and a plain argument. It prints, digests and survives a clone of the
// process, because the receiver is found when it is run.
// The zero Call does nothing.
type Call struct {
	m   *method
	arg any
}

// method is one method expression, interned at its first use.
type method struct {
	name   string // "Master.workerTimedOut"
	sum    uint64
	fn     any
	invoke func(fn any, p Process, arg, result any)
}

// methods maps the code pointer of a method expression to its *method. It is
// the only state shared between worlds; entries are equal whoever makes them.
var methods sync.Map

// Bind makes a Call of method m, to be given a.
func Bind[P, A any](m func(P, A), a A) Call {
	pc := reflect.ValueOf(m).Pointer()
	e, ok := methods.Load(pc)
	if !ok {
		checkPlain[A]("argument")
		e = intern(pc, m, func(fn any, p Process, arg, _ any) {
			fn.(func(P, A))(receiver[P](p), arg.(A))
		})
	}
	return Call{m: e.(*method), arg: a}
}

// BindResult makes a Call of method m, to be given a and, when it is run, a
// result: a reply of the coordination service, or of the disk.
func BindResult[P, A, R any](m func(P, A, R), a A) Call {
	pc := reflect.ValueOf(m).Pointer()
	e, ok := methods.Load(pc)
	if !ok {
		checkPlain[A]("argument")
		e = intern(pc, m, func(fn any, p Process, arg, result any) {
			fn.(func(P, A, R))(receiver[P](p), arg.(A), *result.(*R))
		})
	}
	return Call{m: e.(*method), arg: a}
}

// After calls m with a once d has passed on h's monotonic clock.
func After[P, A any](h Clock, d time.Duration, m func(P, A), a A) TimerID {
	return h.StartTimer(d, Bind(m, a))
}

// IsZero reports whether c is the Call that does nothing.
func (c Call) IsZero() bool { return c.m == nil }

// Name is the method's name, as "Master.workerTimedOut".
func (c Call) Name() string {
	if c.m == nil {
		return ""
	}
	return c.m.name
}

// Arg is the argument.
func (c Call) Arg() any { return c.arg }

// Run calls the method on p, or on the part of p that has it. Result is a
// pointer to what the method's third parameter is, or nil if it has none.
func (c Call) Run(p Process, result any) {
	if c.m != nil {
		c.m.invoke(c.m.fn, p, c.arg, result)
	}
}

// Digest writes the method and the argument into d.
func (c Call) Digest(d *Digest) {
	if c.m == nil {
		d.Uint(0)
		return
	}
	d.Uint(c.m.sum)
	d.Any(c.arg)
}

// String returns the call as "Master.workerTimedOut(w1)".
func (c Call) String() string {
	if c.m == nil {
		return "nothing"
	}
	if s, ok := c.arg.(struct{}); ok {
		_ = s
		return c.m.name
	}
	return fmt.Sprintf("%s(%v)", c.m.name, c.arg)
}

func intern(pc uintptr, fn any, invoke func(fn any, p Process, arg, result any)) any {
	full := runtime.FuncForPC(pc).Name()
	if strings.Contains(full, ".func") || strings.HasSuffix(full, "-fm") {
		panic("host: " + full + " is not a method expression; a continuation must be data: pass (*T).method")
	}
	var d Digest
	name := shortName(full)
	d.Str(name)
	e, _ := methods.LoadOrStore(pc, &method{name: name, sum: d.Sum(), fn: fn, invoke: invoke})
	return e
}

// shortName turns "github.com/x/impl/master.(*Master).timedOut" into
// "Master.timedOut".
func shortName(full string) string {
	s := full[strings.LastIndexByte(full, '/')+1:]
	if i := strings.Index(s, ".("); i >= 0 {
		s = s[i+1:]
	}
	return strings.NewReplacer("(*", "", ")", "").Replace(s)
}

func receiver[P any](p Process) P {
	if r, ok := any(p).(P); ok {
		return r
	}
	if c, ok := p.(Composite); ok {
		for i := 0; ; i++ {
			part := c.Part(i)
			if part == nil {
				break
			}
			if r, ok := part.(P); ok {
				return r
			}
		}
	}
	panic(fmt.Sprintf("host: %T has no part %s", p, reflect.TypeFor[P]()))
}

func checkPlain[A any](what string) {
	if bad := notPlain(reflect.TypeFor[A](), nil); bad != "" {
		panic(fmt.Sprintf("host: %s of type %s holds %s; a continuation must be plain data", what, reflect.TypeFor[A](), bad))
	}
}

// CheckPlain returns what t holds that plain data may not: a pointer, a map, a
// function, a channel or an interface. It returns "" if t is plain.
func CheckPlain(t reflect.Type) string { return notPlain(t, nil) }

func notPlain(t reflect.Type, seen []reflect.Type) string {
	for _, s := range seen {
		if s == t {
			return ""
		}
	}
	seen = append(seen, t)
	switch t.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Func, reflect.Chan, reflect.Interface, reflect.UnsafePointer:
		return "a " + t.Kind().String()
	case reflect.Slice, reflect.Array:
		return notPlain(t.Elem(), seen)
	case reflect.Struct:
		for i := range t.NumField() {
			if bad := notPlain(t.Field(i).Type, seen); bad != "" {
				return bad + " in field " + t.Field(i).Name
			}
		}
	}
	return ""
}
