package zkserver

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/live/load"
)

func TestRowsOfABenchAreKeptAndNotMeasuredAgain(t *testing.T) {
	file := filepath.Join(t.TempDir(), "out", "zk.jsonl")
	rows, err := readRows(file)
	require.NoError(t, err)
	require.Empty(t, rows)
	all := cells(3, true)
	require.Len(t, all, 12)
	done := all[4]
	done.Ours, done.Theirs, done.Ratio, done.Least, done.Most = 300, 200, 1.5, 1.4, 1.6
	require.NoError(t, appendRow(file, done))
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = f.WriteString(`{"schema":"simctl/bench-zk/v1","op":"set`) // it was interrupted
	require.NoError(t, err)
	require.NoError(t, f.Close())
	rows, err = readRows(file)
	require.NoError(t, err)
	require.Equal(t, []BenchRow{done}, rows)
	require.Equal(t, all[4], rows[0].cell())
	require.NotEqual(t, cells(3, false)[4], rows[0].cell(), "a log that is not synced is another cell")
}

// serveAlone runs a standalone server in this process and returns where.
func serveAlone(t *testing.T) (addr string, stop func()) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	_, port, _ := net.SplitHostPort(l.Addr().String())
	require.NoError(t, l.Close())
	dir := t.TempDir()
	file := filepath.Join(dir, "zoo.cfg")
	text := fmt.Sprintf("dataDir=%s\nclientPort=%s\nforceSync=no\n", filepath.Join(dir, "data"), port)
	require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
	c, err := ReadConfig(file)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	var once bool
	stop = func() {
		if !once {
			once = true
			cancel()
			require.NoError(t, <-ended)
		}
	}
	t.Cleanup(stop)
	require.Eventually(t, func() bool {
		conn, err := net.Dial("tcp", string(c.Server.Client))
		if err == nil {
			conn.Close()
		}
		return err == nil
	}, 20*time.Second, 5*time.Millisecond)
	return string(c.Server.Client), stop
}

func TestALoadCountsWhatIsCarriedOut(t *testing.T) {
	addr, stop := serveAlone(t)
	for _, o := range []load.Options{
		{Clients: 3, Write: true, Size: 100}, {Clients: 1, InFlight: 20, Size: 1024}, {Clients: 1, InFlight: 20, Write: true},
	} {
		o.Servers = []string{addr}
		l, err := load.Open(o)
		require.NoError(t, err)
		rate, err := l.Run(100 * time.Millisecond)
		require.NoError(t, err)
		require.Greater(t, rate, 10.0)
		l.Close()
	}
	l, err := load.Open(load.Options{Servers: []string{addr}, Clients: 1})
	require.NoError(t, err)
	defer l.Close()
	stop()
	_, err = l.Run(10 * time.Second)
	require.Error(t, err, "nobody carries it out")
}
