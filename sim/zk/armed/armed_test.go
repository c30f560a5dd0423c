package armed

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/coord/coordtest"
	"github.com/simctl/simctl/impl/host"
)

// owner writes down which of its watches were told.
type owner struct {
	coordtest.Collector
	told []string
}

func (o *owner) fired(what string, _ coord.Event) { o.told = append(o.told, what) }

func call(what string) host.Call { return host.BindResult((*owner).fired, what) }

// armed has one watch of each kind on /a, and two of its data.
func armed() *Watches {
	w := &Watches{}
	w.Arm(&coord.Op{Kind: coord.Get, Path: "/a"}, nil, call("data"))
	w.Arm(&coord.Op{Kind: coord.Exists, Path: "/a"}, nil, call("data again"))
	w.Arm(&coord.Op{Kind: coord.Exists, Path: "/a"}, coord.ErrNoNode, call("existence"))
	w.Arm(&coord.Op{Kind: coord.Children, Path: "/a"}, nil, call("children"))
	return w
}

func TestAnEventEndsTheWatchesThatItIsFor(t *testing.T) {
	for _, c := range []struct {
		typ  coord.EventType
		told []string
	}{
		{coord.Created, []string{"data", "data again", "existence"}},
		{coord.DataChanged, []string{"data", "data again", "existence"}},
		{coord.Deleted, []string{"data", "data again", "existence", "children"}},
		{coord.ChildrenChanged, []string{"children"}},
	} {
		w, o := armed(), &owner{}
		e := coord.Event{Type: c.typ, Path: "/a"}
		for _, k := range w.Take(&e) {
			k.Run(o, &e)
		}
		require.Equal(t, c.told, o.told, c.typ)
		require.Empty(t, w.Take(&e), "told twice, nobody hears it")
		require.Empty(t, w.Take(&coord.Event{Type: coord.Deleted, Path: "/b"}))
	}
}

func TestAnOperationThatFailedLeavesNoWatch(t *testing.T) {
	w := &Watches{}
	w.Arm(&coord.Op{Kind: coord.Get, Path: "/a"}, coord.ErrNoNode, call("data"))
	w.Arm(&coord.Op{Kind: coord.Children, Path: "/a"}, coord.ErrNoNode, call("children"))
	w.Arm(&coord.Op{Kind: coord.Exists, Path: "/a"}, coord.ErrConnectionLoss, call("existence"))
	w.Arm(&coord.Op{Kind: coord.Get, Path: "/a"}, nil, host.Call{})
	w.Arm(&coord.Op{Kind: coord.Set, Path: "/a"}, nil, call("a write"))
	require.True(t, w.None())
}

func TestAllIsEveryWatchOnce(t *testing.T) {
	w, o := armed(), &owner{}
	w.Arm(&coord.Op{Kind: coord.Get, Path: "/0"}, nil, call("first"))
	data, exist, kids := w.Paths()
	require.Equal(t, [][]string{{"/0", "/a"}, {"/a"}, {"/a"}}, [][]string{data, exist, kids})
	for _, x := range w.All() {
		x.Call.Run(o, &coord.Event{Type: coord.NotWatching, Path: x.Path})
	}
	require.Equal(t, []string{"first", "data", "data again", "existence", "children"}, o.told)
	require.True(t, w.None())
	require.Empty(t, w.All())
}
