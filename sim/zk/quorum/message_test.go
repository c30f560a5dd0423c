package quorum

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/zk/server"
)

var samples = []host.Message{
	Hello{3},
	Notification{State: Leading, Vote: Vote{Leader: 2, Zxid: 1<<32 | 7, Epoch: 1, Round: -4}},
	Packet{Type: UpToDate, Zxid: 9},
	Packet{Type: Proposal, Zxid: 1 << 40, Data: []byte("data")},
}

func TestMessagesSurviveTheirEncoding(t *testing.T) {
	var all []byte
	for _, m := range samples {
		b, err := Codec{}.Append(nil, m)
		require.NoError(t, err)
		for cut := range len(b) {
			_, used, err := Codec{}.Decode(b[:cut])
			require.NoError(t, err)
			require.Zero(t, used, "a part of a message asks for more")
		}
		all = append(all, b...)
	}
	for _, m := range samples {
		got, used, err := Codec{}.Decode(all)
		require.NoError(t, err)
		require.Equal(t, m, got)
		all = all[used:]
	}
	require.Empty(t, all)
}

func FuzzDecode(f *testing.F) {
	for _, m := range samples {
		b, _ := Codec{}.Append(nil, m)
		f.Add(b)
	}
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 'P'})
	f.Add([]byte{0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		m, used, err := Codec{}.Decode(b)
		require.LessOrEqual(t, used, len(b))
		if err != nil || used == 0 {
			require.Nil(t, m)
			return
		}
		again, err := Codec{}.Append(nil, m)
		require.NoError(t, err)
		require.Equal(t, b[:used], again)
	})
}

func TestAFrameTooLongIsRefused(t *testing.T) {
	_, _, err := Codec{}.Decode([]byte{0x7f, 0, 0, 0, 'P'})
	require.ErrorContains(t, err, "a frame of")
}

func TestTouchesSurviveTheirEncoding(t *testing.T) {
	touches := []server.Touch{{Session: 1, Timeout: time.Second}, {Session: -5, Timeout: 4 * time.Second}}
	got, ok := decodeTouches(encodeTouches(touches))
	require.True(t, ok)
	require.Equal(t, touches, got)
	_, ok = decodeTouches(make([]byte, 17))
	require.False(t, ok)
}
