package coordtest

import (
	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/coord"
)

func multiIsOne(w *world) {
	u := w.first()
	u.must(create(root+"/old", "1"))
	u.must(create(root+"/gone", ""))
	r := u.must(multi(
		create(root+"/new", "x"),
		createMode(root+"/s-", coord.EphemeralSequential),
		set(root+"/old", "22", 0),
		remove(root+"/gone"),
		check(root+"/old", 1),
	))
	require.Len(w, r.Results, 5)
	for i, x := range r.Results {
		require.NoError(w, x.Err, "operation %d", i)
	}
	require.Equal(w, root+"/new", r.Results[0].Path)
	require.Equal(w, root+"/s-0000000003", r.Results[1].Path)
	require.Equal(w, int32(1), r.Results[2].Stat.Version)
	require.Equal(w, r.Zxid, r.Results[2].Stat.Mzxid)
	require.Equal(w, r.Zxid, u.must(exists(root+"/new")).Stat.Czxid)
	require.Equal(w, r.Zxid, u.must(exists(root+"/s-0000000003")).Stat.Czxid)
	require.ErrorIs(w, u.do(exists(root+"/gone")).Err, coord.ErrNoNode)
	require.Equal(w, r.Zxid+1, u.must(set(root, "", coord.AnyVersion)).Zxid, "one zxid for all")
}

func multiSeesItself(w *world) {
	u := w.first()
	u.must(multi(
		create(root+"/p", ""),
		create(root+"/p/c", "1"),
		set(root+"/p/c", "2", 0),
		set(root+"/p/c", "3", 1),
		remove(root+"/p/c"),
		create(root+"/p/c", "4"),
	))
	g := u.must(get(root + "/p/c"))
	require.Equal(w, "4", string(g.Data))
	require.Equal(w, int32(0), g.Stat.Version)
}

func multiFails(w *world) {
	u := w.first()
	u.must(create(root+"/a", "1"))
	before := u.must(exists(root)).Stat
	r := u.do(multi(
		create(root+"/new", ""),
		createMode(root+"/s-", coord.PersistentSequential),
		set(root+"/a", "2", 0),
		set(root+"/a", "3", 9),
		remove(root+"/a"),
	))
	require.ErrorIs(w, r.Err, coord.ErrBadVersion)
	require.Len(w, r.Results, 5)
	for i, x := range r.Results {
		want := coord.ErrRolledBack
		if i == 3 {
			want = coord.ErrBadVersion
		}
		require.ErrorIs(w, x.Err, want, "operation %d", i)
		require.Empty(w, x.Path)
	}
	g := u.must(get(root + "/a"))
	require.Equal(w, "1", string(g.Data))
	require.Equal(w, []string{"a"}, u.must(children(root)).Children)
	require.Equal(w, before, u.must(exists(root)).Stat)
	s := u.must(createMode(root+"/s-", coord.PersistentSequential))
	require.Equal(w, root+"/s-0000000001", s.Path, "no sequence number is burnt")
}

func multiChecks(w *world) {
	u := w.first()
	u.must(create(root+"/a", ""))
	for _, c := range []struct {
		op   coord.Op
		want error
	}{
		{check(root+"/a", 0), nil},
		{check(root+"/a", coord.AnyVersion), nil},
		{check(root+"/a", 1), coord.ErrBadVersion},
		{check(root+"/missing", 0), coord.ErrNoNode},
	} {
		r := u.do(multi(c.op, create(root+"/b", "")))
		if c.want == nil {
			require.NoError(w, r.Err)
			u.must(remove(root + "/b"))
			continue
		}
		require.ErrorIs(w, r.Err, c.want)
		require.ErrorIs(w, r.Results[0].Err, c.want)
		require.ErrorIs(w, r.Results[1].Err, coord.ErrRolledBack)
		require.ErrorIs(w, u.do(exists(root+"/b")).Err, coord.ErrNoNode)
	}
}

func multiEmpty(w *world) {
	u := w.first()
	z := u.must(set(root, "", coord.AnyVersion)).Zxid
	r := u.must(multi())
	require.Empty(w, r.Results)
	require.Equal(w, z+1, r.Zxid)
}

func multiFires(w *world) {
	u := w.first()
	u.must(create(root+"/a", ""))
	_, data := u.watch(get(root + "/a"))
	_, missing := u.watch(exists(root + "/b"))
	require.Error(w, u.do(exists(root+"/b")).Err)
	_, kids := u.watch(children(root))
	answer := u.ask(multi(set(root+"/a", "1", 0), create(root+"/b", ""), check(root, coord.AnyVersion)))
	require.NoError(w, u.answer(answer).Err)
	log := u.log()
	order := []int{index(log, data, false), index(log, missing, false), index(log, kids, false), index(log, answer, true)}
	require.Positive(w, order[0])
	require.IsIncreasing(w, order, "%v", log)
}
