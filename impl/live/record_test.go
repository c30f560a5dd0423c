package live_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/live"
	"github.com/simctl/simctl/impl/live/lab/proc"
)

func TestIntentsAreRecordedAtOnceAndOthersAfterTheEvent(t *testing.T) {
	name := filepath.Join(t.TempDir(), "p.ndjson")
	rec, err := live.NewRecorder(name)
	require.NoError(t, err)
	p := &probe{}
	p.started = func(h host.Host) {
		h.Note(host.Note{Kind: host.NoteAcked, Subject: "submit", Value: "d1", Term: 3, Zxid: 7})
		h.Note(host.Note{Kind: host.NoteIntent, Subject: "driver/d1", N: 1})
		got, err := live.ReadRecords(name)
		p.check(err)
		require.Equal(t, []string{"started", "intent"}, events(got))
		h.Exit(4)
		h.Note(host.Note{Kind: host.NoteState, Value: "never"})
	}
	_, err = live.Run(context.Background(), live.Options{Self: "p", Incarnation: 2, Recorder: rec}, p)
	require.NoError(t, err)
	require.NoError(t, rec.Close())
	got, err := live.ReadRecords(name)
	require.NoError(t, err)
	require.Equal(t, []string{"started", "intent", "acked", "exited"}, events(got))
	acked := got[2]
	require.Equal(t, uint64(2), acked.Seq, "it was made before the intent")
	require.Less(t, acked.At, got[1].At)
	require.Greater(t, acked.Until, got[1].Until)
	acked.Seq, acked.At, acked.Until = 0, 0, 0
	require.Equal(t, live.Record{Process: "p", Inc: 2, Event: "acked", Subject: "submit", Value: "d1", Term: 3, Zxid: 7}, acked)
	require.Equal(t, int64(4), got[3].N)
}

func events(rs []live.Record) (out []string) {
	for _, r := range rs {
		out = append(out, r.Event)
	}
	return out
}

func TestPanicIsRecorded(t *testing.T) {
	name := filepath.Join(t.TempDir(), "p.ndjson")
	rec, err := live.NewRecorder(name)
	require.NoError(t, err)
	p := &probe{started: func(h host.Host) {
		h.Note(host.Note{Kind: host.NoteState, Value: "Standby"})
		panic("oh")
	}}
	_, err = live.Run(context.Background(), live.Options{Self: "p", Recorder: rec}, p)
	require.ErrorIs(t, err, live.ErrPanicked)
	got, err := live.ReadRecords(name)
	require.NoError(t, err)
	require.Equal(t, []string{"started", "state", "panicked"}, events(got))
	require.Contains(t, got[2].Detail, "oh")
}

func TestKilledProcessLosesNoIntentAndTearsNoLine(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "intends.ndjson")
	p, err := proc.Start(helperCommand(host.Program{Kind: "intends", Args: dir}))
	require.NoError(t, err)
	require.Eventually(t, func() bool { return len(readFile(name)) > 100_000 }, 10*time.Second, time.Millisecond)
	require.NoError(t, p.Kill())
	require.Equal(t, -1, p.Wait())
	text := readFile(name)
	require.Equal(t, byte('\n'), text[len(text)-1])
	got, err := live.ReadRecords(name)
	require.NoError(t, err)
	for i, r := range got[1:] {
		require.Equal(t, int64(i+1), r.N)
	}
}

func TestRecordFileErrorsNameFileAndLine(t *testing.T) {
	good := `{"seq":1,"at":5,"until":6,"process":"p","inc":1,"event":"state"}` + "\n"
	for _, c := range []struct{ name, text, want string }{
		{"no JSON", good + "nonsense\n" + good, "f:2: invalid character"},
		{"no record", good + good + "{}\n", "f:3: a record needs a process and an event"},
		{"wrong type", `{"seq":"x"}` + "\n", "f:1: json"},
	} {
		t.Run(c.name, func(t *testing.T) {
			name := filepath.Join(t.TempDir(), "f")
			require.NoError(t, os.WriteFile(name, []byte(c.text), 0o644))
			_, err := live.ReadRecords(name)
			require.ErrorContains(t, err, c.want)
		})
	}
	name := filepath.Join(t.TempDir(), "f")
	require.NoError(t, os.WriteFile(name, []byte(good+good[:20]), 0o644))
	got, err := live.ReadRecords(name)
	require.NoError(t, err, "a last line without its end is left out")
	require.Len(t, got, 1)
	_, err = live.ReadRecords(name + "-missing")
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = live.NewRecorder(filepath.Join(name, "below-a-file"))
	require.Error(t, err)
}

func TestRecordThatCannotBeWrittenEndsTheProcess(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("this system has no /dev/full")
	}
	rec, err := live.NewRecorder("/dev/full")
	require.NoError(t, err)
	defer rec.Close()
	_, err = live.Run(context.Background(), live.Options{Self: "p", Recorder: rec}, &probe{})
	require.ErrorContains(t, err, "record started of p")
}
