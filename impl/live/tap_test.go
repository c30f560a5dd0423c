package live

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestFramesAreFoundHoweverTheStreamIsCut feeds frames in pieces: the first
// frame and events are kept whole, of others the header is.
func TestFramesAreFoundHoweverTheStreamIsCut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var stream []byte
		var want, got [][]byte
		for i := range rapid.IntRange(1, 8).Draw(t, "frames") {
			payload := rapid.SliceOfN(rapid.Byte(), 0, 60).Draw(t, "payload")
			if rapid.Bool().Draw(t, "event") && len(payload) >= 4 {
				binary.BigEndian.PutUint32(payload, ^uint32(0))
			}
			stream = binary.BigEndian.AppendUint32(stream, uint32(len(payload)))
			stream = append(stream, payload...)
			whole := i == 0 || len(payload) >= 4 && int32(binary.BigEndian.Uint32(payload)) == xidEvent
			if !whole {
				payload = payload[:min(len(payload), headerLen)]
			}
			want = append(want, payload)
		}
		f := frames{}
		f.whole = func(payload []byte, first bool) {
			require.Equal(t, len(got) == 0, first)
			got = append(got, append([]byte{}, payload...))
		}
		for len(stream) > 0 {
			n := rapid.IntRange(1, len(stream)).Draw(t, "piece")
			f.feed(stream[:n])
			stream = stream[n:]
		}
		require.Equal(t, len(want), len(got))
		for i := range want {
			require.Equal(t, string(want[i]), string(got[i]))
		}
	})
}
