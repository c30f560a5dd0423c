package history_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/model/history"
	"github.com/simctl/simctl/model/trace"
)

func TestEventsMakeAHistory(t *testing.T) {
	datadriven.RunTest(t, "testdata/build.txt", func(t *testing.T, d *datadriven.TestData) string {
		events, err := trace.ParseEvents(d.Input)
		require.NoError(t, err)
		h, err := history.Build(events)
		if err != nil {
			return "error: " + err.Error()
		}
		var b strings.Builder
		for i := range h {
			b.WriteString(h[i].String() + "\n")
		}
		if b.Len() == 0 {
			return "empty"
		}
		return b.String()
	})
}

func TestAHistoryComesBackFromItsLines(t *testing.T) {
	h := history.History{
		{Lane: "c1", N: 1, Kind: history.Submit, Key: "a", Call: 1, Return: 2, Answer: "d1"},
		{Lane: "w1/d1", N: 1, Kind: history.Finish, Key: "a", Call: 3, Return: history.Open, Arg: "FINISHED", Answer: "d1"},
	}
	var b bytes.Buffer
	require.NoError(t, history.Write(&b, h))
	got, err := history.Read("history.ndjson", &b)
	require.NoError(t, err)
	require.Equal(t, h, got)
	_, err = history.Read("history.ndjson", strings.NewReader("{}"))
	require.EqualError(t, err, "history.ndjson: line 1: truncated: the last line has no end")
}

func TestAHistorySplitsByKey(t *testing.T) {
	h := history.History{{Key: "b", Call: 1}, {Key: "a", Call: 2}, {Key: "b", Call: 3}}
	require.Equal(t, []string{"a", "b"}, h.Keys())
	require.Equal(t, []history.History{{{Key: "a", Call: 2}}, {{Key: "b", Call: 1}, {Key: "b", Call: 3}}}, h.Split())
	require.Empty(t, history.History(nil).Split())
}

func TestRefusalsAndSilenceAreNotAcknowledged(t *testing.T) {
	h := history.History{
		{Kind: history.Submit, Return: 2, Answer: "d1"},
		{Kind: history.Submit, Return: 2, Answer: "error: full"},
		{Kind: history.Status, Return: history.Open},
		{Kind: history.Finish, Return: 3},
	}
	require.Equal(t, 1, h.Acked())
}
