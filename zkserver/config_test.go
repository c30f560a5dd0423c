package zkserver

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"
)

// The script gives a zoo.cfg and says what server it is, or why it is refused.
// "myid=2" on the command line is the file myid of dataDir, where "data" is.
func TestZooCfg(t *testing.T) {
	datadriven.RunTest(t, "testdata/zoocfg", func(t *testing.T, d *datadriven.TestData) string {
		dir := t.TempDir()
		data := filepath.Join(dir, "data")
		require.NoError(t, os.Mkdir(data, 0o755))
		if d.HasArg("myid") {
			var id string
			d.ScanArgs(t, "myid", &id)
			require.NoError(t, os.WriteFile(filepath.Join(data, "myid"), []byte(id+"\n"), 0o644))
		}
		file := filepath.Join(dir, "zoo.cfg")
		text := strings.ReplaceAll(d.Input, "dataDir=data", "dataDir="+data)
		require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
		c, err := ReadConfig(file)
		plain := func(s string) string { return strings.ReplaceAll(s, dir+"/", "") + "\n" }
		if err != nil {
			return plain("refused: " + err.Error())
		}
		var b strings.Builder
		s, m := c.Server, c.Members
		fmt.Fprintf(&b, "server %d at %s, tick %v, sessions %v to %v", s.ID, s.Client, s.Tick, s.MinSession, s.MaxSession)
		for _, is := range []struct {
			set  bool
			what string
		}{
			{c.NoSync, "no sync"}, {s.ExtendedTypes, "TTL"}, {s.LocalSessions, "local sessions"}, {s.LocalUpgrading, "upgraded"},
			{s.MaxClientCnxns != 60, fmt.Sprint("maxClientCnxns ", s.MaxClientCnxns)},
			{s.ReadOnly, "read-only mode"}, {s.Reconfig, "reconfig"}, {s.Super != "", "super " + s.Super},
			{s.Words != ",", "words " + s.Words},
			{s.MaxBuffer > 0, fmt.Sprint("jute.maxbuffer ", s.MaxBuffer)},
			{s.ContainerCheck > 0, fmt.Sprint("containers every ", s.ContainerCheck)},
			{m.SnapCount > 0, fmt.Sprint("snapCount ", m.SnapCount)},
		} {
			if is.set {
				fmt.Fprintf(&b, ", %s", is.what)
			}
		}
		for _, x := range m.Members {
			fmt.Fprintf(&b, "\n  %d %s", x.ID, x.Addr)
		}
		if len(m.Members) > 0 {
			fmt.Fprintf(&b, "\n  initLimit %d, syncLimit %d\n  %s", m.Init, m.Sync, strings.ReplaceAll(strings.TrimSpace(s.Members), "\n", "\n  "))
		}
		for _, w := range c.Warnings {
			fmt.Fprintf(&b, "\nwarning: %s", w)
		}
		return plain(b.String())
	})
}
