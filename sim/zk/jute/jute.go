// Package jute is the wire protocol between a ZooKeeper client and its server:
// the primitives of Jute, the records of ZooKeeper 3.8's client port, and the
// framing, as a codec for connections.
//
// Integers are big-endian; a buffer, a string or a vector is preceded by its
// length, -1 for null; a record is its fields one after another.
package jute

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf8"
)

// ErrMalformed is what decoding fails with when the bytes are not what they
// should be.
var ErrMalformed = errors.New("malformed")

// An Encoder appends primitives to Buf. The zero Encoder is ready.
type Encoder struct{ Buf []byte }

// Int appends a 4-byte integer.
func (e *Encoder) Int(x int32) { e.Buf = binary.BigEndian.AppendUint32(e.Buf, uint32(x)) }

// Long appends an 8-byte integer.
func (e *Encoder) Long(x int64) { e.Buf = binary.BigEndian.AppendUint64(e.Buf, uint64(x)) }

// Bool appends a boolean.
func (e *Encoder) Bool(b bool) {
	if b {
		e.Buf = append(e.Buf, 1)
	} else {
		e.Buf = append(e.Buf, 0)
	}
}

// Buffer appends bytes; nil is null.
func (e *Encoder) Buffer(b []byte) {
	if b == nil {
		e.Int(-1)
		return
	}
	e.Int(int32(len(b)))
	e.Buf = append(e.Buf, b...)
}

// String appends a string.
func (e *Encoder) String(s string) {
	e.Int(int32(len(s)))
	e.Buf = append(e.Buf, s...)
}

// Strings appends a vector of strings.
func (e *Encoder) Strings(v []string) {
	e.Int(int32(len(v)))
	for _, s := range v {
		e.String(s)
	}
}

// A Decoder takes primitives off the front of a packet. The first thing that
// does not decode is remembered; from then on everything decodes to zero.
type Decoder struct {
	b   []byte
	err error
}

// NewDecoder returns a decoder of b. What it returns aliases b.
func NewDecoder(b []byte) *Decoder { return &Decoder{b: b} }

// Err returns why decoding failed, or nil.
func (d *Decoder) Err() error { return d.err }

// Rest returns what is not yet decoded.
func (d *Decoder) Rest() []byte { return d.b }

// More reports whether something is left.
func (d *Decoder) More() bool { return d.err == nil && len(d.b) > 0 }

func (d *Decoder) fail(what string, n int) {
	if d.err == nil {
		d.err = fmt.Errorf("%w: %s of %d bytes where %d are left", ErrMalformed, what, n, len(d.b))
	}
	d.b = nil
}

func (d *Decoder) take(what string, n int) []byte {
	if d.err != nil || n < 0 || n > len(d.b) {
		d.fail(what, n)
		return nil
	}
	b := d.b[:n:n]
	d.b = d.b[n:]
	return b
}

// Int takes a 4-byte integer.
func (d *Decoder) Int() int32 {
	if b := d.take("int", 4); b != nil {
		return int32(binary.BigEndian.Uint32(b))
	}
	return 0
}

// Long takes an 8-byte integer.
func (d *Decoder) Long() int64 {
	if b := d.take("long", 8); b != nil {
		return int64(binary.BigEndian.Uint64(b))
	}
	return 0
}

// Bool takes a boolean: any byte but 0 is true, as in Java.
func (d *Decoder) Bool() bool {
	b := d.take("boolean", 1)
	return b != nil && b[0] != 0
}

// Buffer takes bytes; null is nil, and empty is not.
func (d *Decoder) Buffer() []byte {
	n := d.Int()
	if n == -1 || d.err != nil {
		return nil
	}
	return d.take("buffer", int(n))
}

// String takes a string; null is the empty string. Each byte that is not UTF-8
// becomes U+FFFD, as in Java.
func (d *Decoder) String() string {
	s := string(d.Buffer())
	if !utf8.ValidString(s) {
		return string([]rune(s))
	}
	return s
}

// vector takes the length of a vector and calls one for each element, until
// one fails. A length below 0 is an empty vector, as in Java.
func (d *Decoder) vector(one func()) {
	for n := d.Int(); n > 0 && d.err == nil; n-- {
		one()
	}
}

// Strings takes a vector of strings; an empty one is nil.
func (d *Decoder) Strings() []string {
	var v []string
	d.vector(func() { v = append(v, d.String()) })
	return v
}
