package datatree_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/zk/datatree"
	"github.com/simctl/simctl/sim/zk/jute"
)

// A shell applies each write at once.
type shell struct {
	t    *testing.T
	tree *datatree.Tree
	prep *datatree.Prep
	who  []jute.ID
}

func newShell(t *testing.T) *shell {
	tree := datatree.New()
	return &shell{t: t, tree: tree, prep: datatree.NewPrep(tree)}
}

func (s *shell) do(op jute.Op, multi ...jute.Op) (datatree.Outcome, []datatree.Event) {
	zxid := s.tree.Zxid() + 1
	if op.ACL == nil {
		op.ACL = datatree.OpenACL
	}
	for i := range multi {
		multi[i].ACL = datatree.OpenACL
	}
	c := s.prep.Validate(zxid, &datatree.Request{Session: 7, Who: s.who, Op: op, Multi: multi})
	out, events := s.tree.Apply(zxid, &datatree.Txn{Session: 7, Time: zxid, Change: c})
	s.prep.Committed(zxid)
	return out, events
}

func (s *shell) create(path string, flags int32) string {
	out, _ := s.do(jute.Op{Type: jute.OpCreate, Path: path, Flags: flags})
	require.Equal(s.t, jute.OK, out.Code, path)
	return out.Path
}

func (s *shell) stat(path string) jute.Stat {
	st, ok := s.tree.Exists(path)
	require.True(s.t, ok, path)
	return st
}

func TestANewTreeIsZooKeepers(t *testing.T) {
	s := newShell(t)
	require.Equal(t, 5, s.tree.Len())
	require.Equal(t, int32(-2), s.stat("/zookeeper").Cversion)
	require.Equal(t, int32(-1), s.stat("/zookeeper/config").Aversion)
	out, _ := s.do(jute.Op{Type: jute.OpSetData, Path: "/zookeeper/config", Version: -1})
	require.Equal(t, jute.NoAuth, out.Code)
}

func TestSequenceNumbersCountCreationsOnly(t *testing.T) {
	s := newShell(t)
	s.create("/a", 0)
	require.Equal(t, "/a/n0000000000", s.create("/a/n", jute.FlagSequential))
	s.create("/a/plain", 0)
	out, _ := s.do(jute.Op{Type: jute.OpCreate, Path: "/a/plain"})
	require.Equal(t, jute.NodeExists, out.Code)
	s.do(jute.Op{Type: jute.OpDelete, Path: "/a/plain", Version: -1})
	require.Equal(t, "/a/0000000002", s.create("/a/", jute.FlagSequential))
	require.Equal(t, int32(4), s.stat("/a").Cversion, "three creations and a deletion")
	require.EqualValues(t, 6, s.stat("/a").Pzxid, "and the failed create had a zxid")
}

func TestAFailedMultiChangesNothingAndSaysWhichFailed(t *testing.T) {
	s := newShell(t)
	s.create("/a", 0)
	out, events := s.do(jute.Op{Type: jute.OpMulti},
		jute.Op{Type: jute.OpCreate, Path: "/a/n", Flags: jute.FlagSequential},
		jute.Op{Type: jute.OpDelete, Path: "/nope", Version: -1},
		jute.Op{Type: jute.OpSetData, Path: "/a", Version: -1})
	require.Empty(t, events)
	require.Equal(t, jute.OK, out.Code)
	codes := []jute.Code{out.Results[0].Code, out.Results[1].Code, out.Results[2].Code}
	require.Equal(t, []jute.Code{jute.OK, jute.NoNode, jute.RuntimeInconsistency}, codes)
	require.Equal(t, "/a/n0000000000", s.create("/a/n", jute.FlagSequential), "no number is burnt")
	require.EqualValues(t, 3, s.tree.Zxid())
}

func TestContainersAndTTLZnodesAreAbandoned(t *testing.T) {
	s := newShell(t)
	out, _ := s.do(jute.Op{Type: jute.OpCreateContainer, Path: "/c", Flags: jute.FlagContainer})
	require.Equal(t, jute.OK, out.Code)
	require.Empty(t, s.tree.Abandoned(1e9), "it never had children")
	s.create("/c/x", 0)
	s.do(jute.Op{Type: jute.OpDelete, Path: "/c/x", Version: -1})
	require.Equal(t, []string{"/c"}, s.tree.Abandoned(0))
	require.Zero(t, s.stat("/c").EphemeralOwner)
	out, _ = s.do(jute.Op{Type: jute.OpCreateTTL, Path: "/t", Flags: jute.FlagTTL, TTL: 50})
	require.Equal(t, jute.Unimplemented, out.Code)
	s.tree.ExtendedTypes = true
	out, _ = s.do(jute.Op{Type: jute.OpCreateTTL, Path: "/t", Flags: jute.FlagTTL, TTL: 50})
	require.Equal(t, jute.OK, out.Code)
	born := s.stat("/t").Mtime
	require.Equal(t, []string{"/c"}, s.tree.Abandoned(born+50))
	require.Equal(t, []string{"/c", "/t"}, s.tree.Abandoned(born+51))
	out, _ = s.do(jute.Op{Type: jute.OpDeleteContainer, Path: "/t"})
	require.Equal(t, jute.OK, out.Code)
	out, _ = s.do(jute.Op{Type: jute.OpDeleteContainer, Path: "/zookeeper"})
	require.Equal(t, jute.NoNode, out.Code, "a plain znode is not to be swept away")
}

func TestTheOperationMakesAContainerAndNotTheFlag(t *testing.T) {
	s := newShell(t)
	s.create("/plain", jute.FlagContainer)
	ask := func(zxid int64, typ int32, path string) datatree.Change {
		op := jute.Op{Type: typ, Path: path, Flags: jute.FlagEphemeral, ACL: datatree.OpenACL}
		return s.prep.Validate(zxid, &datatree.Request{Session: 7, Op: op})
	}
	c := ask(2, jute.OpCreateContainer, "/c")
	require.Equal(t, jute.NoChildrenForEphemerals, ask(3, jute.OpCreate, "/c/x").Code, "until it is applied, its flag says what it is")
	out, _ := s.tree.Apply(2, &datatree.Txn{Session: 7, Change: c})
	s.prep.Committed(2)
	require.Equal(t, jute.OK, out.Code)
	require.Zero(t, s.stat("/c").EphemeralOwner)
	require.Empty(t, s.tree.EphemeralsOf(7, ""))
	for _, path := range []string{"/plain/x", "/c/x"} {
		s.create(path, 0)
		s.do(jute.Op{Type: jute.OpDelete, Path: path, Version: -1})
	}
	require.Equal(t, []string{"/c"}, s.tree.Abandoned(0))
}

func TestACLsAreKept(t *testing.T) {
	s := newShell(t)
	me := datatree.DigestID("user:pass")
	require.Equal(t, "user:smGaoVKd/cQkjm7b88GyorAUz20=", me.ID)
	out, _ := s.do(jute.Op{Type: jute.OpCreate, Path: "/a", ACL: []jute.ACL{{Perms: 31, ID: jute.ID{Scheme: "auth"}}}})
	require.Equal(t, jute.InvalidACL, out.Code, "nobody has said who they are")
	s.who = []jute.ID{{Scheme: "ip", ID: "10.1.2.3"}, me}
	s.do(jute.Op{Type: jute.OpCreate, Path: "/a", ACL: []jute.ACL{{Perms: 31, ID: jute.ID{Scheme: "auth"}}}})
	_, _, code := s.tree.Get("/a", s.who)
	require.Equal(t, jute.OK, code)
	_, _, code = s.tree.Get("/a", s.who[:1])
	require.Equal(t, jute.NoAuth, code)
	auth, named := jute.ACL{Perms: 31, ID: jute.ID{Scheme: "auth"}}, jute.ACL{Perms: 31, ID: me}
	fixed, _ := datatree.FixACL([]jute.ACL{auth, named, auth, named}, s.who)
	require.Equal(t, []jute.ACL{named, named}, fixed, "what auth stands for is not looked for in the rest")
	subnet := []jute.ACL{{Perms: jute.PermRead, ID: jute.ID{Scheme: "ip", ID: "10.1.0.0/16"}}}
	require.Equal(t, jute.OK, datatree.Allowed(subnet, jute.PermRead, s.who))
	require.Equal(t, jute.NoAuth, datatree.Allowed(subnet, jute.PermWrite, s.who))
	require.Equal(t, jute.NoAuth, datatree.Allowed(subnet, jute.PermRead, s.who[1:]))
}

func TestWatchesFireInZooKeepersOrder(t *testing.T) {
	w := datatree.NewWatches()
	w.Data("/a/b", 1)
	w.Child("/a/b", 1)
	w.Child("/a/b", 2)
	w.Child("/a", 3)
	w.Persist("/", 4, true)
	w.Persist("/a", 5, false)
	fire := func(typ int32, path string) (told [][2]int) {
		for _, n := range w.Fire(datatree.Event{Type: typ, Path: path}) {
			told = append(told, [2]int{int(n.Conn), int(n.Type)})
		}
		return told
	}
	require.Equal(t, [][2]int{{1, 2}, {4, 2}, {2, 2}, {3, 4}, {5, 4}}, fire(jute.EventDeleted, "/a/b"))
	require.Equal(t, [][2]int{{4, 1}, {5, 4}}, fire(jute.EventCreated, "/a/b"), "what fires once has fired")
	require.Equal(t, [][2]int{{4, 3}, {5, 3}}, fire(jute.EventDataChanged, "/a"))
	require.True(t, w.Remove("/", 4, jute.WatcherAny))
	require.False(t, w.Remove("/", 4, jute.WatcherAny))
	w.Drop(5)
	require.Empty(t, fire(jute.EventDataChanged, "/a"))
	conns, paths, all := w.Count()
	require.Equal(t, [3]int{}, [3]int{conns, paths, all})
}

// ZooKeeper asks the parents of what no znode can be, if one watch is recursive.
func TestWatchesAreLookedForAtWhatIsNoPath(t *testing.T) {
	w := datatree.NewWatches()
	for _, path := range []string{"", "noslash", "a/b"} {
		w.Data(path, 1)
	}
	has := func(want jute.Code, path string) { require.Equal(t, want, w.Has(path, jute.WatcherData), path) }
	has(jute.NoWatcher, "")
	has(jute.OK, "noslash")
	has(jute.OK, "a/b")
	has(jute.NoWatcher, "a/c")
	w.Persist("/r", 2, true)
	has(jute.NoWatcher, "")
	has(jute.MarshallingError, "noslash")
	has(jute.OK, "a/b")
	has(jute.MarshallingError, "a/c")
}

func TestAWatchKeepsTheLastMode(t *testing.T) {
	w := datatree.NewWatches()
	w.Persist("/a", 1, true)
	w.Data("/a", 1)
	require.Len(t, w.Fire(datatree.Event{Type: jute.EventDataChanged, Path: "/a"}), 1)
	require.Empty(t, w.Fire(datatree.Event{Type: jute.EventDataChanged, Path: "/a"}))
	c := w.Clone()
	var a, b host.Digest
	w.Digest(&a)
	c.Digest(&b)
	require.Equal(t, a.Sum(), b.Sum())
}
