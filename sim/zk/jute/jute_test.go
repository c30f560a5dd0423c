package jute_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/zk/jute"
)

func TestEveryRecordSurvivesTheWire(t *testing.T) {
	acl := []jute.ACL{{Perms: 31, ID: jute.ID{Scheme: "world", ID: "anyone"}}, {Perms: 1, ID: jute.ID{Scheme: "ip", ID: "::1"}}}
	for _, r := range []jute.Record{
		&jute.ConnectRequest{Protocol: 0, LastZxidSeen: 5, Timeout: 4000, Session: -3, Password: make([]byte, 16)},
		&jute.ConnectRequest{HasReadOnly: true, ReadOnly: true},
		&jute.ConnectResponse{Timeout: 4000, Session: 1 << 60, Password: []byte("0123456789abcdef"), HasReadOnly: true},
		&jute.RequestHeader{Xid: -2, Type: 11},
		&jute.ReplyHeader{Xid: 1, Zxid: 1 << 40, Err: jute.NoNode},
		&jute.Stat{Czxid: 1, Mzxid: 2, Ctime: 3, Mtime: 4, Version: 5, Cversion: -6, Aversion: 7, EphemeralOwner: 8, DataLength: 9, NumChildren: 10, Pzxid: 11},
		&jute.WatchEvent{Type: 1, State: 3, Path: "/a"},
		&jute.Op{Type: jute.OpCreate, Path: "/a", Data: []byte{}, ACL: acl, Flags: 3},
		&jute.Op{Type: jute.OpCreateTTL, Path: "/a", ACL: acl, Flags: 5, TTL: 1 << 33},
		&jute.Op{Type: jute.OpSetData, Path: "/ä", Data: []byte("x"), Version: -1},
		&jute.Op{Type: jute.OpSetACL, Path: "/a", ACL: acl, Version: 2},
		&jute.Op{Type: jute.OpDelete, Path: "/a", Version: 2},
		&jute.Op{Type: jute.OpGetChildren2, Path: "/a", Watch: true},
		&jute.MultiHeader{Type: 14, Done: true, Err: -1},
		&jute.SetWatches{Zxid: 9, Data: []string{"/a"}, Exist: []string{"/b", "/c"}},
		&jute.SetWatches{Zxid: 9, Child: []string{"/a"}, Persistent: []string{"/p"}, Recursive: []string{"/r"}, Two: true},
		&jute.PathMode{Path: "/a", Mode: 1},
		&jute.Auth{Scheme: "digest", Auth: []byte("user:pass")},
	} {
		var e jute.Encoder
		r.Encode(&e)
		got := blank(r)
		d := jute.NewDecoder(e.Buf)
		got.Decode(d)
		require.NoError(t, d.Err(), "%T", r)
		require.Empty(t, d.Rest(), "%T", r)
		require.Equal(t, r, got)
		cut := jute.NewDecoder(e.Buf[:len(e.Buf)-1])
		blank(r).Decode(cut)
		if c, optional := r.(*jute.ConnectRequest); !optional || !c.HasReadOnly {
			if c, optional := r.(*jute.ConnectResponse); !optional || !c.HasReadOnly {
				require.ErrorIs(t, cut.Err(), jute.ErrMalformed, "%T without its last byte", r)
			}
		}
	}
}

// blank is a new record of r's type, told what it must know to decode.
func blank(r jute.Record) jute.Record {
	switch r := r.(type) {
	case *jute.Op:
		return &jute.Op{Type: r.Type}
	case *jute.SetWatches:
		return &jute.SetWatches{Two: r.Two}
	}
	return reflect.New(reflect.TypeOf(r).Elem()).Interface().(jute.Record)
}

func TestSizesAreThoseOfTheProtocol(t *testing.T) {
	var e jute.Encoder
	(&jute.Stat{}).Encode(&e)
	require.Len(t, e.Buf, 68)
	e.Buf = nil
	(&jute.ConnectResponse{Password: make([]byte, 16)}).Encode(&e)
	require.Len(t, e.Buf, 36)
	e.Buf = nil
	(&jute.ConnectResponse{Password: make([]byte, 16), HasReadOnly: true}).Encode(&e)
	require.Len(t, e.Buf, 37)
}

func TestNullIsNotEmpty(t *testing.T) {
	var e jute.Encoder
	e.Buffer(nil)
	e.Buffer([]byte{})
	require.Equal(t, []byte{255, 255, 255, 255, 0, 0, 0, 0}, e.Buf)
	d := jute.NewDecoder(e.Buf)
	require.Nil(t, d.Buffer())
	require.NotNil(t, d.Buffer())
}

func TestAMultiHoldsWhatBelongsThere(t *testing.T) {
	ops := []jute.Op{{Type: jute.OpCreate, Path: "/a"}, {Type: jute.OpCheck, Path: "/b", Version: 1}}
	var e jute.Encoder
	jute.EncodeMulti(&e, ops)
	d := jute.NewDecoder(e.Buf)
	require.Equal(t, ops, jute.DecodeMulti(d, false))
	require.NoError(t, d.Err())
	d = jute.NewDecoder(e.Buf)
	jute.DecodeMulti(d, true)
	require.ErrorIs(t, d.Err(), jute.ErrMalformed)
}

func TestTheCodecTellsPacketsWordsAndLies(t *testing.T) {
	c := jute.Codec{Max: 10}
	tests := []struct {
		name string
		in   string
		want host.Message
		used int
		bad  bool
	}{
		{"nothing yet", "\x00\x00\x00", nil, 0, false},
		{"half a packet", "\x00\x00\x00\x02a", nil, 0, false},
		{"a packet", "\x00\x00\x00\x02abc", jute.Frame{Data: []byte("ab")}, 6, false},
		{"an empty packet", "\x00\x00\x00\x00", jute.Frame{Data: []byte{}}, 4, false},
		{"a word", "ruok\n", jute.Word{Text: "ruok"}, 4, false},
		{"the word with an argument", "stmk\x00\x00\x00\x00\x00\x00\x01\x32+", jute.Word{Text: "stmk", More: "\x00\x00\x00\x00\x00\x00\x01\x32"}, 12, false},
		{"what has come of it", "stmk\x00", jute.Word{Text: "stmk", More: "\x00"}, 5, false},
		{"a word of the admin server", "icfg", nil, 0, true},
		{"no word", "GET ", nil, 0, true},
		{"too long", "\x00\x00\x00\x0b", nil, 0, true},
		{"negative", "\xff\xff\xff\xff", nil, 0, true},
	}
	for _, tt := range tests {
		m, used, err := c.Decode([]byte(tt.in))
		require.Equal(t, tt.bad, err != nil, tt.name)
		require.Equal(t, tt.want, m, tt.name)
		require.Equal(t, tt.used, used, tt.name)
	}
	out, err := c.Append(nil, jute.Frame{Data: []byte("ab")})
	require.NoError(t, err)
	require.Equal(t, "\x00\x00\x00\x02ab", string(out))
}

// Whatever comes, decoding ends, allocates no more than there is, and does not
// panic.
func FuzzDecode(f *testing.F) {
	var e jute.Encoder
	jute.EncodeMulti(&e, []jute.Op{{Type: jute.OpCreate, Path: "/a"}, {Type: jute.OpSetData, Path: "/b"}})
	f.Add(e.Buf)
	f.Add([]byte("\x7f\xff\xff\xff\x00\x00"))
	f.Add([]byte("ruok"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, r := range []jute.Record{
			&jute.ConnectRequest{}, &jute.RequestHeader{}, &jute.SetWatches{Two: true}, &jute.PathMode{}, &jute.Auth{}, &jute.Stat{},
			&jute.Op{Type: jute.OpCreateTTL}, &jute.Op{Type: jute.OpSetACL}, &jute.Op{Type: jute.OpSetData}, &jute.Op{Type: jute.OpExists},
		} {
			r.Decode(jute.NewDecoder(b))
		}
		require.LessOrEqual(t, len(jute.DecodeMulti(jute.NewDecoder(b), false)), len(b))
		m, used, err := jute.Codec{}.Decode(b)
		require.LessOrEqual(t, used, len(b))
		if err != nil || used == 0 {
			require.Nil(t, m)
		}
	})
}

func TestTheListSaysWhichWordsAreAnswered(t *testing.T) {
	for _, tt := range []struct {
		list     string
		readOnly bool
		answered string
	}{
		{"", false, "ruok isro srvr mntr"},
		{"*", false, "ruok isro srvr mntr"},
		{",", false, "srvr"},
		{",", true, "isro srvr"},
		{"ruok, mntr", false, "ruok srvr mntr"},
		{"nothing", false, "srvr"},
	} {
		var answered []string
		for _, word := range []string{"ruok", "isro", "srvr", "mntr"} {
			if jute.Listed(tt.list, word, tt.readOnly) {
				answered = append(answered, word)
			}
		}
		require.Equal(t, tt.answered, strings.Join(answered, " "), "%q", tt.list)
	}
}
