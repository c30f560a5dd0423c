package quorum

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/sim/zk/server"
	"github.com/simctl/simctl/sim/zk/txnlog"
)

// Tear costs exactly the last record of the log that the server would read, and
// leaves part of it.
func TestFilesAreTornWhereServersReadThem(t *testing.T) {
	var txns []server.Txn
	for i := range int64(5) {
		txns = append(txns, server.Txn{Zxid: 1<<32 + i + 1, Data: []byte{byte(i), 2, 3}})
	}
	files, shorter := Files(7, txns), Files(7, txns[:4])
	require.Equal(t, "7", string(files[acceptedFile]))
	require.True(t, Tear(files))
	require.Greater(t, len(files[logFile(0)]), len(shorter[logFile(0)]), "part of the record is left")
	require.Equal(t, shorter[logFile(0)], files[logFile(0)][:len(shorter[logFile(0)])])

	require.False(t, Tear(Files(1, nil)), "an empty log has no record")
	later := map[string][]byte{snapshotFile: encodeSnapshot(3, snapshot{}), logFile(3): txnlog.Append(nil, txns[0])}
	require.True(t, Tear(later), "the log behind a snapshot has its generation's name")
	require.False(t, Tear(map[string][]byte{snapshotFile: []byte("broken")}))
}
