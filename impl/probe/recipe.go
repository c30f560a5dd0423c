package probe

import (
	"errors"
	"strings"
	"time"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/host"
)

// phase is what a recipe waits for.
type phase uint8

const (
	idle       phase = iota
	rooting          // the answer that its path was made
	ready            // the answer that its data were made
	watching         // the answer of a read that leaves a watch
	awaiting         // the event of the watch
	placing          // the answer that its ephemeral or place was made
	finding          // who its place is: synced, then listed
	listing          // the answer of who is in the queue
	proving          // the answer of what its own znode is
	holding          // the end of its time inside
	reading          // the answer of what is to be changed
	reading2         // likewise, the second
	writing          // the answer of the change
	leaving          // the answer that its place was given up
	pausing          // the next round
	registered       // nothing: it keeps its ephemeral
	over             // nothing any more
)

// recipe is one state machine.
type recipe struct {
	due     bool  // its time has come
	phase   phase // what it waits for
	session int64 // the number of the session in which it works
	waits   int64 // the operation whose answer or event it waits for
	gen     int64 // counts its pauses: a timer of an earlier one is none of its
	round   int   // rounds done
	node    string
	ahead   string // the place that a Lock waits to be given up
	token   int64  // czxid of node
	a, b    amount
}

// amount is a number in a znode.
type amount struct {
	n       int64
	version int32
	mzxid   int64
}

// ref names a pause of a recipe.
type ref struct {
	i   int
	gen int64
}

func (p *Probe) recipeDue(i int) {
	p.recipes[i].due = true
	if s := &p.slots[p.cfg.Program.Recipes[i].Session]; s.state == coord.Connected && s.session != 0 {
		p.beginRecipe(i)
	} else if s.session == 0 && !p.ending {
		p.openSlot(p.cfg.Program.Recipes[i].Session)
	}
}

// sessionUp begins what waits for a session.
func (p *Probe) sessionUp(slot int) {
	for i := range p.recipes {
		r := &p.recipes[i]
		if p.cfg.Program.Recipes[i].Session == slot && r.due && r.phase == idle && r.session != p.slots[slot].number {
			p.beginRecipe(i)
		}
	}
}

// sessionOver ends what worked in a session: its ephemerals go with it.
func (p *Probe) sessionOver(slot int) {
	for i := range p.recipes {
		r := &p.recipes[i]
		if p.cfg.Program.Recipes[i].Session != slot || r.session != p.slots[slot].number || r.phase == over {
			continue
		}
		if plan := &p.cfg.Program.Recipes[i]; plan.Kind == Lock && r.inside() {
			p.recipeNote(i, "lost", "", r.token)
			if plan.Unfenced {
				continue // the mistake: it goes on as if nothing had happened
			}
		}
		r.phase, r.waits = idle, 0
		r.gen++
	}
}

// inside reports whether the recipe has a lock that it has not given up.
func (r *recipe) inside() bool {
	switch r.phase {
	case ready, holding, reading, writing, leaving:
		return true
	default:
		return false
	}
}

func (p *Probe) beginRecipe(i int) {
	r := &p.recipes[i]
	r.session, r.node, r.ahead, r.token = p.slots[p.cfg.Program.Recipes[i].Session].number, "", "", 0
	if p.cfg.Program.Recipes[i].Kind == Watcher {
		p.look(i, coord.Get)
		return
	}
	p.do(i, rooting, coord.Op{Kind: coord.Create, Path: p.cfg.Program.Recipes[i].Path})
}

// do asks for a recipe's next operation.
func (p *Probe) do(i int, next phase, op coord.Op) {
	p.doIn(p.cfg.Program.Recipes[i].Session, i, next, op)
}

// doIn is do in a session that is not the recipe's own.
func (p *Probe) doIn(slot, i int, next phase, op coord.Op) {
	r := &p.recipes[i]
	r.phase = next
	r.waits = p.ask(slot, op, false, byRecipe, i)
}

// look asks for a read that leaves a watch.
func (p *Probe) look(i int, k coord.Kind) {
	r := &p.recipes[i]
	r.phase = watching
	r.waits = p.ask(p.cfg.Program.Recipes[i].Session, coord.Op{Kind: k, Path: p.watched(i)}, true, byRecipe, i)
}

// watched is the znode that a recipe looks at.
func (p *Probe) watched(i int) string {
	if p.cfg.Program.Recipes[i].Kind == Lock {
		return p.recipes[i].ahead
	}
	return p.cfg.Program.Recipes[i].Path
}

// pause waits before the recipe goes on with a phase.
func (p *Probe) pause(i int, next phase, d time.Duration) {
	r := &p.recipes[i]
	r.phase, r.waits = next, 0
	r.gen++
	host.After(p.h, d, (*Probe).recipeGoesOn, ref{i, r.gen})
}

func (p *Probe) recipeNote(i int, value, detail string, zxid int64) {
	plan := &p.cfg.Program.Recipes[i]
	p.h.Note(host.Note{Kind: host.NoteRecipe, Subject: string(plan.Kind) + " " + plan.Path, Value: value, Detail: detail, Zxid: zxid})
}

func (p *Probe) recipeName(i int) string {
	if n := p.cfg.Program.Recipes[i].Name; n != "" {
		return n
	}
	return strings.ReplaceAll(string(p.h.Self()), "/", "-")
}

// recipeGoesOn ends a pause.
func (p *Probe) recipeGoesOn(at ref) {
	r := &p.recipes[at.i]
	if r.gen != at.gen || p.ending {
		return
	}
	switch plan := &p.cfg.Program.Recipes[at.i]; {
	case plan.Kind == Lock:
		p.lockGoesOn(at.i)
	case plan.Kind == Transfer:
		p.do(at.i, reading, coord.Op{Kind: coord.Get, Path: plan.Path + "/a"})
	default:
		p.beginRecipe(at.i)
	}
}

// recipeAnswered takes the answer of the operation that a recipe waits for. An
// answer that leaves open what happened is asked for again after a pause; when
// the session is over, what follows it begins anew.
func (p *Probe) recipeAnswered(i int, n int64, res *coord.Result) {
	r := &p.recipes[i]
	if r.waits != n || p.ending {
		return
	}
	gone := errors.Is(res.Err, coord.ErrExpired) || errors.Is(res.Err, coord.ErrClosed)
	switch {
	case p.cfg.Program.Recipes[i].Kind == Lock && (!gone || r.inside()):
		p.lockAnswered(i, res)
	case gone:
		r.waits, r.phase = 0, idle
	case p.cfg.Program.Recipes[i].Kind == Transfer:
		p.transferAnswered(i, res)
	default:
		p.followerAnswered(i, res)
	}
}

// followerAnswered is the part of a Watcher, Provider, Consumer or Member.
func (p *Probe) followerAnswered(i int, res *coord.Result) {
	r, plan := &p.recipes[i], &p.cfg.Program.Recipes[i]
	if errors.Is(res.Err, coord.ErrConnectionLoss) {
		p.pause(i, idle, p.cfg.Retry)
		return
	}
	switch {
	case r.phase == rooting && plan.Kind == Consumer:
		p.look(i, coord.Children)
	case r.phase == rooting:
		p.register(i)
	case r.phase == placing && errors.Is(res.Err, coord.ErrNodeExists):
		// An earlier session's, or one that a lost answer was for.
		p.do(i, proving, coord.Op{Kind: coord.Exists, Path: r.node})
	case r.phase == proving && (res.Err != nil || res.Stat.EphemeralOwner != p.slots[plan.Session].id):
		p.pause(i, idle, p.cfg.Retry)
	case r.phase == placing || r.phase == proving:
		p.recipeNote(i, "registered", r.node, 0)
		if r.phase = registered; plan.Kind == Member {
			p.look(i, coord.Children)
		}
	case plan.Kind == Watcher:
		p.saw(i, res)
	case res.Err == nil:
		p.recipeNote(i, "members", strings.Join(res.Children, ","), 0)
		r.phase = awaiting
	default:
		p.pause(i, idle, p.cfg.Retry)
	}
}

// register makes a Provider's ephemeral.
func (p *Probe) register(i int) {
	plan := &p.cfg.Program.Recipes[i]
	p.recipes[i].node = plan.Path + "/" + p.recipeName(i)
	p.do(i, placing, coord.Op{Kind: coord.Create, Path: p.recipes[i].node, Data: []byte(plan.Data), Mode: coord.Ephemeral})
}

// saw is what a Watcher's read told. A znode that is not there is waited for.
func (p *Probe) saw(i int, res *coord.Result) {
	r := &p.recipes[i]
	last := r.node
	switch {
	case res.Err == nil && r.b.n == 1: // it is there now, and was looked for
		r.b.n = 0
		p.look(i, coord.Get)
		return
	case res.Err == nil:
		r.node = "=" + dataText(res.Data)
	case r.b.n == 0:
		r.b.n = 1
		p.look(i, coord.Exists)
		return
	default:
		r.node = "none"
	}
	r.phase = awaiting
	if r.node == last {
		return
	}
	if res.Err == nil {
		p.recipeNote(i, "value", r.node[1:], res.Stat.Mzxid)
	} else {
		p.recipeNote(i, "none", "", 0)
	}
}

// recipeFired takes the event of the watch that a recipe waits for.
func (p *Probe) recipeFired(i int, n int64) {
	r := &p.recipes[i]
	if r.waits != n || r.phase != awaiting || p.ending {
		return
	}
	switch p.cfg.Program.Recipes[i].Kind {
	case Watcher:
		r.b.n = 0
		p.look(i, coord.Get)
	case Lock:
		p.do(i, listing, coord.Op{Kind: coord.Children, Path: p.cfg.Program.Recipes[i].Path})
	default:
		p.look(i, coord.Children)
	}
}
