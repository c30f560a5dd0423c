package jute

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/simctl/simctl/impl/host"
)

// MaxBuffer is the most bytes that a packet may have, ZooKeeper's default of
// jute.maxbuffer.
const MaxBuffer = 0xFFFFF

// A Frame is one packet of a connection, without its length.
type Frame struct{ Data []byte }

// Name is the packet's name in traces.
func (Frame) Name() string { return "zk.Frame" }

// Digest writes the packet into d.
func (f Frame) Digest(d *host.Digest) { d.Bytes(f.Data) }

// A Word is a four-letter word: what a connection may begin with instead of
// a packet. More are the bytes that came with stmk, its argument: eight, if the
// client sent them all at once.
type Word struct{ Text, More string }

// Name is the word's name in traces.
func (Word) Name() string { return "zk.Word" }

// Digest writes the word into d.
func (w Word) Digest(d *host.Digest) {
	d.Str(w.Text)
	d.Str(w.More)
}

// A Text is the answer to a word: bytes without framing.
type Text struct{ Text string }

// Name is the answer's name in traces.
func (Text) Name() string { return "zk.Text" }

// Digest writes the answer into d.
func (t Text) Digest(d *host.Digest) { d.Str(t.Text) }

// A Codec frames a server's end of the client port: it decodes packets and
// four-letter words, and encodes packets and texts.
type Codec struct {
	// Max is the most bytes of a packet that is decoded; 0 means MaxBuffer.
	Max int
}

// Append appends the encoding of a Frame, a Text or a Word.
func (Codec) Append(dst []byte, m host.Message) ([]byte, error) {
	switch m := m.(type) {
	case Frame:
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(m.Data)))
		return append(dst, m.Data...), nil
	case Text:
		return append(dst, m.Text...), nil
	case Word:
		return append(append(dst, m.Text...), m.More...), nil
	default:
		return dst, fmt.Errorf("client port: cannot encode a %s", m.Name())
	}
}

// Decode takes the first packet or word off src. A length that is negative or
// too great is an error: the connection must be closed.
func (c Codec) Decode(src []byte) (m host.Message, used int, err error) {
	if len(src) < 4 {
		return nil, 0, nil
	}
	limit := c.Max
	if limit == 0 {
		limit = MaxBuffer
	}
	n := int(int32(binary.BigEndian.Uint32(src)))
	switch {
	case n >= 0 && n <= limit:
	case string(src[:4]) == "stmk":
		n = min(len(src), 4+8)
		return Word{Text: "stmk", More: string(src[4:n])}, n, nil
	case slices.Contains(words, string(src[:4])):
		return Word{Text: string(src[:4])}, 4, nil
	default:
		return nil, 0, fmt.Errorf("%w: packet of %d bytes, the limit is %d", ErrMalformed, n, limit)
	}
	if len(src) < 4+n {
		return nil, 0, nil
	}
	return Frame{append(make([]byte, 0, n), src[4:4+n]...)}, 4 + n, nil
}
