package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"

	"github.com/fxamacker/cbor/v2"

	"github.com/simctl/simctl/impl/host"
)

// MaxFrame is the most bytes a frame may have behind its length, 1 MiB.
const MaxFrame = 1 << 20

// header is the bytes of a frame before its CBOR: four of length, which count
// what follows them, and one of the message's number.
const header = 5

// Errors of [Codec]. They are wrapped with the facts.
var (
	// ErrFrame: the length of a frame is not possible.
	ErrFrame = errors.New("frame of an impossible length")
	// ErrMessage: no message has this number, or the type is no message here.
	ErrMessage = errors.New("unknown message")
	// ErrContent: what stands in the frame or record is not what its number
	// or kind promises.
	ErrContent = errors.New("malformed content")
)

// messages gives each message its number on the wire. Numbers never change
// and are never used again: a new message takes the next one. 1 to 15 go from
// workers to masters, 16 to 31 from masters to workers, 32 to 47 between
// clients and masters, 48 to 63 between applications and masters, 64 and up
// between the processes of an application and around it.
var messages = [...]format{
	1: formatOf[RegisterWorker](),
	2: formatOf[Heartbeat](),
	3: formatOf[WorkerSchedulerStateResponse](),
	4: formatOf[WorkerLatestState](),
	5: formatOf[DriverStateChanged](),
	6: formatOf[ExecutorStateChanged](),
	7: formatOf[WorkerDecommissioning](),

	16: formatOf[RegisteredWorker](),
	17: formatOf[RegisterWorkerFailed](),
	18: formatOf[MasterInStandby](),
	19: formatOf[MasterChanged](),
	20: formatOf[ReconnectWorker](),
	21: formatOf[LaunchDriver](),
	22: formatOf[KillDriver](),
	23: formatOf[DriverStateAck](),
	24: formatOf[ExecutorStateAck](),
	25: formatOf[LaunchExecutor](),
	26: formatOf[KillExecutor](),
	27: formatOf[ApplicationFinished](),
	28: formatOf[DecommissionWorker](),
	29: formatOf[HeartbeatAck](),

	32: formatOf[RequestSubmitDriver](),
	33: formatOf[SubmitDriverResponse](),
	34: formatOf[RequestKillDriver](),
	35: formatOf[KillDriverResponse](),
	36: formatOf[RequestDriverStatus](),
	37: formatOf[DriverStatusResponse](),

	48: formatOf[RegisterApplication](),
	49: formatOf[RegisteredApplication](),
	50: formatOf[UnregisterApplication](),
	51: formatOf[UnregisteredApplication](),
	52: formatOf[MasterChangeAcknowledged](),
	53: formatOf[ExecutorAdded](),
	54: formatOf[ExecutorUpdated](),
	55: formatOf[WorkerRemoved](),
	56: formatOf[ApplicationRemoved](),
	57: formatOf[RequestExecutors](),
	58: formatOf[KillExecutors](),
	59: formatOf[ExecutorsResponse](),

	64: formatOf[RegisterExecutor](),
	65: formatOf[RegisteredExecutor](),
	66: formatOf[LaunchTask](),
	67: formatOf[StatusUpdate](),
	68: formatOf[StopExecutor](),
	69: formatOf[WatchWorker](),
	70: formatOf[Deposit](),
	71: formatOf[DepositResponse](),
	72: formatOf[ExecutorHeartbeat](),
	73: formatOf[ExecutorHeartbeatResponse](),
	74: formatOf[DriverLease](),
}

// numbers is messages turned round: from a message's name to its number.
var numbers = func() map[string]byte {
	m := make(map[string]byte, len(messages))
	for i, f := range messages {
		if f.decode != nil {
			m[f.name] = byte(i)
		}
	}
	return m
}()

// A format is one struct as CBOR.
type format struct {
	name   string
	fields int // the number of fields, all of which must be there
	decode func(data []byte) (host.Message, error)
}

func formatOf[M host.Message]() format {
	var m M
	f := format{name: m.Name(), fields: reflect.TypeFor[M]().NumField()}
	f.decode = func(data []byte) (host.Message, error) {
		var m M
		if err := unmarshal(data, f.fields, &m); err != nil {
			return nil, err
		}
		return m, nil
	}
	return f
}

// The encoding is CBOR's core deterministic one (RFC 8949 4.2.1): a struct is
// a map from its fields' names. Decoding takes nothing else: no unknown,
// repeated or missing field, no tag, no indefinite length, and never so many
// elements that a small frame could ask for much memory.
var (
	enc = must(func() cbor.EncOptions {
		o := cbor.CoreDetEncOptions()
		o.NilContainers = cbor.NilContainerAsEmpty
		return o
	}().UserBufferEncMode())
	dec = must(cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		MaxNestedLevels:   8,
		MaxArrayElements:  1 << 14,
		MaxMapPairs:       16,
		IndefLength:       cbor.IndefLengthForbidden,
		TagsMd:            cbor.TagsForbidden,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
		UTF8:              cbor.UTF8RejectInvalid,
		FieldNameMatching: cbor.FieldNameMatchingCaseSensitive,
	}.DecMode())
)

func must[M any](mode M, err error) M {
	if err != nil {
		panic("wire: " + err.Error())
	}
	return mode
}

// unmarshal reads a struct of so many fields.
func unmarshal(data []byte, fields int, into any) error {
	// The head of a map of n < 24 pairs is one byte. As no name may be
	// unknown or repeated, the right number of them means that all are there.
	if len(data) == 0 || int(data[0]) != 0xa0|fields {
		return fmt.Errorf("%w: not a map of %d fields", ErrContent, fields)
	}
	if err := dec.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%w: %w", ErrContent, err)
	}
	return nil
}

// Codec is the encoding of every connection between our processes: four bytes
// of length, big endian, one byte for the message's number, and its fields in
// CBOR. The zero Codec is ready.
type Codec struct{}

// Append implements [host.Codec]. It fails with [ErrMessage] for a message that
// is not of this package and with [ErrFrame] for one larger than [MaxFrame].
func (Codec) Append(dst []byte, m host.Message) ([]byte, error) {
	n, ok := numbers[m.Name()]
	if !ok {
		return dst, fmt.Errorf("encode %s: %w", m.Name(), ErrMessage)
	}
	start := len(dst)
	out, err := appendCBOR(append(dst, 0, 0, 0, 0, n), m)
	if err != nil {
		return dst, fmt.Errorf("encode %s: %w", m.Name(), err)
	}
	size := len(out) - start - 4
	if size > MaxFrame {
		return dst, fmt.Errorf("encode %s: %w: %d bytes, at most %d", m.Name(), ErrFrame, size, MaxFrame)
	}
	binary.BigEndian.PutUint32(out[start:], uint32(size))
	return out, nil
}

// Decode implements [host.Codec]. What src holds is refused as soon as it can
// be seen to be wrong, so a peer cannot make us wait for a frame we would not
// take.
func (Codec) Decode(src []byte) (host.Message, int, error) {
	if len(src) < header {
		return nil, 0, checkLength(src)
	}
	if err := checkLength(src); err != nil {
		return nil, 0, err
	}
	n := src[4]
	if int(n) >= len(messages) || messages[n].decode == nil {
		return nil, 0, fmt.Errorf("decode: %w: number %d", ErrMessage, n)
	}
	used := 4 + int(binary.BigEndian.Uint32(src))
	if len(src) < used {
		return nil, 0, nil
	}
	m, err := messages[n].decode(src[header:used:used])
	if err != nil {
		return nil, 0, fmt.Errorf("decode %s: %w", messages[n].name, err)
	}
	return m, used, nil
}

// Frame tells what stands at the beginning of a stream: the name of the first
// message and how many bytes it takes; 0 if it is not whole yet. The error says
// that it is none of ours. What stands in the message it does not look at.
func Frame(src []byte) (name string, used int, err error) {
	if err := checkLength(src); err != nil || len(src) < header {
		return "", 0, err
	}
	n := src[4]
	if int(n) >= len(messages) || messages[n].decode == nil {
		return "", 0, fmt.Errorf("frame: %w: number %d", ErrMessage, n)
	}
	if used = 4 + int(binary.BigEndian.Uint32(src)); len(src) < used {
		return "", 0, nil
	}
	return messages[n].name, used, nil
}

// checkLength refuses an impossible length as soon as it is there.
func checkLength(src []byte) error {
	if len(src) < 4 {
		return nil
	}
	if size := binary.BigEndian.Uint32(src); size < 2 || size > MaxFrame {
		return fmt.Errorf("decode: %w: %d bytes, at most %d", ErrFrame, size, MaxFrame)
	}
	return nil
}

// appendCBOR appends the encoding of v to dst.
func appendCBOR(dst []byte, v any) ([]byte, error) {
	buf := bytes.NewBuffer(dst)
	if err := enc.MarshalToBuffer(v, buf); err != nil {
		return dst, fmt.Errorf("%w: %w", ErrContent, err)
	}
	return buf.Bytes(), nil
}
