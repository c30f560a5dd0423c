// Package sums makes numbers of what is under way in explored worlds, in which
// every difference counts.
package sums

import (
	"unsafe" //det:allow the sizes of types, not addresses

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/model/trace"
)

// Calls writes continuations.
func Calls(d *host.Digest, calls ...host.Call) {
	d.Uint(uint64(len(calls)))
	for _, c := range calls {
		c.Digest(d)
	}
}

// Op writes an operation, what it is tagged with included.
func Op(d *host.Digest, op *coord.Op) {
	d.Uint(uint64(op.Kind))
	d.Str(op.Path)
	d.Bytes(op.Data)
	d.Int(int64(op.Version))
	d.Uint(uint64(op.Mode))
	d.Int(op.Tag.Term)
	d.Int(op.Tag.Write)
	d.Uint(uint64(len(op.Ops)))
	for i := range op.Ops {
		Op(d, &op.Ops[i])
	}
}

// Result writes the answer to an operation.
func Result(d *host.Digest, r *coord.Result) {
	if r.Err != nil {
		d.Str(r.Err.Error())
	}
	d.Str(r.Path)
	d.Bytes(r.Data)
	d.Any(r.Stat)
	d.Any(r.Children)
	d.Int(r.Zxid)
	d.Uint(uint64(len(r.Results)))
	for i := range r.Results {
		Result(d, &r.Results[i])
	}
}

// OfCalls is one number for continuations.
func OfCalls(calls ...host.Call) uint64 {
	var d host.Digest
	Calls(&d, calls...)
	return d.Sum()
}

// Of is one number for two.
func Of(a, b uint64) uint64 {
	var d host.Digest
	d.Uint(a)
	d.Uint(b)
	return d.Sum()
}

// OfEvents is one number for events, their times and steps left out.
func OfEvents(events []trace.Event) uint64 {
	var d host.Digest
	for i := range events {
		e := &events[i]
		for _, s := range [...]string{e.Process, string(e.Kind), e.Subject, e.Value, e.Detail} {
			d.Str(s)
		}
		for _, x := range [...]int64{int64(e.Inc), e.Term, e.N, e.M, e.P, e.Q, e.Zxid} {
			d.Int(x)
		}
	}
	return d.Sum()
}

// Bytes is how many n values of a type take, without what they refer to.
func Bytes[T any](n int) uint32 {
	var one T
	return uint32(n) * uint32(unsafe.Sizeof(one))
}

// Name is a number for what an incarnation of a process names for a purpose, the
// n'th time, or for anything else that has two names and two numbers.
func Name(id host.ProcessID, inc uint32, purpose string, n uint64) uint64 {
	var d host.Digest
	d.Str(string(id))
	d.Str(purpose)
	d.Uint(uint64(inc))
	d.Uint(n)
	return d.Sum()
}
