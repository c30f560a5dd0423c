package history

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/simctl/simctl/model/trace"
)

// A ZStat is what an answer tells of a znode's metadata.
type ZStat struct {
	Version, Cversion, Czxid, Mzxid, Pzxid int64
	Owner                                  int64 // session ID; 0 if not ephemeral
	Length, Children                       int64
}

// A ZPart is one operation on one znode, alone or of a multi, and what its
// answer told.
type ZPart struct {
	Kind                  string // "create", "delete", "set", "check", "get", "exists", "children", "sync"
	Path                  string
	Data                  string // Create, Set: to be written
	Ephemeral, Sequential bool
	Version               int64  // expected; -1 for any
	Err                   string // "ok", "no-node", ...; empty if nothing was told
	Made                  string // Create: the path
	Read                  string // Get: the datum; Children: the names, sorted, with commas between
	Stat                  ZStat
	HasStat               bool
}

// A ZOp is one operation of one session.
type ZOp struct {
	Process string
	Inc     uint32
	N       int64 // its number in the incarnation
	Session int64 // the number of its session in the incarnation
	ID      int64 // that session at the service; 0 if nobody was told
	Multi   bool
	Watch   bool
	Parts   []ZPart
	// Err is "ok" or the error that a server answered; empty if none answered:
	// it may have happened, unless the run tells its transactions.
	Err string
	// Zxid is the transaction's, for a read the last that its server had
	// applied. 0 if it is not known.
	Zxid         int64
	Call, Return int64 // nanoseconds since the run began; Return may be Open
	// Committed: the log of transactions tells that it happened.
	Committed            bool
	CallStep, ReturnStep uint64
}

// A ZEnd is the end of a session at the service: one transaction, which
// deletes its ephemerals.
type ZEnd struct {
	ID    int64
	Zxid  int64 // 0 if it is not known
	Paths []string
	At    int64 // when it happened, at the earliest
	Step  uint64
}

// Write reports whether the operation changes something if it succeeds, or is
// a check, which takes a zxid too.
func (o *ZOp) Write() bool {
	if o.Multi {
		return true
	}
	switch o.Parts[0].Kind {
	case "create", "delete", "set", "check":
		return true
	}
	return false
}

// Took reports whether the operation is known to have happened and to have
// changed what it is to change.
func (o *ZOp) Took() bool { return o.Write() && (o.Err == "ok" || o.Committed) }

// String tells the operation for people.
func (o *ZOp) String() string {
	words := make([]string, len(o.Parts))
	for i := range o.Parts {
		words[i] = o.Parts[i].String()
	}
	text := strings.Join(words, " ; ")
	if o.Multi {
		text = "multi " + text
	}
	answer := "no answer"
	if o.Err != "" {
		answer = o.Err
	}
	if o.Zxid != 0 {
		answer += fmt.Sprintf(" zxid %#x", o.Zxid)
	}
	at := trace.Moment(o.Call) + " to "
	if o.Return == Open {
		at += "the end"
	} else {
		at += trace.Moment(o.Return)
	}
	return fmt.Sprintf("%s op %d %s: %s (%s)", o.Process, o.N, text, answer, at)
}

// String tells the part for people.
func (p *ZPart) String() string {
	text := p.Kind + " " + p.Path
	if p.Made != "" && p.Made != p.Path {
		text += " as " + p.Made
	}
	if p.Data != "" {
		text += " data=" + p.Data
	}
	if p.Version >= 0 && p.Kind != "create" && p.Err != "" {
		text += fmt.Sprintf(" at version %d", p.Version)
	}
	return text
}

// asked names one operation.
type asked struct {
	process string
	inc     uint32
	n       int64
}

// ZSession names one session of one process.
type ZSession struct {
	Process string
	Inc     uint32
	Number  int64
}

// Znodes makes the history of the operations on znodes from the events of a
// run. The zero value has seen nothing.
//
// An operation lasts from its ZCall to the ZReturn with a server's answer. One
// that no server answered is [Open]; it ended when the log of transactions
// tells that it was committed, and if the run tells its transactions at all and
// that one not, it never happened and is left out. A transaction of a session
// that nobody tells about makes what is below the first part of its paths
// [Znodes.Foreign].
type Znodes struct {
	ops      []ZOp
	index    map[asked]int
	ids      map[ZSession]int64
	owners   map[int64]ZSession // by session ID
	inc      map[string]uint32  // of each process, the latest
	ends     map[int64]*ZEnd
	endOrder []int64
	foreign  map[string]bool // first parts of paths that others changed
	logged   bool
	lie      *ZLie
	err      error
}

// Observe takes the next event of the run.
func (z *Znodes) Observe(e *trace.Event) {
	switch e.Kind {
	case trace.ZCall:
		z.called(e)
	case trace.ZReturn:
		z.returned(e)
	case trace.Session:
		z.session(e)
	case trace.Started:
		z.start()
		z.inc[e.Process] = e.Inc
	case trace.SessionUp:
		z.start()
		if _, known := z.owners[e.N]; !known {
			z.owners[e.N] = ZSession{Process: e.Process, Inc: max(1, z.inc[e.Process])}
		}
	case trace.Commit:
		z.committed(e)
	case trace.SessionExpired:
		z.start()
		z.end(e.N, e).At = e.At
	default:
	}
}

func (z *Znodes) start() {
	if z.index == nil {
		z.index, z.ids, z.owners = map[asked]int{}, map[ZSession]int64{}, map[int64]ZSession{}
		z.inc, z.ends, z.foreign = map[string]uint32{}, map[int64]*ZEnd{}, map[string]bool{}
	}
}

// Some reports whether the run has any operation on znodes.
func (z *Znodes) Some() bool { return len(z.ops) > 0 }

// Logged reports whether the run tells its transactions.
func (z *Znodes) Logged() bool { return z.logged }

// Foreign reports whether a process that tells none of its operations changed
// something below the first part of the path.
func (z *Znodes) Foreign(path string) bool { return z.foreign[First(path)] }

// First is the first part of a path: "/a" of "/a/b".
func First(path string) string {
	if i := strings.IndexByte(path[min(1, len(path)):], '/'); i >= 0 {
		return path[:i+1]
	}
	return path
}

func (z *Znodes) called(e *trace.Event) {
	z.start()
	o := ZOp{
		Process: e.Process, Inc: e.Inc, N: e.N, Session: e.M, Call: e.At, CallStep: e.Step, Return: Open,
	}
	if err := o.parse(e.Subject); err != nil {
		z.fail(e, err)
		return
	}
	z.index[asked{e.Process, e.Inc, e.N}] = len(z.ops)
	z.ops = append(z.ops, o)
}

func (z *Znodes) fail(e *trace.Event, err error) {
	if z.err == nil {
		z.err = fmt.Errorf("step %d: %s: %w", e.Step, e, err)
	}
}

func (z *Znodes) lied(e *trace.Event, why string) {
	if z.lie == nil {
		z.lie = &ZLie{e.Step, trace.Describe(e) + ": " + why}
	}
}

// Lie is the first answer that contradicts its own operation, nil if none does.
func (z *Znodes) Lie() *ZLie { return z.lie }

// A ZLie is an answer that cannot be.
type ZLie struct {
	Step uint64
	What string
}

// unanswered lists the errors that no server gave.
var unanswered = []string{"connection-loss", "expired", "closed"}

// Answered reports whether a ZReturn of this value is a server's answer.
func Answered(value string) bool { return !slices.Contains(unanswered, value) }

func (z *Znodes) returned(e *trace.Event) {
	z.start()
	i, ok := z.index[asked{e.Process, e.Inc, e.N}]
	if !ok {
		z.fail(e, fmt.Errorf("operation %d was never asked for", e.N))
		return
	}
	o := &z.ops[i]
	if !Answered(e.Value) {
		return
	}
	switch {
	case o.Err != "":
		z.lied(e, "the operation had been answered")
		return
	case o.Zxid != 0 && e.Zxid != 0 && o.Zxid != e.Zxid:
		z.lied(e, fmt.Sprintf("it was committed as zxid %#x", o.Zxid))
		return
	}
	o.Err, o.Zxid, o.Return, o.ReturnStep = e.Value, e.Zxid, e.Latest(), e.Step
	if err := o.told(e.Detail); err != nil {
		z.fail(e, err)
	}
}

// session learns which session of a process has which ID.
func (z *Znodes) session(e *trace.Event) {
	if e.M == 0 || e.N == 0 {
		return
	}
	z.start()
	s := ZSession{e.Process, e.Inc, e.M}
	z.ids[s], z.owners[e.N] = e.N, s
}

// committed takes a transaction. That of an operation carries its number; one
// of a session that carries none begins or ends the session.
func (z *Znodes) committed(e *trace.Event) {
	z.start()
	z.logged = true
	switch {
	case e.M == 0 && e.Value == "createSession":
		return
	case e.M == 0:
		x := z.end(e.N, e)
		x.Zxid, x.Paths = e.Zxid, strings.Fields(e.Subject)
		return
	}
	owner := z.owners[e.N]
	i, ok := z.index[asked{owner.Process, owner.Inc, e.M}]
	if !ok {
		for _, path := range strings.Fields(e.Subject) {
			z.foreign[First(path)] = true
		}
		return
	}
	o := &z.ops[i]
	if o.Err == "" {
		o.Return, o.ReturnStep = e.Latest(), e.Step
	}
	if o.Zxid == 0 {
		o.Zxid = e.Zxid
	}
	o.Committed, o.ID = true, e.N
	o.made(strings.Fields(e.Subject))
}

// made takes the paths of a committed transaction: that of a sequential znode
// has its number.
func (o *ZOp) made(paths []string) {
	for i := range o.Parts {
		if p := &o.Parts[i]; p.Kind == "create" && p.Made == "" && len(paths) == len(o.Parts) {
			p.Made = paths[i]
		}
	}
}

func (z *Znodes) end(id int64, e *trace.Event) *ZEnd {
	x := z.ends[id]
	if x == nil {
		x = &ZEnd{ID: id, At: e.At, Step: e.Step}
		z.ends[id] = x
		z.endOrder = append(z.endOrder, id)
	}
	return x
}

// History returns the operations in the order in which they were asked for,
// those left out that never happened, and the ends of sessions; or the first
// mistake in the events.
func (z *Znodes) History() ([]ZOp, []ZEnd, error) {
	if z.err != nil {
		return nil, nil, z.err
	}
	ops := make([]ZOp, 0, len(z.ops))
	for i := range z.ops {
		o := z.ops[i]
		if z.logged && o.Err == "" && !o.Committed {
			continue
		}
		o.ID = cmp.Or(o.ID, z.ids[ZSession{o.Process, o.Inc, o.Session}])
		ops = append(ops, o)
	}
	ours := map[string]bool{}
	for i := range z.ops {
		ours[z.ops[i].Process] = true
	}
	ends := z.untold(ops)
	for _, id := range z.endOrder {
		if ours[z.owners[id].Process] {
			ends = append(ends, *z.ends[id])
		}
	}
	slices.SortStableFunc(ends, func(a, b ZEnd) int { return cmp.Compare(a.Zxid, b.Zxid) })
	return ops, ends, nil
}

// untold lists the ends of sessions that had ephemerals, in a run that does not
// tell its transactions: each may have come at any time after the session asked
// for the last that it was answered.
func (z *Znodes) untold(ops []ZOp) (ends []ZEnd) {
	if z.logged {
		return nil
	}
	last, had := map[int64]ZEnd{}, map[int64]bool{}
	var order []int64
	for i := range ops {
		o := &ops[i]
		if o.ID == 0 || z.ends[o.ID] != nil {
			continue
		}
		if o.Err != "" {
			last[o.ID] = ZEnd{ID: o.ID, At: o.Call, Step: o.CallStep}
		}
		for j := range o.Parts {
			if o.Parts[j].Ephemeral && !had[o.ID] {
				had[o.ID] = true
				order = append(order, o.ID)
			}
		}
	}
	for _, id := range order {
		if end, answered := last[id]; answered {
			ends = append(ends, end)
		}
	}
	return ends
}
