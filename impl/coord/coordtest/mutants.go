package coordtest

import (
	"slices"
	"strings"

	"github.com/simctl/simctl/impl/coord"
)

// asAsked is the mutant that tells the timeout asked for.
const asAsked = "a timeout is granted as asked"

var mutants = []mutant{
	{name: "data is lost", caught: "a created znode holds its data and a fresh stat",
		op: func(op *coord.Op) { op.Data = nil }},
	{name: "every create succeeds", caught: "a create that cannot be is refused",
		answer: func(_ *overlay, op coord.Op, r *coord.Result) {
			if op.Kind == coord.Create {
				r.Err = nil
			}
		}},
	{name: "sequences begin at 1", caught: "sequential names count the creations under their parent",
		answer: func(_ *overlay, _ coord.Op, r *coord.Result) {
			r.Path = strings.Replace(r.Path, "0000000000", "0000000001", 1)
		}},
	{name: "a delete takes any version", caught: "a delete needs the version and no children",
		op: anyVersion(coord.Delete)},
	{name: "a set takes any version", caught: "a set counts versions and refuses others",
		op: anyVersion(coord.Set)},
	{name: "the cversion counts creations only", caught: "a parent's stat tells of its children",
		answer: func(_ *overlay, _ coord.Op, r *coord.Result) {
			r.Stat.Cversion = (r.Stat.Cversion + r.Stat.NumChildren) / 2
		}},
	{name: "children change their parent's mzxid", caught: "a parent's stat tells of its children",
		answer: func(_ *overlay, _ coord.Op, r *coord.Result) { r.Stat.Mzxid = r.Stat.Pzxid }},
	{name: "children are not sorted", caught: "children are listed sorted",
		answer: func(_ *overlay, _ coord.Op, r *coord.Result) { slices.Reverse(r.Children) }},
	{name: "a failed write consumes nothing", caught: "a failed write consumes a zxid",
		answer: func(o *overlay, _ coord.Op, r *coord.Result) { r.Zxid -= o.failed }},
	{name: "a read has no zxid", caught: "a read shows the zxid of the last write",
		answer: func(_ *overlay, op coord.Op, r *coord.Result) {
			if op.Kind == coord.Get {
				r.Zxid = 0
			}
		}},
	{name: "each operation of a multi has a zxid", caught: "a multi is one transaction",
		answer: func(_ *overlay, _ coord.Op, r *coord.Result) { r.Zxid += int64(len(r.Results)) }},
	{name: "a failed multi blames every operation", caught: "a failed multi changes nothing and says which operation failed",
		answer: func(_ *overlay, _ coord.Op, r *coord.Result) {
			for i := range r.Results {
				r.Results[i].Err = r.Err
			}
		}},
	{name: "a multi forgets its checks", caught: "a multi checks versions",
		op: func(op *coord.Op) {
			op.Ops = slices.DeleteFunc(op.Ops, func(x coord.Op) bool { return x.Kind == coord.Check })
		}},
	{name: "a watch stays", caught: "a data watch fires once", events: 1},
	{name: "a watch event is of the wrong type", caught: "an exists watch waits for a missing znode",
		event: func(_ *overlay, e *coord.Event) { e.Type = coord.DataChanged }},
	{name: "watch events are late", caught: "a watch event comes before the answer that shows the change", hold: true},
	{name: "watch events of a multi are late", caught: "a multi fires its watches in order before its answer", hold: true},
	{name: asAsked, caught: "a session gets an identity and a timeout within the bounds"},
	{name: "every session has the same identity", caught: "a session gets an identity and a timeout within the bounds",
		state: func(_ *overlay, c *coord.StateChange) bool { c.ID = 7; return true }},
	{name: "answers overtake each other", caught: "operations are done and answered in the order asked", swap: true},
	{name: "ephemerals persist", caught: "an ephemeral belongs to its session",
		op: func(op *coord.Op) { op.Mode &^= coord.Ephemeral }},
	{name: "a close is not told to the service", caught: "a closed session's ephemerals go at once", closeIsDrop: true},
	{name: "a drop is told to the service", caught: "a dropped session's ephemerals live until it expires", dropIsClose: true},
	{name: "an expiry is a disconnection", caught: "an expired session says so for ever",
		state: func(_ *overlay, c *coord.StateChange) bool { return c.State != coord.Expired }},
	{name: "a watch does not end with its session", caught: "watches end with their session",
		event: func(_ *overlay, e *coord.Event) { e.Type = coord.DataChanged }},
	{name: "a resumed session is a new one", caught: "a session resumes after its connection broke",
		state: func(o *overlay, c *coord.StateChange) bool {
			if o.lost {
				c.ID++
			}
			return true
		}},
	{name: "an unknown outcome is a success", caught: "what is in flight when the connection is lost is answered so",
		answer: func(_ *overlay, _ coord.Op, r *coord.Result) {
			if r.Err == coord.ErrConnectionLoss {
				r.Err = nil
			}
		}},
	{name: "a session that cannot be reached is said to be expired", caught: "a session that is cut off for too long has expired",
		state: func(_ *overlay, c *coord.StateChange) bool {
			if c.State == coord.Disconnected {
				c.State = coord.Expired
			}
			return true
		}},
}

func anyVersion(kind coord.Kind) func(*coord.Op) {
	return func(op *coord.Op) {
		if op.Kind == kind {
			op.Version = coord.AnyVersion
		}
	}
}
