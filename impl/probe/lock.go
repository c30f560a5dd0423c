package probe

import (
	"fmt"
	"slices"
	"strings"

	"github.com/simctl/simctl/impl/coord"
)

// lockPrefix is what a Lock's place begins with: another for each round, so
// that it is found again when the answer to its creation was lost.
func (p *Probe) lockPrefix(i int) string {
	return fmt.Sprintf("%s.%d.%d.%d-", p.recipeName(i), p.h.Incarnation(), p.recipes[i].session, p.recipes[i].round+1)
}

// resource is what a Lock writes.
func (p *Probe) resource(i int) string { return p.cfg.Program.Recipes[i].Path + ".data" }

// lockGoesOn ends a pause of a Lock.
func (p *Probe) lockGoesOn(i int) {
	r, plan := &p.recipes[i], &p.cfg.Program.Recipes[i]
	switch r.phase {
	case finding:
		p.do(i, finding, coord.Op{Kind: coord.Sync, Path: plan.Path})
	case listing:
		p.do(i, listing, coord.Op{Kind: coord.Children, Path: plan.Path})
	case reading:
		p.doIn(plan.Store, i, reading, coord.Op{Kind: coord.Get, Path: p.resource(i)})
	case holding:
		p.lockWrites(i)
	case leaving:
		p.leaveLock(i)
	case pausing:
		p.place(i)
	default:
		p.beginRecipe(i)
	}
}

func (p *Probe) place(i int) {
	plan := &p.cfg.Program.Recipes[i]
	p.do(i, placing, coord.Op{
		Kind: coord.Create, Path: plan.Path + "/" + p.lockPrefix(i), Data: []byte(p.recipeName(i)), Mode: coord.EphemeralSequential,
	})
}

// lockAnswered is the part of a Lock.
func (p *Probe) lockAnswered(i int, res *coord.Result) {
	r, plan := &p.recipes[i], &p.cfg.Program.Recipes[i]
	switch {
	case unknown(res.Err):
		p.lockLost(i)
	case r.phase == rooting:
		p.place(i)
	case r.phase == placing && res.Err == nil:
		r.node = res.Path
		p.do(i, listing, coord.Op{Kind: coord.Children, Path: plan.Path})
	case r.phase == finding:
		p.do(i, listing, coord.Op{Kind: coord.Children, Path: plan.Path})
	case r.phase == listing && res.Err == nil:
		p.queue(i, res.Children)
	case r.phase == watching && res.Err == nil:
		r.phase = awaiting
	case r.phase == watching: // it is gone already; the watch on it is of no use
		p.do(i, listing, coord.Op{Kind: coord.Children, Path: plan.Path})
	case r.phase == proving && res.Err == nil:
		r.token = res.Stat.Czxid
		p.recipeNote(i, "enter", r.node, r.token)
		p.doIn(plan.Store, i, reading, coord.Op{Kind: coord.Get, Path: p.resource(i)})
	case r.phase == placing || r.phase == listing || r.phase == proving:
		p.pause(i, idle, p.cfg.Retry)
	default:
		p.lockInside(i, res)
	}
}

// lockInside is the part of a Lock that has entered.
func (p *Probe) lockInside(i int, res *coord.Result) {
	r, plan := &p.recipes[i], &p.cfg.Program.Recipes[i]
	switch {
	case r.phase == reading && res.Err == nil:
		r.a = amountOf(res)
		p.pause(i, holding, p.drawn("recipe hold", plan.Hold))
	case r.phase == reading:
		p.doIn(plan.Store, i, ready, coord.Op{Kind: coord.Create, Path: p.resource(i), Data: []byte("0")})
	case r.phase == ready:
		p.doIn(plan.Store, i, reading, coord.Op{Kind: coord.Get, Path: p.resource(i)})
	case r.phase == writing && res.Err == nil:
		p.recipeNote(i, "wrote", fmt.Sprintf("over %d", r.a.n), r.token)
		p.leaveLock(i)
	case r.phase == writing:
		p.recipeNote(i, "refused", ErrorName(res.Err), r.token)
		p.leaveLock(i)
	case r.phase == leaving:
		p.left(i)
	}
}

// lockLost goes on after an answer that leaves open what happened.
func (p *Probe) lockLost(i int) {
	r := &p.recipes[i]
	to := r.phase
	switch r.phase {
	case placing:
		to = finding
	case watching, proving:
		to = listing
	case ready, writing:
		to = reading
	case finding, listing, reading, leaving:
	default:
		to = idle
	}
	p.pause(i, to, p.cfg.Retry)
}

// queue finds the recipe's place among those who wait, and looks at the one
// before it.
func (p *Probe) queue(i int, names []string) {
	r, plan := &p.recipes[i], &p.cfg.Program.Recipes[i]
	order := slices.Clone(names)
	slices.SortFunc(order, func(a, b string) int { return strings.Compare(sequence(a), sequence(b)) })
	at := slices.IndexFunc(order, func(n string) bool { return strings.HasPrefix(n, p.lockPrefix(i)) })
	switch {
	case at < 0:
		p.place(i)
	case at == 0:
		r.node = plan.Path + "/" + order[0]
		p.do(i, proving, coord.Op{Kind: coord.Exists, Path: r.node})
	default:
		r.node, r.ahead = plan.Path+"/"+order[at], plan.Path+"/"+order[at-1]
		p.look(i, coord.Exists)
	}
}

// sequence is the number at the end of a sequential znode's name.
func sequence(name string) string { return name[strings.LastIndexByte(name, '-')+1:] }

// lockWrites does what the lock is for. Fenced, the write happens only while
// the place in the queue exists.
func (p *Probe) lockWrites(i int) {
	r, plan := &p.recipes[i], &p.cfg.Program.Recipes[i]
	set := coord.Op{Kind: coord.Set, Path: p.resource(i), Data: fmt.Append(nil, r.token), Version: r.a.version}
	if plan.Unfenced {
		set.Version = coord.AnyVersion
		p.doIn(plan.Store, i, writing, set)
		return
	}
	p.doIn(plan.Store, i, writing, coord.Op{Kind: coord.Multi, Ops: []coord.Op{
		{Kind: coord.Check, Path: r.node, Version: 0}, set,
	}})
}

func (p *Probe) leaveLock(i int) {
	p.do(i, leaving, coord.Op{Kind: coord.Delete, Path: p.recipes[i].node, Version: coord.AnyVersion})
}

// left ends a round.
func (p *Probe) left(i int) {
	r, plan := &p.recipes[i], &p.cfg.Program.Recipes[i]
	p.recipeNote(i, "leave", "", r.token)
	r.round++
	r.node, r.ahead, r.token = "", "", 0
	r.session = p.slots[plan.Session].number
	if r.round >= plan.Rounds {
		r.phase = over
		return
	}
	p.pause(i, pausing, p.drawn("recipe pause", plan.Pause))
}
