package eventlog

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestALogComesBackAsItWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOfN(rapid.Make[Event](), 1, 5).Draw(t, "events")
		var data []byte
		for _, e := range want {
			data = e.Append(data)
		}
		got, err := Parse(data)
		require.NoError(t, err)
		require.Equal(t, want, got)

		cut := rapid.IntRange(0, len(data)).Draw(t, "cut")
		got, err = Parse(data[:cut])
		require.NoError(t, err, "a crash tears the last line only")
		require.Equal(t, want[:len(got)], append([]Event{}, got...))
	})
}

func TestALineThatIsNoEventIsNamed(t *testing.T) {
	_, err := Parse([]byte("{\"Event\":\"x\",\"Timestamp\":1}\n{\"More\":1}\n"))
	require.ErrorContains(t, err, "event log, line 2")
}

func TestASummaryIsWhatAHistoryServerLists(t *testing.T) {
	const log = `{"Event":"SparkListenerApplicationStart","Timestamp":1000,"App ID":"a1","App Name":"pi"}
{"Event":"SparkListenerExecutorAdded","Timestamp":1100,"Executor ID":"0","Worker":"w1","Total Cores":2}
{"Event":"SparkListenerTaskEnd","Timestamp":1200,"Executor ID":"0","Reason":"Success"}
{"Event":"SparkListenerExecutorRemoved","Timestamp":1300,"Executor ID":"0","Reason":"LOST"}
{"Event":"SparkListenerTaskEnd","Timestamp":1300,"Task ID":1,"Executor ID":"0","Reason":"ExecutorLostFailure"}
{"Event":"SparkListenerExecutorAdded","Timestamp":1400,"Executor ID":"1","Worker":"w2","Total Cores":2}
{"Event":"SparkListenerTaskEnd","Timestamp":1500,"Task ID":1,"Attempt":1,"Executor ID":"1","Reason":"Success"}
{"Event":"SparkListenerStageCompleted","Timestamp":1500}
`
	running, err := Parse([]byte(log))
	require.NoError(t, err)
	want := Summary{App: "a1", Name: "pi", Start: 1000, Executors: 2, Lost: 1, Stages: 1, Tasks: 2, Retried: 1}
	require.Equal(t, want, Summarize(running))

	over := append(running, Event{Kind: ApplicationEnd, Timestamp: 1600, Result: 31})
	want.End, want.Result = 1600, 31
	require.Equal(t, want, Summarize(over))
}
