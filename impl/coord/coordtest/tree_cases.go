package coordtest

import (
	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/coord"
)

func createdIsFresh(w *world) {
	u := w.first()
	r := u.must(create(root+"/a", "xyz"))
	require.Equal(w, root+"/a", r.Path)
	g := u.must(get(root + "/a"))
	require.Equal(w, "xyz", string(g.Data))
	s := g.Stat
	require.Positive(w, s.Czxid)
	require.Equal(w, r.Zxid, s.Czxid)
	require.Equal(w, s.Czxid, s.Mzxid)
	require.Equal(w, s.Czxid, s.Pzxid)
	require.Equal(w, s.Ctime, s.Mtime)
	s.Czxid, s.Mzxid, s.Pzxid, s.Ctime, s.Mtime = 0, 0, 0, 0, 0
	require.Equal(w, coord.Stat{DataLength: 3}, s)
	e := u.must(exists(root + "/a"))
	require.Equal(w, g.Stat, e.Stat)
}

func createRefused(w *world) {
	u := w.first()
	u.must(createMode(root+"/e", coord.Ephemeral))
	for _, c := range []struct {
		path string
		want error
	}{
		{root, coord.ErrNodeExists},
		{root + "/e", coord.ErrNodeExists},
		{root + "/missing/child", coord.ErrNoNode},
		{root + "/e/child", coord.ErrNoChildrenForEphemerals},
		{"no-slash", coord.ErrBadArguments},
	} {
		r := u.do(create(c.path, ""))
		require.ErrorIs(w, r.Err, c.want, c.path)
	}
}

func sequentialNames(w *world) {
	u := w.first()
	for _, step := range []struct {
		op   coord.Op
		want string // path created; "" if none is
	}{
		{createMode(root+"/a-", coord.PersistentSequential), "/a-0000000000"},
		{createMode(root+"/b-", coord.EphemeralSequential), "/b-0000000001"},
		{create(root+"/plain", ""), "/plain"}, // counts
		{createMode(root+"/a-", coord.EphemeralSequential), "/a-0000000003"},
		{create(root+"/plain", ""), ""}, // refused: does not count
		{remove(root + "/a-0000000003"), ""},
		{createMode(root+"/a-", coord.PersistentSequential), "/a-0000000004"},
		{createMode(root+"/", coord.PersistentSequential), "/0000000005"},
	} {
		r := u.do(step.op)
		if step.want == "" {
			require.Empty(w, r.Path)
			continue
		}
		require.NoError(w, r.Err)
		require.Equal(w, root+step.want, r.Path)
	}
}

func sequenceRestarts(w *world) {
	u := w.first()
	dir := root + "/dir"
	for range 2 {
		u.must(create(dir, ""))
		r := u.must(createMode(dir+"/n", coord.PersistentSequential))
		require.Equal(w, dir+"/n0000000000", r.Path)
		u.must(remove(r.Path))
		u.must(remove(dir))
	}
}

func deleteRefused(w *world) {
	u := w.first()
	u.must(create(root+"/a", ""))
	u.must(create(root+"/a/b", ""))
	at := func(path string, version int32) error {
		return u.do(coord.Op{Kind: coord.Delete, Path: path, Version: version}).Err
	}
	require.ErrorIs(w, at(root+"/missing", 0), coord.ErrNoNode)
	require.ErrorIs(w, at(root+"/a", 0), coord.ErrNotEmpty)
	require.ErrorIs(w, at(root+"/a/b", 1), coord.ErrBadVersion)
	require.NoError(w, at(root+"/a/b", 0))
	require.NoError(w, at(root+"/a", coord.AnyVersion))
}

func setCountsVersions(w *world) {
	u := w.first()
	made := u.must(create(root+"/a", "0"))
	require.ErrorIs(w, u.do(set(root+"/missing", "", coord.AnyVersion)).Err, coord.ErrNoNode)
	require.ErrorIs(w, u.do(set(root+"/a", "", 1)).Err, coord.ErrBadVersion)
	first := u.must(set(root+"/a", "12", 0))
	second := u.must(set(root+"/a", "345", coord.AnyVersion))
	require.Equal(w, int32(1), first.Stat.Version)
	require.Equal(w, int32(2), second.Stat.Version)
	require.Equal(w, second.Zxid, second.Stat.Mzxid)
	require.Equal(w, made.Zxid, second.Stat.Czxid)
	require.Equal(w, made.Zxid, second.Stat.Pzxid, "a set is no change of children")
	require.Equal(w, int32(3), second.Stat.DataLength)
	g := u.must(get(root + "/a"))
	require.Equal(w, "345", string(g.Data))
	require.Equal(w, second.Stat, g.Stat)
}

func parentStat(w *world) {
	u := w.first()
	made := u.must(create(root+"/p", ""))
	look := func() coord.Stat { return u.must(exists(root + "/p")).Stat }
	u.must(create(root+"/p/a", ""))
	b := u.must(create(root+"/p/b", ""))
	s := look()
	require.Equal(w, []int32{2, 2}, []int32{s.Cversion, s.NumChildren})
	require.Equal(w, b.Zxid, s.Pzxid)
	gone := u.must(remove(root + "/p/a"))
	u.must(set(root+"/p/b", "x", coord.AnyVersion))
	u.must(create(root+"/p/b/c", ""))
	s = look()
	require.Equal(w, []int32{3, 1}, []int32{s.Cversion, s.NumChildren}, "creations and deletions of children count")
	require.Equal(w, gone.Zxid, s.Pzxid, "neither data nor grandchildren change it")
	require.Equal(w, made.Zxid, s.Mzxid)
	require.Equal(w, int32(0), s.Version)
}

func childrenSorted(w *world) {
	u := w.first()
	for _, name := range []string{"c", "a", "b", "a0"} {
		u.must(create(root+"/"+name, ""))
	}
	r := u.must(children(root))
	require.Equal(w, []string{"a", "a0", "b", "c"}, r.Children)
	require.Equal(w, int32(4), r.Stat.NumChildren)
	require.Empty(w, u.must(children(root+"/a")).Children)
}

func missingReads(w *world) {
	u := w.first()
	for _, op := range []coord.Op{get(root + "/x"), exists(root + "/x"), children(root + "/x")} {
		require.ErrorIs(w, u.do(op).Err, coord.ErrNoNode, op.Kind.String())
	}
	require.NoError(w, u.do(coord.Op{Kind: coord.Sync, Path: root + "/x"}).Err, "sync needs no znode")
}

func failedWriteConsumesZxid(w *world) {
	u := w.first()
	before := u.must(set(root, "1", coord.AnyVersion)).Zxid
	for i, op := range []coord.Op{create(root, ""), set(root, "", 77), remove(root + "/missing"), multi(check(root, 77))} {
		require.Error(w, u.do(op).Err)
		u.must(get(root)) // a read consumes none
		after := u.must(set(root, "1", coord.AnyVersion)).Zxid
		require.Equal(w, before+2, after, "operation %d", i)
		before = after
	}
}

func readZxid(w *world) {
	u := w.first()
	z := u.must(set(root, "1", coord.AnyVersion)).Zxid
	require.Equal(w, z, u.must(get(root)).Zxid)
	require.Equal(w, z, u.do(exists(root+"/missing")).Zxid)
}
