package steer

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCommandsAreCarriedOutOneByOneAndAnswered(t *testing.T) {
	data := t.TempDir()
	_, err := Ask(data, "status")
	require.ErrorIs(t, err, ErrNobody)
	l, err := Listen(data)
	require.NoError(t, err)
	_, err = Listen(data)
	require.ErrorIs(t, err, ErrTaken)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go l.Serve(ctx)
	go func() {
		for c := range l.Commands {
			if c.Words[0] == "fail" {
				c.Answer("", errors.New("it cannot\nbe"))
			} else {
				c.Answer(strings.Join(c.Words, "|"), nil)
			}
		}
	}()
	text, err := Ask(data, "stop", "m1", "a path")
	require.NoError(t, err)
	require.Equal(t, "stop|m1|a path", text)
	_, err = Ask(data, "fail")
	require.EqualError(t, err, "it cannot; be")
	_, err = Ask(data, "stop", "m1\tm2")
	require.ErrorContains(t, err, "no word has a tab")
	l.Close()
	_, err = Ask(data, "status")
	require.ErrorIs(t, err, ErrNobody)
}
