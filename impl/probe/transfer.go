package probe

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/simctl/simctl/impl/coord"
)

// transferAnswered is the part of a Transfer.
func (p *Probe) transferAnswered(i int, res *coord.Result) {
	r, plan := &p.recipes[i], &p.cfg.Program.Recipes[i]
	pathA, pathB := plan.Path+"/a", plan.Path+"/b"
	switch {
	case errors.Is(res.Err, coord.ErrConnectionLoss):
		p.pause(i, pausing, p.cfg.Retry)
	case r.phase == rooting:
		p.do(i, ready, coord.Op{Kind: coord.Multi, Ops: []coord.Op{
			{Kind: coord.Create, Path: pathA, Data: []byte("100")}, {Kind: coord.Create, Path: pathB, Data: []byte("0")},
		}})
	case r.phase == ready:
		p.do(i, reading, coord.Op{Kind: coord.Get, Path: pathA})
	case r.phase == reading && res.Err == nil:
		r.a = amountOf(res)
		p.do(i, reading2, coord.Op{Kind: coord.Get, Path: pathB})
	case r.phase == reading2 && res.Err == nil:
		r.b = amountOf(res)
		if r.a.mzxid == r.b.mzxid {
			p.recipeNote(i, "total", fmt.Sprint(r.a.n+r.b.n), r.a.mzxid)
		}
		p.do(i, writing, coord.Op{Kind: coord.Multi, Ops: []coord.Op{
			{Kind: coord.Set, Path: pathA, Data: fmt.Append(nil, r.a.n-1), Version: r.a.version},
			{Kind: coord.Set, Path: pathB, Data: fmt.Append(nil, r.b.n+1), Version: r.b.version},
		}})
	case r.phase == writing && res.Err == nil:
		r.round++
		p.recipeNote(i, "moved", fmt.Sprintf("%d,%d", r.a.n-1, r.b.n+1), res.Zxid)
		if r.round == plan.Rounds {
			r.phase = over
			return
		}
		p.pause(i, pausing, p.drawn("recipe pause", plan.Pause))
	case r.phase == reading && errors.Is(res.Err, coord.ErrNoNode):
		p.pause(i, idle, p.cfg.Retry)
		r.phase = pausing
	default: // another was quicker
		p.pause(i, pausing, p.drawn("recipe pause", plan.Pause))
	}
}

func amountOf(res *coord.Result) amount {
	a := amount{version: res.Stat.Version, mzxid: res.Stat.Mzxid}
	a.n, _ = strconv.ParseInt(string(res.Data), 10, 64)
	return a
}
