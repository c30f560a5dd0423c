// Package inside tells what a process holds, for people: its fields by their
// names, without those that are empty and those that never change.
package inside

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/simctl/simctl/impl/host"
)

// Names says what people are told for the numbers that a host gave out.
type Names interface {
	// Timer says when a timer rings.
	Timer(t host.TimerID) string
	// Conn says where a connection leads.
	Conn(c host.ConnID) string
}

// Text tells v in lines: what is a part of something stands below it and is
// indented deeper. Parts that v has more than once, it has the first time only.
func Text(v any, n Names) string {
	w := writer{names: n, seen: map[uintptr]bool{}}
	w.fields(reflect.ValueOf(v), "")
	return w.b.String()
}

// Line tells v on one line.
func Line(v any, n Names) string {
	w := writer{names: n, seen: map[uintptr]bool{}}
	return w.short(reflect.ValueOf(v))
}

// writer writes one text.
type writer struct {
	b     strings.Builder
	names Names
	seen  map[uintptr]bool // pointers that were followed
}

// constant are the names of fields that are the same for ever, or lead out of a
// process.
var constant = []string{"cfg", "pol", "h", "owner"}

// longest is how many bytes stand on a line with others.
const longest = 110

// shown reports whether a field is told.
func (w *writer) shown(name string, v reflect.Value) bool {
	if slices.Contains(constant, name) || v.IsZero() {
		return false
	}
	switch v.Kind() {
	case reflect.Func, reflect.Chan:
		return false
	case reflect.Map, reflect.Slice:
		return v.Len() > 0
	case reflect.Interface:
		return v.Elem().Kind() != reflect.Pointer || w.shown(name, v.Elem())
	case reflect.Pointer:
		return v.Elem().Kind() == reflect.Struct && !w.seen[v.Pointer()]
	case reflect.Struct:
		return v.NumField() > 0
	}
	return true
}

// fields writes each field of a struct that has something to tell.
func (w *writer) fields(v reflect.Value, in string) {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		if v.Kind() == reflect.Pointer {
			w.seen[v.Pointer()] = true
		}
		v = v.Elem()
	}
	for i := range v.NumField() {
		if name := v.Type().Field(i).Name; w.shown(name, v.Field(i)) {
			w.part(name, v.Field(i), in)
		}
	}
}

// part writes what has a name, on a line if it fits.
func (w *writer) part(name string, v reflect.Value, in string) {
	if text := w.short(v); text != "" && len(in)+len(name)+len(text) <= longest || leaf(v) {
		w.b.WriteString(in + name + " " + text + "\n")
		return
	}
	w.b.WriteString(in + name + "\n")
	in += "  "
	for v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.Map:
		for _, k := range w.keys(v) {
			w.part(w.short(k), v.MapIndex(k), in)
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			w.part(fmt.Sprint(i), v.Index(i), in)
		}
	default:
		w.fields(v, in)
	}
}

// keys are those of a map, sorted as they are told.
func (w *writer) keys(v reflect.Value) []reflect.Value {
	all := v.MapKeys() //det:allow sorted below
	slices.SortFunc(all, func(a, b reflect.Value) int { return strings.Compare(w.short(a), w.short(b)) })
	return all
}

// leaf reports whether v has no parts.
func leaf(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Map, reflect.Array, reflect.Struct, reflect.Pointer, reflect.Interface:
		return false
	case reflect.Slice:
		return v.Type().Elem().Kind() == reflect.Uint8
	}
	return true
}

// short is v on one line; empty if it holds pointers, which have lines of their
// own.
func (w *writer) short(v reflect.Value) string {
	switch v.Type() {
	case reflect.TypeFor[host.TimerID]():
		return w.names.Timer(host.TimerID(v.Uint()))
	case reflect.TypeFor[host.ConnID]():
		return w.names.Conn(host.ConnID(v.Uint()))
	case reflect.TypeFor[host.Call]():
		return w.call(v)
	}
	switch v.Kind() {
	case reflect.Pointer:
		return ""
	case reflect.Interface:
		if v.IsNil() {
			return "nothing"
		}
		text := w.short(v.Elem())
		if v.Elem().Kind() == reflect.Struct {
			text = strings.TrimSpace(v.Elem().Type().Name() + " " + text)
		}
		return text
	case reflect.Map, reflect.Slice, reflect.Array:
		if !leaf(v) {
			return w.list(v)
		}
	case reflect.Struct:
		return w.inline(v)
	}
	return scalar(v)
}

// call is a continuation: its method, and its argument if it has one.
func (w *writer) call(v reflect.Value) string {
	if v.IsZero() {
		return "nothing"
	}
	name, arg := v.Field(0).Elem().Field(0).String(), v.Field(1)
	if arg.IsNil() || arg.Elem().Kind() == reflect.Struct && arg.Elem().NumField() == 0 {
		return name
	}
	return name + "(" + w.short(arg.Elem()) + ")"
}

// list is the elements of a map, slice or array, empty if one of them is.
func (w *writer) list(v reflect.Value) string {
	var words []string
	add := func(name string, x reflect.Value) bool {
		text := w.short(x)
		words = append(words, name+text)
		return text != "" || x.Kind() == reflect.Struct && x.NumField() == 0
	}
	if v.Kind() == reflect.Map {
		for _, k := range w.keys(v) {
			if !add(w.short(k)+":", v.MapIndex(k)) {
				return ""
			}
		}
	} else {
		for i := range v.Len() {
			if !add("", v.Index(i)) {
				return ""
			}
		}
	}
	return "[" + strings.Join(words, ", ") + "]"
}

// inline is the fields of a struct that has no lists of structs, empty otherwise.
func (w *writer) inline(v reflect.Value) string {
	var words []string
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if !w.shown(f.Name, v.Field(i)) {
			continue
		}
		text := w.short(v.Field(i))
		switch {
		case text == "":
			return ""
		case v.Field(i).Kind() == reflect.Struct && !f.Anonymous:
			text = "(" + text + ")"
		}
		if !f.Anonymous {
			text = f.Name + "=" + text
		}
		words = append(words, text)
	}
	if len(words) == 0 {
		return "-"
	}
	return strings.Join(words, " ")
}

// scalar is a value without parts. It is made anew, for what cannot be read from
// outside its package can be told nevertheless.
func scalar(v reflect.Value) string {
	x := reflect.New(v.Type()).Elem()
	switch v.Kind() {
	case reflect.Bool:
		x.SetBool(v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		x.SetInt(v.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		x.SetUint(v.Uint())
	case reflect.String:
		x.SetString(v.String())
	case reflect.Slice: // of bytes
		if data := v.Bytes(); !utf8.Valid(data) {
			return fmt.Sprintf("%d bytes %x", len(data), data[:min(len(data), 16)])
		}
		return string(v.Bytes())
	default:
		return v.Kind().String()
	}
	return fmt.Sprint(x.Interface())
}
