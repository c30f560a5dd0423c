package datatree_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/zk/datatree"
	"github.com/simctl/simctl/sim/zk/jute"
)

func sum(t *datatree.Tree) uint64 {
	var d host.Digest
	t.Digest(&d)
	return d.Sum()
}

// A pipeline is a leader whose commits lag behind its proposals, and a
// follower that hears of commits as bytes.
type pipeline struct {
	leader, follower *datatree.Tree
	prep             *datatree.Prep
	zxid             int64
	flying           []datatree.Txn
}

func (p *pipeline) propose(c datatree.Change, session int64) {
	p.zxid++
	p.flying = append(p.flying, datatree.Txn{Session: session, Time: p.zxid * 10, Change: c})
}

func (p *pipeline) commit(t require.TestingT) {
	x := p.flying[0]
	p.flying = p.flying[1:]
	zxid := p.leader.Zxid() + 1
	out, _ := p.leader.Apply(zxid, &x)
	p.prep.Committed(zxid)
	y, err := datatree.DecodeTxn(x.Encode())
	require.NoError(t, err)
	again, _ := p.follower.Apply(zxid, &y)
	require.Equal(t, out, again)
}

func drawOp(t *rapid.T) jute.Op {
	return jute.Op{
		Type: rapid.SampledFrom([]int32{jute.OpCreate, jute.OpCreate, jute.OpCreateContainer, jute.OpDelete, jute.OpSetData, jute.OpSetACL, jute.OpCheck}).Draw(t, "op"),
		Path: rapid.SampledFrom([]string{"/a", "/b", "/a/x", "/a/y", "/b/x", "/a/x/z", "/zookeeper", "bad"}).Draw(t, "path"),
		Data: rapid.SampledFrom([][]byte{nil, {}, []byte("data")}).Draw(t, "data"), ACL: datatree.OpenACL,
		Flags:   rapid.SampledFrom([]int32{0, 0, 1, 2, 3, 4, 9}).Draw(t, "flags"),
		Version: rapid.Int32Range(-1, 2).Draw(t, "version"),
	}
}

// Whatever is proposed ahead of commits, every transaction can be applied,
// alike on every server; a snapshot and a clone hold the same state; the sum
// that is kept is the sum of what is there.
func TestProposalsAheadOfCommitsApplyAlikeEverywhere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := &pipeline{leader: datatree.New(), follower: datatree.New()}
		p.prep = datatree.NewPrep(p.leader)
		open := map[int64]bool{}
		t.Repeat(map[string]func(*rapid.T){
			"": func(t *rapid.T) {
				require.Equal(t, sum(p.leader), sum(p.follower))
			},
			"write": func(t *rapid.T) {
				session := rapid.Int64Range(1, 3).Draw(t, "session")
				if !open[session] {
					open[session] = true
					p.propose(datatree.Change{Type: jute.OpCreateSession, Timeout: 4000}, session)
				}
				r := datatree.Request{Session: session, Op: drawOp(t)}
				p.propose(p.prep.Validate(p.zxid+1, &r), session)
			},
			"multi": func(t *rapid.T) {
				r := datatree.Request{Session: 9, Op: jute.Op{Type: jute.OpMulti}}
				for range rapid.IntRange(0, 3).Draw(t, "n") {
					op := drawOp(t)
					if op.Type != jute.OpSetACL {
						r.Multi = append(r.Multi, op)
					}
				}
				p.propose(p.prep.Validate(p.zxid+1, &r), 9)
			},
			"close": func(t *rapid.T) {
				session := rapid.Int64Range(1, 3).Draw(t, "session")
				if open[session] {
					p.propose(p.prep.CloseSession(p.zxid+1, session), session)
					delete(open, session)
				}
			},
			"commit": func(t *rapid.T) {
				if len(p.flying) == 0 {
					t.Skip("nothing flies")
				}
				p.commit(t)
			},
			"copy": func(t *rapid.T) {
				s, err := datatree.Decode(p.leader.Encode())
				require.NoError(t, err)
				require.Equal(t, sum(p.leader), sum(s))
				c := p.leader.Clone()
				require.Equal(t, c.Encode(), p.leader.Encode())
				p.prep = p.prep.Clone(c)
				p.leader = c
			},
		})
		for len(p.flying) > 0 {
			p.commit(t)
		}
		require.Zero(t, p.prep.Pending())
		for _, id := range []int64{1, 2, 3} {
			if _, lives := p.leader.Session(id); !lives {
				require.Empty(t, p.leader.EphemeralsOf(id, ""), "of a session that has ended")
			}
		}
	})
}

func TestDamagedSnapshotsAndTransactionsAreRefused(t *testing.T) {
	b := datatree.New().Encode()
	for n := range len(b) {
		_, err := datatree.Decode(b[:n])
		require.Error(t, err, "%d of %d bytes", n, len(b))
	}
	x := datatree.Txn{Change: datatree.Change{Type: jute.OpSetData, Path: "/a", Data: []byte("x")}}
	_, err := datatree.DecodeTxn(x.Encode()[:20])
	require.ErrorIs(t, err, jute.ErrMalformed)
}
