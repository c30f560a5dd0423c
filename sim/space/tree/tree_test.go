package tree_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/sim/space/tree"
)

// operation reads one: "create PATH DATA", "ephemeral PATH", "sequential PATH",
// "set PATH DATA VERSION", "delete PATH VERSION", "check PATH VERSION", "get PATH",
// "children PATH", "exists PATH".
func operation(t *testing.T, line string) coord.Op {
	f := strings.Fields(line)
	op := coord.Op{Path: f[1], Version: coord.AnyVersion}
	switch f[0] {
	case "create":
		op.Kind, op.Data = coord.Create, []byte(f[2])
	case "ephemeral":
		op.Kind, op.Mode = coord.Create, coord.Ephemeral
	case "sequential":
		op.Kind, op.Mode = coord.Create, coord.EphemeralSequential
	case "set":
		op.Kind, op.Data = coord.Set, []byte(f[2])
	case "delete":
		op.Kind = coord.Delete
	case "check":
		op.Kind = coord.Check
	case "get":
		op.Kind = coord.Get
	case "children":
		op.Kind = coord.Children
	case "exists":
		op.Kind = coord.Exists
	default:
		t.Fatalf("no operation %q", f[0])
	}
	last := f[len(f)-1]
	if len(f) > 2 && op.Kind != coord.Create {
		if _, err := fmt.Sscanf(last, "%d", &op.Version); err != nil {
			t.Fatal(err)
		}
	}
	return op
}

// TestTreesAreZooKeepers runs a script: what ZooKeeper answers stands in
// impl/coord/coordtest, which every service is held to. Each line is one write or
// read; of multi the lines are one transaction. An older tree stays as it was.
func TestTreesAreZooKeepers(t *testing.T) {
	now := tree.New()
	datadriven.RunTest(t, "testdata/tree.txt", func(t *testing.T, d *datadriven.TestData) string {
		var b strings.Builder
		session := int64(7)
		switch d.Cmd {
		case "tree":
			return now.String()
		case "end":
			next, did := now.EndSession(session)
			now = next
			return fmt.Sprintln(did, "zxid", now.Read(&coord.Op{Kind: coord.Sync}).Zxid)
		}
		var ops []coord.Op
		for line := range strings.Lines(d.Input) {
			ops = append(ops, operation(t, line))
		}
		if d.Cmd == "multi" {
			ops = []coord.Op{{Kind: coord.Multi, Ops: ops}}
		}
		for i := range ops {
			before, sum := now.String(), now.Sum()
			tell(&b, &now, session, &ops[i], before, sum)
		}
		return b.String()
	})
}

func tell(b *strings.Builder, now **tree.Tree, session int64, op *coord.Op, before string, sum uint64) {
	switch op.Kind {
	case coord.Get, coord.Children, coord.Exists:
		r := (*now).Read(op)
		fmt.Fprintf(b, "%v %q %v version %d cversion %d owner %d mzxid %d\n", r.Err, r.Data, r.Children, r.Stat.Version, r.Stat.Cversion, r.Stat.EphemeralOwner, r.Stat.Mzxid)
		return
	}
	old := *now
	next, r, did := old.Apply(session, op)
	*now = next
	fmt.Fprintf(b, "%v %s zxid %d did %v", r.Err, r.Path, r.Zxid, did)
	for _, x := range r.Results {
		fmt.Fprintf(b, " [%v %s]", x.Err, x.Path)
	}
	b.WriteByte('\n')
	if old.String() != before || old.Sum() != sum {
		b.WriteString("the old tree has changed\n")
	}
}
