package proto

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/host"
)

// messages is one of each kind, and variants that must not be taken for each
// other.
var messages = []host.Message{
	ConnectRequest{Timeout: 1, Owner: "m1"},
	ConnectRequest{Session: 1, Password: 2, Timeout: 1, Owner: "m1"},
	ConnectResponse{Session: 1, Timeout: 1},
	ConnectResponse{Session: 1, Timeout: 2},
	&Request{Xid: 1, Op: coord.Op{Kind: coord.Get, Path: "/a"}},
	&Request{Xid: 1, Op: coord.Op{Kind: coord.Get, Path: "/a"}, Watch: true},
	&Request{Xid: 1, Op: coord.Op{Kind: coord.Set, Path: "/a", Version: -1}},
	&Request{Xid: 1, Op: coord.Op{Kind: coord.Multi, Ops: []coord.Op{{Kind: coord.Check, Path: "/a"}}}},
	&Request{Xid: 1, Op: coord.Op{Kind: coord.Multi, Ops: []coord.Op{{Kind: coord.Check, Path: "/b"}}}},
	&Reply{Xid: 1, Zxid: 1},
	&Reply{Xid: 1, Zxid: 1, Err: -101},
	&Reply{Xid: 1, Zxid: 1, Children: []string{"ab"}},
	&Reply{Xid: 1, Zxid: 1, Children: []string{"a", "b"}},
	&Reply{Xid: 1, Zxid: 1, Results: []Part{{Path: "/a"}}},
	WatchEvent{coord.Created, "/a"},
	WatchEvent{coord.Deleted, "/a"},
	Ping{}, Pong{},
	&SetWatches{Zxid: 1, Data: []string{"/a"}},
	&SetWatches{Zxid: 1, Exist: []string{"/a"}},
	CloseSession{}, SessionClosed{},
}

func TestMessagesDigestApart(t *testing.T) {
	seen := map[uint64]string{}
	for _, m := range messages {
		var d host.Digest
		d.Str(m.Name())
		m.Digest(&d)
		what := fmt.Sprintf("%s %+v", m.Name(), m)
		require.Empty(t, seen[d.Sum()], "digests as %s", what)
		seen[d.Sum()] = what
	}
}

func TestTagsDoNotTravel(t *testing.T) {
	sum := func(tag coord.Tag) uint64 {
		var d host.Digest
		(&Request{Op: coord.Op{Kind: coord.Set, Path: "/a", Tag: tag}}).Digest(&d)
		return d.Sum()
	}
	require.Equal(t, sum(coord.Tag{}), sum(coord.Tag{Term: 1, Write: 2}))
}

func TestMessagesHoldNothingShared(t *testing.T) {
	for _, m := range messages {
		typ := reflect.TypeOf(m)
		if typ.Kind() == reflect.Pointer {
			typ = typ.Elem()
		}
		require.Empty(t, host.CheckPlain(typ), typ.Name())
	}
	require.NotEmpty(t, host.CheckPlain(reflect.TypeFor[coord.Result]()), "it holds an error")
}

func TestMessagesAreLegibleInTraces(t *testing.T) {
	m := &Request{Xid: 3, Op: coord.Op{Kind: coord.Multi, Ops: []coord.Op{
		{Kind: coord.Check, Path: "/term"}, {Kind: coord.Set, Path: "/record", Data: []byte("x")},
	}}}
	require.Equal(t, "#3 multi [check /term] [set /record]", m.String())
	require.Equal(t, "zk multi", m.Name())
	r := &Reply{Xid: 3, Zxid: 0x100000002, Err: -103}
	require.Equal(t, "#3 zxid 0x100000002: bad version", r.String())
}

func TestMessagesArePlainData(t *testing.T) {
	r := coord.Result{Err: coord.ErrBadVersion, Zxid: 7, Path: "/a", Results: []coord.Result{{Err: coord.ErrRolledBack}, {Path: "/b"}}}
	var got coord.Result
	ReplyOf(1, &r).Unpack(&got)
	require.Equal(t, r, got)
	for _, c := range codes {
		require.Equal(t, c.err, CodeOf(c.err).Cause())
	}
	require.Equal(t, coord.ErrBadArguments, CodeOf(coord.ErrExpired).Cause(), "no server answers that")
}
