package zk

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/host"
)

// twin is the tree again, written to be read: a flat list of znodes without
// links between them, copied whole before each multi.
type twin struct{ nodes []twinNode }

type twinNode struct {
	path              string
	data              string
	stat              coord.Stat // but for what is counted
	births, deaths    int32      // of children
	made, set, pstamp int64
}

func newTwin() *twin {
	return &twin{[]twinNode{
		// The server makes them without counting: users see -1 and -2.
		{path: "/", deaths: -1}, {path: "/zookeeper", deaths: -2},
		{path: "/zookeeper/config"}, {path: "/zookeeper/quota"},
	}}
}

func (w *twin) find(path string) *twinNode {
	for i := range w.nodes {
		if w.nodes[i].path == path {
			return &w.nodes[i]
		}
	}
	return nil
}

func (w *twin) children(path string) (out []string) {
	for _, n := range w.nodes {
		if n.path != "/" && parentOf(n.path) == path {
			out = append(out, n.path[strings.LastIndex(n.path, "/")+1:])
		}
	}
	slices.Sort(out)
	return out
}

func parentOf(path string) string {
	if i := strings.LastIndex(path, "/"); i > 0 {
		return path[:i]
	}
	return "/"
}

func (w *twin) apply(zxid, session int64, op coord.Op) (path string, err error) {
	n := w.find(op.Path)
	wrong := n != nil && op.Version != coord.AnyVersion && op.Version != n.stat.Version
	switch op.Kind {
	case coord.Create:
		return w.create(zxid, session, op)
	case coord.Multi:
		before := slices.Clone(w.nodes)
		for _, sub := range op.Ops {
			if _, err := w.apply(zxid, session, sub); err != nil {
				w.nodes = before
				return "", err
			}
		}
		return "", nil
	case coord.Delete:
		if op.Path == "/" || op.Path == "/zookeeper" {
			return "", coord.ErrBadArguments
		}
		if n == nil {
			return "", coord.ErrNoNode
		}
		if wrong {
			return "", coord.ErrBadVersion
		}
		if len(w.children(op.Path)) > 0 {
			return "", coord.ErrNotEmpty
		}
		p := w.find(parentOf(op.Path))
		p.deaths++
		p.pstamp = zxid
		w.nodes = slices.DeleteFunc(slices.Clone(w.nodes), func(n twinNode) bool { return n.path == op.Path })
		return "", nil
	}
	if n == nil {
		return "", coord.ErrNoNode
	}
	if wrong {
		return "", coord.ErrBadVersion
	}
	if op.Kind == coord.Set {
		n.data, n.set = string(op.Data), zxid
		n.stat.Version++
	}
	return "", nil
}

func (w *twin) create(zxid, session int64, op coord.Op) (string, error) {
	p := w.find(parentOf(op.Path))
	if p == nil {
		return "", coord.ErrNoNode
	}
	path := op.Path
	if op.Mode&coord.PersistentSequential != 0 {
		path += fmt.Sprintf("%010d", p.births)
	}
	if w.find(path) != nil {
		return "", coord.ErrNodeExists
	}
	if p.stat.EphemeralOwner != 0 {
		return "", coord.ErrNoChildrenForEphemerals
	}
	p.births++
	p.pstamp = zxid
	n := twinNode{path: path, data: string(op.Data), made: zxid, set: zxid, pstamp: zxid}
	if op.Mode&coord.Ephemeral != 0 {
		n.stat.EphemeralOwner = session
	}
	w.nodes = append(slices.Clone(w.nodes), n)
	return path, nil
}

// same demands that tree and twin are equal in every znode.
func same(t require.TestingT, tr *tree, w *twin) {
	require.Len(t, tr.nodes, len(w.nodes))
	for _, n := range w.nodes {
		z := tr.nodes[n.path]
		require.NotNil(t, z, n.path)
		kids := w.children(n.path)
		require.Equal(t, kids, append([]string(nil), z.kids...), n.path)
		st := z.stat()
		require.Equal(t, n.data, string(z.data), n.path)
		require.Equal(t, []int64{n.made, n.set, n.pstamp, n.stat.EphemeralOwner},
			[]int64{st.Czxid, st.Mzxid, st.Pzxid, st.EphemeralOwner}, n.path)
		require.Equal(t, []int32{n.stat.Version, n.births + n.deaths, int32(len(kids)), int32(len(n.data))},
			[]int32{st.Version, st.Cversion, st.NumChildren, st.DataLength}, n.path)
	}
}

var (
	genPath = rapid.SampledFrom([]string{
		"/", "/a", "/b", "/a/x", "/a/y", "/a/x/p", "/b/x", "/zookeeper", "/a/x0000000001", "/a0000000002",
	})
	genOne = rapid.Custom(func(t *rapid.T) coord.Op {
		return coord.Op{
			Kind:    rapid.SampledFrom([]coord.Kind{coord.Create, coord.Create, coord.Delete, coord.Set, coord.Check}).Draw(t, "kind"),
			Path:    genPath.Draw(t, "path"),
			Mode:    coord.Mode(rapid.IntRange(0, 3).Draw(t, "mode")),
			Version: int32(rapid.IntRange(-1, 2).Draw(t, "version")),
			Data:    []byte(rapid.SampledFrom([]string{"", "u", "vv"}).Draw(t, "data")),
		}
	})
)

func TestTreeBehavesAsItsNaiveTwin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tr, w, zxid := newTree(), newTwin(), int64(0)
		do := func(op coord.Op) {
			zxid++
			session := int64(rapid.IntRange(1, 2).Draw(t, "session"))
			r := tr.write(txn{zxid: zxid, session: session}, &op)
			path, err := w.apply(zxid, session, op)
			require.Equal(t, err, r.Err, "%+v", op)
			require.Equal(t, path, r.Path)
			require.Equal(t, zxid, r.Zxid)
			if err != nil {
				require.Empty(t, tr.changes, "a failed transaction fires no watch")
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"one":   func(t *rapid.T) { do(genOne.Draw(t, "op")) },
			"multi": func(t *rapid.T) { do(coord.Op{Kind: coord.Multi, Ops: rapid.SliceOfN(genOne, 0, 4).Draw(t, "ops")}) },
			"close": func(t *rapid.T) {
				zxid++
				id := int64(rapid.IntRange(1, 2).Draw(t, "session"))
				tr.closeSession(txn{zxid: zxid}, id)
				for _, n := range slices.Clone(w.nodes) {
					if n.stat.EphemeralOwner == id {
						_, err := w.apply(zxid, id, coord.Op{Kind: coord.Delete, Path: n.path, Version: coord.AnyVersion})
						require.NoError(t, err)
					}
				}
			},
			"": func(t *rapid.T) { same(t, tr, w) },
		})
	})
}

func TestDigestTellsTreesApart(t *testing.T) {
	sum := func(tr *tree) uint64 {
		var d host.Digest
		tr.digest(&d)
		return d.Sum()
	}
	a, b := newTree(), newTree()
	require.Equal(t, sum(a), sum(b))
	op := coord.Op{Kind: coord.Create, Path: "/a", Data: []byte("x")}
	require.NoError(t, a.write(txn{zxid: 1}, &op).Err)
	require.NotEqual(t, sum(a), sum(b))
	require.NoError(t, b.write(txn{zxid: 2}, &op).Err)
	require.NotEqual(t, sum(a), sum(b), "zxids differ")
}

func TestPathsAreCheckedAsClientsDo(t *testing.T) {
	tests := []struct {
		path       string
		sequential bool
		want       bool
	}{
		{"/", false, true},
		{"/a/b", false, true},
		{"/a/", true, true},
		{"", false, false},
		{"", true, false},
		{"a", false, false},
		{"/a/", false, false},
		{"/a//b", false, false},
		{"/a/../b", false, false},
		{"/./a", false, false},
		{"/a\x00", false, false},
	}
	for _, tt := range tests {
		require.Equal(t, tt.want, validPath(tt.path, tt.sequential), "%q", tt.path)
	}
}
