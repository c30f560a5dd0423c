package packet

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/sim/zk/jute"
)

// What a client asks for is what a server decodes.
func TestRequestsDecodeToTheirOperations(t *testing.T) {
	tests := []struct {
		op    coord.Op
		watch bool
		want  jute.Op
	}{
		{coord.Op{Kind: coord.Create, Path: "/a", Data: []byte("x"), Mode: coord.EphemeralSequential}, false,
			jute.Op{Type: jute.OpCreate, Path: "/a", Data: []byte("x"), Flags: jute.FlagEphemeral | jute.FlagSequential, ACL: open}},
		{coord.Op{Kind: coord.Delete, Path: "/a", Version: 3}, false, jute.Op{Type: jute.OpDelete, Path: "/a", Version: 3}},
		{coord.Op{Kind: coord.Set, Path: "/a", Version: -1}, false, jute.Op{Type: jute.OpSetData, Path: "/a", Version: -1}},
		{coord.Op{Kind: coord.Get, Path: "/a"}, true, jute.Op{Type: jute.OpGetData, Path: "/a", Watch: true}},
		{coord.Op{Kind: coord.Exists, Path: "/a"}, false, jute.Op{Type: jute.OpExists, Path: "/a"}},
		{coord.Op{Kind: coord.Children, Path: "/a"}, true, jute.Op{Type: jute.OpGetChildren2, Path: "/a", Watch: true}},
	}
	for _, tt := range tests {
		t.Run(tt.op.Kind.String(), func(t *testing.T) {
			d := jute.NewDecoder(Request(7, &tt.op, tt.watch).Data)
			var h jute.RequestHeader
			h.Decode(d)
			require.Equal(t, jute.RequestHeader{Xid: 7, Type: tt.want.Type}, h)
			got := jute.Op{Type: h.Type}
			got.Decode(d)
			require.NoError(t, d.Err())
			require.False(t, d.More())
			require.Equal(t, tt.want, got)
		})
	}
}

func TestAMultiDecodesToItsOperations(t *testing.T) {
	op := coord.Op{Kind: coord.Multi, Ops: []coord.Op{{Kind: coord.Check, Path: "/a", Version: 2}, {Kind: coord.Delete, Path: "/b", Version: -1}}}
	d := jute.NewDecoder(Request(1, &op, false).Data)
	var h jute.RequestHeader
	h.Decode(d)
	require.Equal(t, int32(jute.OpMulti), h.Type)
	require.Equal(t, []jute.Op{{Type: jute.OpCheck, Path: "/a", Version: 2}, {Type: jute.OpDelete, Path: "/b", Version: -1}}, jute.DecodeMulti(d, false))
	require.NoError(t, d.Err())
}

// A multi that failed says in its parts which operation it was: those before it
// have the code 0, those after it -2.
func TestAFailedMultiIsTheErrorOfOnePart(t *testing.T) {
	var e jute.Encoder
	for _, code := range []jute.Code{jute.OK, jute.BadVersion, jute.RuntimeInconsistency} {
		(&jute.MultiHeader{Type: jute.OpError, Err: int32(code)}).Encode(&e)
		e.Int(int32(code))
	}
	(&jute.MultiHeader{Type: -1, Done: true, Err: -1}).Encode(&e)
	var r coord.Result
	require.NoError(t, Result(coord.Multi, jute.ReplyHeader{Zxid: 9}, jute.NewDecoder(e.Buf), &r))
	require.Equal(t, coord.Result{
		Err: coord.ErrBadVersion, Zxid: 9,
		Results: []coord.Result{{Err: coord.ErrRolledBack}, {Err: coord.ErrBadVersion}, {Err: coord.ErrRolledBack}},
	}, r)
}

// A reply that is cut short is not half believed.
func TestATruncatedReplyFails(t *testing.T) {
	var e jute.Encoder
	e.Buffer([]byte("data"))
	(&jute.Stat{Version: 4}).Encode(&e)
	for n := range e.Buf {
		var r coord.Result
		require.Error(t, Result(coord.Get, jute.ReplyHeader{}, jute.NewDecoder(e.Buf[:n]), &r), "%d bytes", n)
	}
	var r coord.Result
	require.NoError(t, Result(coord.Get, jute.ReplyHeader{}, jute.NewDecoder(e.Buf), &r))
	require.Equal(t, "data", string(r.Data))
	require.Equal(t, int32(4), r.Stat.Version)
}

func TestCodesAreTheErrorsOfCoord(t *testing.T) {
	for code, want := range map[jute.Code]error{
		jute.OK: nil, jute.NoNode: coord.ErrNoNode, jute.NodeExists: coord.ErrNodeExists, jute.BadVersion: coord.ErrBadVersion,
		jute.NotEmpty: coord.ErrNotEmpty, jute.SessionExpired: coord.ErrExpired, jute.NoAuth: jute.NoAuth,
	} {
		require.Equal(t, want, Err(code))
	}
}
