package progress

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestProgressIsALineNowAndThenElsewhereThanOnTerminals(t *testing.T) {
	var out bytes.Buffer
	p := New(&out, false, "sweep", 10, false)
	now := p.last
	p.now = func() time.Time { return now }
	p.Ran(true)
	require.Empty(t, out.String())
	now = now.Add(quietFor)
	p.Ran(false)
	p.End()
	require.Equal(t, "sweep 2/10 runs  1 violations\n", out.String())

	out.Reset()
	p = New(&out, false, "sweep", 0, true)
	p.now = func() time.Time { return now.Add(2 * quietFor) }
	p.Ran(true)
	p.End()
	require.Empty(t, out.String())
}
