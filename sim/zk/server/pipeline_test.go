package server_test

import (
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/sim/zk/jute"
	"github.com/simctl/simctl/sim/zk/server"
)

// What one client asks for at once is carried out and answered in that order,
// and a read shows the writes before it and none behind it, at a leader and at
// a follower, of ours and of ZooKeeper.
func TestWhatIsAskedForAtOnceIsAnsweredInOrder(t *testing.T) {
	askAtOnce(t, ourSite(t, setting{servers: 3, tick: time.Second}))
}

// The same of ZooKeeper.
func TestWhatIsAskedForAtOnceIsAnsweredInOrderByZooKeeperToo(t *testing.T) {
	needZooKeeper(t)
	askAtOnce(t, theirSite(t, setting{servers: 3, tick: time.Second}))
}

// A batch is requests that are sent as one.
type batch struct {
	bytes []byte
	types []int32
}

func (b *batch) add(typ int32, body []byte) {
	var e jute.Encoder
	(&jute.RequestHeader{Xid: int32(len(b.types) + 1), Type: typ}).Encode(&e)
	packet := append(e.Buf, body...)
	b.bytes = append(binary.BigEndian.AppendUint32(b.bytes, uint32(len(packet))), packet...)
	b.types = append(b.types, typ)
}

func (b *batch) op(op jute.Op) {
	var e jute.Encoder
	op.Encode(&e)
	b.add(op.Type, e.Buf)
}

func askAtOnce(t *testing.T, s *site) {
	for i, role := range []string{"leader", "follower"} {
		path := fmt.Sprintf("/n%d", i)
		r, _ := dialRaw(t, s.addrs[s.roles()[i]], 0, nil)
		var b batch
		b.add(jute.OpCreate, create(path, 0))
		const rounds = 60
		for n := range rounds {
			b.op(jute.Op{Type: jute.OpSetData, Path: path, Data: []byte{byte(n)}, Version: -1})
			b.op(jute.Op{Type: jute.OpSetData, Path: path, Version: 1000}) // fails
			b.op(jute.Op{Type: jute.OpGetData, Path: path})
			if n%7 == 0 {
				b.op(jute.Op{Type: jute.OpSync, Path: path})
				b.op(jute.Op{Type: jute.OpGetData, Path: path})
			}
		}
		_, err := r.c.Write(b.bytes)
		require.NoError(t, err)
		version, last := int32(0), int64(0)
		for j, typ := range b.types {
			d := jute.NewDecoder(r.packet(t))
			var h jute.ReplyHeader
			h.Decode(d)
			require.EqualValues(t, j+1, h.Xid, role)
			require.GreaterOrEqual(t, h.Zxid, last, "%s: a session's zxids do not go back", role)
			last = h.Zxid
			switch {
			case typ == jute.OpGetData:
				require.Equal(t, []byte{byte(version - 1)}, d.Buffer(), "%s: a read between two writes", role)
				var st jute.Stat
				st.Decode(d)
				require.Equal(t, version, st.Version, role)
			case typ == jute.OpSetData && h.Err == jute.OK:
				version++
			case typ == jute.OpSetData:
				require.Equal(t, jute.BadVersion, h.Err, role)
			default:
				require.Equal(t, jute.OK, h.Err, role)
			}
		}
		require.EqualValues(t, rounds, version)
	}
}

func TestAMalformedWriteIsRefusedInItsTurn(t *testing.T) {
	addr, _ := serve(t, t.TempDir(), server.Config{})
	r, _ := dialRaw(t, addr, 0, nil)
	var b batch
	b.add(jute.OpCreate, create("/a", 0))
	b.add(jute.OpCreate, []byte{0, 0, 0, 9, 'x'})
	b.add(jute.OpCreate, create("/b", 0))
	_, err := r.c.Write(b.bytes)
	require.NoError(t, err)
	for i, want := range []jute.Code{jute.OK, jute.MarshallingError, jute.OK} {
		d := jute.NewDecoder(r.packet(t))
		var h jute.ReplyHeader
		h.Decode(d)
		require.Equal(t, want, h.Err)
		require.EqualValues(t, i+2, h.Zxid, "it has a transaction")
	}
}
