package ensemble

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSessionIsReadFromTheAnswerToItsHandshake(t *testing.T) {
	b := binary.BigEndian
	hello := b.AppendUint32(b.AppendUint32(b.AppendUint32(nil, 37), 0), 4000)
	hello = append(b.AppendUint32(b.AppendUint64(hello, 0x1005), 16), "0123456789abcdef!"...)
	id, password, ok := SessionIn(hello)
	require.True(t, ok)
	require.Equal(t, uint64(0x1005), id)
	require.Equal(t, "0123456789abcdef", string(password))
	_, _, ok = SessionIn(hello[:30])
	require.False(t, ok)
	b.PutUint32(hello[8:], 0) // no timeout: it was refused
	_, _, ok = SessionIn(hello)
	require.False(t, ok)
}
