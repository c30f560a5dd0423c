package wire

import (
	"fmt"
	"reflect"
)

// The first two bytes of a stored record: what it is, and the version of its
// form. Kinds never change. The version moves when a field does.
const (
	driverKind    = 'D'
	workerKind    = 'W'
	termKind      = 'T'
	appKind       = 'A'
	retiredKind   = 'R'
	recordVersion = 1
)

// AppendRecord appends the stored form of rec to dst: one byte of kind, one of
// version, and the fields in CBOR. Rec is a [DriverRecord], a [WorkerRecord], a
// [TermRecord], an [AppRecord] or a [RetiredWorker]; anything else is [ErrMessage].
func AppendRecord(dst []byte, rec any) ([]byte, error) {
	var kind byte
	switch rec.(type) {
	case DriverRecord:
		kind = driverKind
	case WorkerRecord:
		kind = workerKind
	case TermRecord:
		kind = termKind
	case AppRecord:
		kind = appKind
	case RetiredWorker:
		kind = retiredKind
	default:
		return dst, fmt.Errorf("encode record: %w: %T", ErrMessage, rec)
	}
	out, err := appendCBOR(append(dst, kind, recordVersion), rec)
	if err != nil {
		return dst, fmt.Errorf("encode record: %w", err)
	}
	return out, nil
}

// DecodeDriver reads what [AppendRecord] wrote for a [DriverRecord]. Any other
// bytes are [ErrContent].
func DecodeDriver(data []byte) (DriverRecord, error) {
	return decodeRecord[DriverRecord](data, driverKind)
}

// DecodeWorker reads what [AppendRecord] wrote for a [WorkerRecord]. Any other
// bytes are [ErrContent].
func DecodeWorker(data []byte) (WorkerRecord, error) {
	return decodeRecord[WorkerRecord](data, workerKind)
}

// DecodeTerm reads what [AppendRecord] wrote for a [TermRecord]. Any other
// bytes are [ErrContent].
func DecodeTerm(data []byte) (TermRecord, error) {
	return decodeRecord[TermRecord](data, termKind)
}

// DecodeApp reads what [AppendRecord] wrote for an [AppRecord]. Any other bytes
// are [ErrContent].
func DecodeApp(data []byte) (AppRecord, error) {
	return decodeRecord[AppRecord](data, appKind)
}

// DecodeRetired reads what [AppendRecord] wrote for a [RetiredWorker]. Any other
// bytes are [ErrContent].
func DecodeRetired(data []byte) (RetiredWorker, error) {
	return decodeRecord[RetiredWorker](data, retiredKind)
}

func decodeRecord[R any](data []byte, kind byte) (R, error) {
	var rec, none R
	if len(data) < 2 {
		return none, fmt.Errorf("decode record: %w: %d bytes", ErrContent, len(data))
	}
	if data[0] != kind {
		return none, fmt.Errorf("decode record: %w: kind %q, want %q", ErrContent, data[0], kind)
	}
	if data[1] != recordVersion {
		return none, fmt.Errorf("decode record %c: %w: version %d, this program reads %d", kind, ErrContent, data[1], recordVersion)
	}
	if err := unmarshal(data[2:], reflect.TypeFor[R]().NumField(), &rec); err != nil {
		return none, fmt.Errorf("decode record %c: %w", kind, err)
	}
	return rec, nil
}
