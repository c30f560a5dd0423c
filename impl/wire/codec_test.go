package wire

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/fxamacker/cbor/v2"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/simctl/simctl/impl/host"
)

// TestTheEncodingIsAsWritten holds every byte that is sent or stored to the
// golden file. Bytes change only on purpose: other versions read them.
func TestTheEncodingIsAsWritten(t *testing.T) {
	byName := map[string]any{}
	for _, v := range plain {
		byName[strings.TrimPrefix(fmt.Sprintf("%T", v), "wire.")] = v
	}
	datadriven.RunTest(t, "testdata/encoding", func(t *testing.T, d *datadriven.TestData) string {
		v, ok := byName[d.CmdArgs[0].Key]
		require.True(t, ok, "no struct %s", d.CmdArgs[0].Key)
		delete(byName, d.CmdArgs[0].Key)
		switch d.Cmd {
		case "message":
			b, err := Codec{}.Append(nil, filled(v.(host.Digester)).(host.Message))
			require.NoError(t, err)
			return show(t, b, header)
		case "record":
			b, err := AppendRecord(nil, filled(v.(host.Digester)))
			require.NoError(t, err)
			return show(t, b, 2)
		case "part":
			return "is sent only inside others\n"
		}
		d.Fatalf(t, "no command %s", d.Cmd)
		return ""
	})
	require.Empty(t, byName, "structs without golden bytes")
}

// show prints a head and its CBOR, as bytes and in words.
func show(t *testing.T, b []byte, head int) string {
	words, err := cbor.Diagnose(b[head:])
	require.NoError(t, err)
	return fmt.Sprintf("%x\n%s\n%s", b[:head], words, hex.Dump(b[head:]))
}

func message[M host.Message]() *rapid.Generator[host.Message] {
	return rapid.Map(rapid.Make[M](), func(m M) host.Message { return m })
}

var anyMessage = rapid.OneOf(
	message[RegisterWorker](), message[Heartbeat](), message[WorkerSchedulerStateResponse](), message[WorkerLatestState](),
	message[DriverStateChanged](), message[RegisteredWorker](), message[RegisterWorkerFailed](), message[MasterInStandby](),
	message[MasterChanged](), message[ReconnectWorker](), message[LaunchDriver](), message[KillDriver](),
	message[DriverStateAck](), message[HeartbeatAck](), message[RequestSubmitDriver](), message[SubmitDriverResponse](), message[RequestKillDriver](),
	message[KillDriverResponse](), message[RequestDriverStatus](), message[DriverStatusResponse](),
	message[ExecutorStateChanged](), message[WorkerDecommissioning](), message[ExecutorStateAck](), message[LaunchExecutor](), message[KillExecutor](), message[ApplicationFinished](), message[DecommissionWorker](), message[RegisterApplication](), message[RegisteredApplication](), message[UnregisterApplication](), message[UnregisteredApplication](), message[MasterChangeAcknowledged](), message[ExecutorAdded](), message[ExecutorUpdated](), message[WorkerRemoved](), message[ApplicationRemoved](), message[RequestExecutors](), message[KillExecutors](), message[ExecutorsResponse](), message[RegisterExecutor](), message[RegisteredExecutor](), message[LaunchTask](), message[StatusUpdate](), message[StopExecutor](), message[WatchWorker](), message[DriverLease](), message[Deposit](), message[DepositResponse](), message[ExecutorHeartbeat](), message[ExecutorHeartbeatResponse](),
)

func TestAStreamOfMessagesComesBackAsItWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sent := rapid.SliceOfN(anyMessage, 1, 5).Draw(t, "messages")
		var stream []byte
		for _, m := range sent {
			var err error
			stream, err = Codec{}.Append(stream, m)
			require.NoError(t, err)
		}
		for _, want := range sent {
			cut := rapid.IntRange(0, int(binary.BigEndian.Uint32(stream))+3).Draw(t, "cut")
			m, used, err := Codec{}.Decode(stream[:cut])
			require.NoError(t, err)
			require.Zero(t, used, "a piece of a frame is not a frame")
			require.Nil(t, m)

			m, used, err = Codec{}.Decode(stream)
			require.NoError(t, err)
			require.IsType(t, want, m)
			require.Equal(t, sum(want), sum(m))
			stream = stream[used:]
		}
		require.Empty(t, stream)
	})
}

func TestRecordsComeBackAsTheyWere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, w, m := rapid.Make[DriverRecord]().Draw(t, "driver"), rapid.Make[WorkerRecord]().Draw(t, "worker"), rapid.Make[TermRecord]().Draw(t, "term")
		b, err := AppendRecord([]byte("kept"), d)
		require.NoError(t, err)
		require.Equal(t, "kept", string(b[:4]))
		gotD, err := DecodeDriver(b[4:])
		require.NoError(t, err)
		require.Equal(t, d, gotD)

		b, err = AppendRecord(nil, w)
		require.NoError(t, err)
		gotW, err := DecodeWorker(b)
		require.NoError(t, err)
		require.Equal(t, w, gotW)

		b, err = AppendRecord(nil, m)
		require.NoError(t, err)
		gotT, err := DecodeTerm(b)
		require.NoError(t, err)
		require.Equal(t, m, gotT)
	})
}

// frame builds a frame of message n around content.
func frame(n byte, content string) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(1+len(content)))
	return append(append(b, n), content...)
}

func TestHostileFramesAreRefused(t *testing.T) {
	beat := "\xa3\x64Beat\x01\x64Term\x01\x66Worker\x61w"
	_, used, err := Codec{}.Decode(frame(2, beat))
	require.NoError(t, err, "the good one, of which the others are broken copies")
	require.Equal(t, 5+len(beat), used)
	drivers := func(list string) string {
		return "\xa5\x64Term\x01\x66Report\x00\x66Worker\x61w\x69Executors\x80\x67Drivers" + list
	}
	_, _, err = Codec{}.Decode(frame(4, drivers("\x80")))
	require.NoError(t, err)

	for name, c := range map[string]struct {
		frame []byte
		want  error
	}{
		"no content":             {[]byte{0, 0, 0, 1, 2}, ErrFrame},
		"empty frame":            {[]byte{0, 0, 0, 0}, ErrFrame},
		"huge length alone":      {[]byte{0xff, 0xff, 0xff, 0xff}, ErrFrame},
		"just too long":          {[]byte{0, 0x10, 0, 1}, ErrFrame},
		"unknown number":         {[]byte{0, 0, 1, 0, 15}, ErrMessage},
		"number out of table":    {[]byte{0, 0, 1, 0, 255}, ErrMessage},
		"null":                   {frame(2, "\xf6"), ErrContent},
		"an array":               {frame(2, "\x83\x01\x01\x61w"), ErrContent},
		"a field is missing":     {frame(2, "\xa2\x64Beat\x01\x64Term\x01"), ErrContent},
		"a field twice":          {frame(2, "\xa3\x64Beat\x01\x64Term\x01\x64Term\x01"), ErrContent},
		"unknown field":          {frame(2, "\xa3\x64Beat\x01\x64Term\x01\x66worker\x61w"), ErrContent},
		"one field more":         {frame(2, "\xa4\x64Beat\x01\x64Term\x01\x66Worker\x61w\x61x\x01"), ErrContent},
		"wrong type":             {frame(2, "\xa3\x64Beat\x01\x64Term\x61x\x66Worker\x61w"), ErrContent},
		"a tag":                  {frame(2, "\xa3\x64Beat\x01\x64Term\xc1\x01\x66Worker\x61w"), ErrContent},
		"indefinite length":      {frame(2, "\xbf\x64Beat\x01\x64Term\x01\x66Worker\x61w\xff"), ErrContent},
		"not UTF-8":              {frame(2, "\xa3\x64Beat\x01\x64Term\x01\x66Worker\x61\xff"), ErrContent},
		"cut short":              {frame(2, beat[:len(beat)-1]), ErrContent},
		"something behind":       {frame(2, beat+"\x00"), ErrContent},
		"a billion drivers":      {frame(4, drivers("\x9a\x3b\x9a\xca\x00")), ErrContent},
		"a string of 4 GiB":      {frame(2, "\xa2\x64Term\x01\x66Worker\x7a\xff\xff\xff\xff"), ErrContent},
		"nested without end":     {frame(4, drivers(strings.Repeat("\x81", 5000))), ErrContent},
		"a million null drivers": {frame(4, drivers("\x9a\x00\x0f\x00\x00"+strings.Repeat("\xf6", 0xf0000))), ErrContent},
	} {
		t.Run(name, func(t *testing.T) {
			m, used, err := Codec{}.Decode(c.frame)
			require.ErrorIs(t, err, c.want)
			require.Zero(t, used)
			require.Nil(t, m)
		})
	}
}

func TestWhatCannotBeSentIsRefused(t *testing.T) {
	b, err := Codec{}.Append([]byte("kept"), RequestSubmitDriver{Desc: Desc{Tag: strings.Repeat("x", MaxFrame)}})
	require.ErrorIs(t, err, ErrFrame)
	require.Equal(t, "kept", string(b))
	b, err = Codec{}.Append(b, strange{})
	require.ErrorIs(t, err, ErrMessage)
	require.Equal(t, "kept", string(b))
	b, err = AppendRecord(b, strange{})
	require.ErrorIs(t, err, ErrMessage)
	require.Equal(t, "kept", string(b))
}

type strange struct{}

func (strange) Name() string        { return "Strange" }
func (strange) Digest(*host.Digest) {}

func TestAForeignRecordIsRefused(t *testing.T) {
	good, err := AppendRecord(nil, filled(TermRecord{}))
	require.NoError(t, err)
	_, err = DecodeDriver(good)
	require.ErrorContains(t, err, "kind 'T', want 'D'")
	for name, data := range map[string][]byte{
		"empty": {}, "kind alone": {'T'}, "head alone": {'T', 1}, "newer version": append([]byte{'T', 2}, good[2:]...),
		"cut": good[:len(good)-1], "longer": append(good[:len(good):len(good)], 0),
	} {
		_, err = DecodeTerm(data)
		require.ErrorIs(t, err, ErrContent, name)
	}
}

// FuzzDecode feeds frames that nobody sent. What decodes must encode to a
// frame that decodes to the same again.
func FuzzDecode(f *testing.F) {
	for _, v := range plain {
		if m, ok := v.(host.Message); ok {
			b, err := Codec{}.Append(nil, filled(m))
			require.NoError(f, err)
			f.Add(b)
		}
	}
	f.Add([]byte{0, 0, 0, 2, 18, 0xa0})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 2})
	f.Fuzz(func(t *testing.T, data []byte) {
		m, used, err := Codec{}.Decode(data)
		if err != nil || used == 0 {
			require.Nil(t, m)
			require.Zero(t, used)
			return
		}
		require.LessOrEqual(t, used, len(data))
		b, err := Codec{}.Append(nil, m)
		if len(data) < MaxFrame/2 {
			require.NoError(t, err)
			again, _, err := Codec{}.Decode(b)
			require.NoError(t, err)
			require.Equal(t, sum(m), sum(again))
		}
	})
}

func BenchmarkEncodeAndDecodeHeartbeat(b *testing.B) {
	var buf []byte
	m := Heartbeat{Worker: "worker-w1-1", Term: 7}
	b.ReportAllocs()
	for b.Loop() {
		buf, _ = Codec{}.Append(buf[:0], m)
		if _, _, err := (Codec{}).Decode(buf); err != nil {
			b.Fatal(err)
		}
	}
}
