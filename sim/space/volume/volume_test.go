package volume_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/disk"
	"github.com/simctl/simctl/sim/kernel"
	"github.com/simctl/simctl/sim/space/volume"
)

// told is files in words.
func told(files map[string][]byte) string {
	var words []string
	for name, data := range files {
		words = append(words, fmt.Sprintf("%s=%s", name, data))
	}
	slices.Sort(words)
	return strings.Join(words, " ")
}

func content(v *volume.Volume) string {
	files := map[string][]byte{}
	for _, name := range v.List("d") {
		files[name], _ = v.Read("d/" + name)
	}
	return told(files)
}

// A volume is the simulated disk as a value: processes read the same from both, and
// whatever a crash of the one leaves is an outcome of the other.
func TestALossLeavesWhatTheSimulatedDiskMayLeave(t *testing.T) {
	seen := map[string]bool{}
	rapid.Check(t, func(t *rapid.T) {
		real := disk.New(kernel.New(rapid.Uint64().Draw(t, "seed"), nil), "m1")
		v := &volume.Volume{}
		names := rapid.SampledFrom([]string{"d/a", "d/b", "d/c"})
		n := 0
		for range rapid.IntRange(1, 8).Draw(t, "calls") {
			name, to, err := names.Draw(t, "name"), names.Draw(t, "to"), ""
			before := v.Sum()
			var after *volume.Volume
			switch what := rapid.SampledFrom([]string{"create", "append", "append", "rename", "remove"}).Draw(t, "what"); what {
			case "create":
				real.CreateFile(1, 1, name, host.Call{})
				after, err = v.Create(name)
			case "append":
				data := []byte(strings.Repeat(string(rune('0'+n)), 4))
				n++
				real.AppendFile(1, 1, name, data, host.Call{})
				after, err = v.Append(name, data)
			case "rename":
				real.RenameFile(1, 1, name, to, host.Call{})
				after, err = v.Rename(name, to)
			case "remove":
				real.RemoveFile(1, 1, name, host.Call{})
				after, err = v.Remove(name)
			}
			require.Equal(t, before, v.Sum(), "a volume does not change")
			require.Equal(t, err != "", after == v)
			v = after
		}
		files := map[string][]byte{}
		for name, data := range real.Files() {
			files[strings.TrimPrefix(name, "d/")] = data
		}
		require.Equal(t, told(files), content(v))
		var may []string
		for _, o := range v.Outcomes() {
			may = append(may, content(o))
			require.Len(t, o.Outcomes(), 1, "what is left is on the disk")
		}
		real.Crash()
		files = map[string][]byte{}
		for name, data := range real.Files() {
			data = half(data)
			files[strings.TrimPrefix(name, "d/")] = data
		}
		require.Contains(t, may, told(files))
		seen[fmt.Sprint(len(may) > 4)] = true
	})
	require.True(t, seen["true"], "no program had many outcomes")
}

// half cuts a torn append of four bytes to two: the simulated disk leaves any part.
func half(data []byte) []byte {
	if n := len(data) % 4; n == 1 || n == 3 {
		if n == 1 {
			return append(data, data[len(data)-1])
		}
		return data[:len(data)-1]
	}
	return data
}

// What each call leaves on the disk for sure.
func TestASyncIsForEver(t *testing.T) {
	v := &volume.Volume{}
	do := func(after *volume.Volume, err string) {
		require.Empty(t, err)
		v = after
	}
	left := func() (all []string) {
		for _, o := range v.Outcomes() {
			all = append(all, v.Differ(o)+"; left: "+content(o))
		}
		return all
	}
	do(v.Append("d/a", []byte("1234")))
	require.Equal(t, []string{"d/a; left: ", "all but 0 of 4 bytes of d/a; left: a=", "all but 2 of 4 bytes of d/a; left: a=12", "nothing; left: a=1234"}, left())
	do(v.Sync("d/a"))
	require.Equal(t, []string{"nothing; left: a=1234"}, left())
	do(v.Append("d/new", []byte("5678")))
	do(v.Sync("d/new"))
	do(v.Rename("d/new", "d/a"))
	require.Equal(t, []string{"the latest d/a, the removal of d/new; left: a=1234 new=5678", "nothing; left: a=5678"}, left())
	require.Equal(t, "d/a of 4 bytes, its name not synced\nd/new is removed, not synced\n", v.String())
	do(v.Sync("d/a"))
	do(v.Remove("d/a"))
	require.Equal(t, []string{"the removal of d/a; left: a=5678", "nothing; left: "}, left())
	for _, f := range []func(string) (*volume.Volume, string){v.Sync, v.Remove} {
		_, err := f("d/a")
		require.Equal(t, host.FileNotExist, err)
	}
	_, err := v.Read("d/a")
	require.Equal(t, host.FileNotExist, err)
}
