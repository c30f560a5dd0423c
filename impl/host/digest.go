package host

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"maps"
	"math/bits"
	"reflect"
	"slices"
)

// A Digest folds a state or a payload into 64 bits, in the order it is given,
// by 64x64->128 bit multiplication (the mixing step of wyhash). The same
// values in the same order give the same sum on every machine. The zero
// Digest is ready.
type Digest struct {
	h     uint64
	names Names
}

// Names says what to write for the numbers that a host gave out, where the
// numbers themselves mean nothing: two processes that differ in them alone then
// have one digest. Without names the numbers are written.
type Names interface {
	// Timer is what stands for a timer; 0 for 0 and nothing else.
	Timer(t TimerID) uint64
	// Conn is what stands for a connection; 0 for 0 and nothing else. Of two
	// connections that have not gone, the newer one has the greater number.
	Conn(c ConnID) uint64
}

// NewDigest returns an empty digest that writes names for numbers.
func NewDigest(n Names) Digest { return Digest{names: n} }

// Timer writes t.
func (d *Digest) Timer(t TimerID) {
	if d.names != nil {
		t = TimerID(d.names.Timer(t))
	}
	d.Uint(uint64(t))
}

// Conn writes c.
func (d *Digest) Conn(c ConnID) {
	if d.names != nil {
		c = ConnID(d.names.Conn(c))
	}
	d.Uint(uint64(c))
}

const (
	mix0 = 0xa0761d6478bd642f
	mix1 = 0xe7037ed1a0b428db
)

func mum(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

// Uint writes x.
func (d *Digest) Uint(x uint64) { d.h = mum(d.h^x^mix0, mix1^bits.RotateLeft64(x, 32)) }

// Int writes x.
func (d *Digest) Int(x int64) { d.Uint(uint64(x)) }

// Bool writes b.
func (d *Digest) Bool(b bool) {
	if b {
		d.Uint(1)
	} else {
		d.Uint(2)
	}
}

// Str writes s and its length.
func (d *Digest) Str(s string) {
	d.Uint(uint64(len(s)))
	for len(s) >= 8 {
		d.Uint(uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
			uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56)
		s = s[8:]
	}
	if len(s) > 0 {
		var x uint64
		for i := range len(s) {
			x |= uint64(s[i]) << (8 * i)
		}
		d.Uint(x)
	}
}

// Bytes writes b and its length, as Str does.
func (d *Digest) Bytes(b []byte) {
	d.Uint(uint64(len(b)))
	for len(b) >= 8 {
		d.Uint(binary.LittleEndian.Uint64(b))
		b = b[8:]
	}
	if len(b) > 0 {
		var x uint64
		for i, c := range b {
			x |= uint64(c) << (8 * i)
		}
		d.Uint(x)
	}
}

// A Digester writes itself into a digest.
type Digester interface{ Digest(d *Digest) }

// Any writes a plain value: the common kinds directly, a [Digester] by its
// method, anything else field by field by reflection.
func (d *Digest) Any(v any) {
	switch v := v.(type) {
	case nil:
		d.Uint(3)
	case struct{}:
		d.Uint(4)
	case string:
		d.Str(v)
	case int:
		d.Int(int64(v))
	case int64:
		d.Int(v)
	case uint64:
		d.Uint(v)
	case bool:
		d.Bool(v)
	case TimerID:
		d.Timer(v)
	case ConnID:
		d.Conn(v)
	case Digester:
		v.Digest(d)
	default:
		d.reflect(reflect.ValueOf(v))
	}
}

func (d *Digest) reflect(v reflect.Value) {
	switch v.Kind() {
	case reflect.Bool:
		d.Bool(v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		d.Int(v.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		d.unsigned(v)
	case reflect.String:
		d.Str(v.String())
	case reflect.Slice, reflect.Array:
		d.Uint(uint64(v.Len()))
		for i := range v.Len() {
			d.reflect(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			d.reflect(v.Field(i))
		}
	default:
		panic(fmt.Sprintf("host: cannot digest a %s", v.Type()))
	}
}

func (d *Digest) unsigned(v reflect.Value) {
	switch {
	case d.names != nil && v.Type() == reflect.TypeFor[TimerID]():
		d.Timer(TimerID(v.Uint()))
	case d.names != nil && v.Type() == reflect.TypeFor[ConnID]():
		d.Conn(ConnID(v.Uint()))
	default:
		d.Uint(v.Uint())
	}
}

// DigestMap writes the number of m's entries and each key and value, in the
// order of the keys.
func DigestMap[K cmp.Ordered, V any](d *Digest, m map[K]V) {
	d.Uint(uint64(len(m)))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		d.Any(k)
		d.Any(m[k])
	}
}

// Sum returns the digest of what was written. It is never 0.
func (d *Digest) Sum() uint64 {
	s := mum(d.h^mix1, mix0)
	if s == 0 {
		return 1
	}
	return s
}
