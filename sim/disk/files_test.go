package disk

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/kernel"
)

// Files that an operator puts there survive a crash whole, and are nobody
// else's memory.
func TestFilesPutByAnOperatorSurvive(t *testing.T) {
	d := New(kernel.New(1, nil), "z1")
	d.AppendFile(0, 0, "old", []byte("gone"), host.Call{})
	mine := map[string][]byte{"a": []byte("one"), "b": nil}
	d.SetFiles(mine)
	mine["a"][0] = 'x'
	d.Crash()
	got := d.Files()
	require.Equal(t, "one", string(got["a"]))
	require.Contains(t, got, "b")
	require.NotContains(t, got, "old")
	got["a"][0] = 'x'
	require.Equal(t, "one", string(d.Files()["a"]))
}
