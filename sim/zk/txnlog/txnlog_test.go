package txnlog_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/sim/zk/server"
	"github.com/simctl/simctl/sim/zk/txnlog"
)

func TestTheLogIsReadUpToATornRecord(t *testing.T) {
	one, two := server.Txn{Zxid: 1, Data: []byte("a")}, server.Txn{Zxid: 2, Data: []byte("b")}
	b := txnlog.Append(txnlog.Append(nil, one), two)
	whole := len(b)
	txns, n := txnlog.Read(b, 0)
	require.Equal(t, []server.Txn{one, two}, txns)
	require.Equal(t, whole, n)
	txns, _ = txnlog.Read(b, 1)
	require.Equal(t, []server.Txn{two}, txns, "what the snapshot holds is not in the log")
	txns, n = txnlog.Read(b[:whole-1], 0)
	require.Equal(t, []server.Txn{one}, txns)
	require.Equal(t, whole/2, n)
	txns, _ = txnlog.Read(txnlog.AppendCut(b, 1), 0)
	require.Equal(t, []server.Txn{one}, txns, "taken back")
	torn, ok := txnlog.Tear(b)
	require.True(t, ok)
	txns, n = txnlog.Read(torn, 0)
	require.Equal(t, []server.Txn{one}, txns)
	require.Less(t, n, len(torn))
	b[whole-1] ^= 1
	_, n = txnlog.Read(b, 0)
	require.Equal(t, whole/2, n, "a damaged record ends the log")
}
