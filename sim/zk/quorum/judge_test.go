package quorum

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/sim/zk/server"
)

// reign is one server's serving as leader of an epoch.
type reign struct {
	epoch int64
	id    server.ServerID
}

// ledger is the one order of transactions, as the first server to get so far
// was told it: zab-agreement and zab-prefix hold if nobody is told another.
type ledger struct{ txns []server.Txn }

// deliver judges the i-th transaction that a server is told.
func (l *ledger) deliver(i int, t server.Txn) error {
	if i > len(l.txns) {
		return fmt.Errorf("zab-prefix: transaction %d is delivered before anybody has %d", i, len(l.txns))
	}
	if i == len(l.txns) {
		if i > 0 && l.txns[i-1].Zxid >= t.Zxid {
			return fmt.Errorf("zab-prefix: %#x is delivered behind %#x", t.Zxid, l.txns[i-1].Zxid)
		}
		l.txns = append(l.txns, t)
		return nil
	}
	if want := l.txns[i]; want.Zxid != t.Zxid {
		return fmt.Errorf("zab-prefix: transaction %d is %#x here and %#x elsewhere", i, t.Zxid, want.Zxid)
	} else if !bytes.Equal(want.Data, t.Data) {
		return fmt.Errorf("zab-agreement: %#x is %x here and %x elsewhere", t.Zxid, t.Data, want.Data)
	}
	return nil
}

// oneLeaderPerEpoch judges who served as leader.
func oneLeaderPerEpoch(reigns []reign) error {
	for i, a := range reigns {
		for _, b := range reigns[:i] {
			if a.epoch == b.epoch && a.id != b.id {
				return fmt.Errorf("one-leader-per-epoch: %d and %d led epoch %d", b.id, a.id, a.epoch)
			}
		}
	}
	return nil
}

// committedIsDurable judges what a server holds at the end. Acked comes in the
// order of time, and an old leader may commit after a new one.
func committedIsDurable(acked, holds []server.Txn) error {
	acked = slices.Clone(acked)
	slices.SortStableFunc(acked, func(a, b server.Txn) int { return cmp.Compare(a.Zxid, b.Zxid) })
	at := 0
	for _, t := range acked {
		for at < len(holds) && holds[at].Zxid < t.Zxid {
			at++
		}
		if at == len(holds) || holds[at].Zxid != t.Zxid || !bytes.Equal(holds[at].Data, t.Data) {
			return fmt.Errorf("committed-is-durable: %#x was committed and is lost", t.Zxid)
		}
	}
	return nil
}

func TestJudgesRejectWhatTheyMust(t *testing.T) {
	one, two := server.Txn{Zxid: 1<<32 | 1, Data: []byte("a")}, server.Txn{Zxid: 1<<32 | 2, Data: []byte("b")}
	other := server.Txn{Zxid: one.Zxid, Data: []byte("x")}
	var l ledger
	require.NoError(t, l.deliver(0, one))
	require.NoError(t, l.deliver(0, one))
	require.ErrorContains(t, l.deliver(0, other), "zab-agreement")
	require.ErrorContains(t, l.deliver(0, two), "zab-prefix: transaction 0")
	require.ErrorContains(t, l.deliver(2, two), "zab-prefix: transaction 2")
	require.ErrorContains(t, l.deliver(1, one), "zab-prefix: 0x100000001")

	require.NoError(t, oneLeaderPerEpoch([]reign{{1, 1}, {2, 2}, {2, 2}}))
	require.ErrorContains(t, oneLeaderPerEpoch([]reign{{1, 1}, {2, 2}, {1, 3}}), "1 and 3 led epoch 1")

	require.NoError(t, committedIsDurable([]server.Txn{two}, []server.Txn{one, two}))
	require.NoError(t, committedIsDurable([]server.Txn{two, one}, []server.Txn{one, two}), "an old leader commits late")
	require.ErrorContains(t, committedIsDurable([]server.Txn{one, two}, []server.Txn{two}), "0x100000001")
	require.ErrorContains(t, committedIsDurable([]server.Txn{one, two}, []server.Txn{one}), "0x100000002")
	require.ErrorContains(t, committedIsDurable([]server.Txn{other}, []server.Txn{one}), "is lost")
}
