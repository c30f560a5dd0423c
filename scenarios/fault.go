package scenarios

import (
	"fmt"
	"strings"

	"github.com/simctl/simctl/scenarios/anchor"
	"github.com/simctl/simctl/scenarios/attr"
	"github.com/simctl/simctl/scenarios/hint"
	"github.com/simctl/simctl/scenarios/span"
)

// A shape is what a class of fault is given.
type shape struct {
	class          Class
	groups, most   int // how many groups of targets
	lasts, extra   bool
	outputs, links bool
	says           string
	id             bool   // it gives a server a number
	operator       bool   // an operator does it: to a configuration or to files
	what           string // what its first word is: a message, or a choice of words
	counts, late   bool   // it takes n=; it may take by=
}

// operations are what a lost-reply and a slow-op may name.
const operations = "create, delete, set, multi, write or read"

func shapes() []shape {
	return []shape{
		{class: Stop, groups: 1, most: 1, lasts: true, outputs: true, says: "processes end gracefully (SIGTERM); started again after for="},
		{class: KillOff, groups: 1, most: 1, lasts: true, outputs: true, says: "processes die (SIGKILL), their connections are reset at once; started again after for="},
		{class: HostLoss, groups: 1, most: 1, lasts: true, outputs: true, says: "machines vanish silently; they come back after for="},
		{class: Pause, groups: 1, most: 1, lasts: true, outputs: true, says: "processes stand still (SIGSTOP); they go on after for="},
		{class: Partition, groups: 2, most: 9, lasts: true, links: true, says: "the groups cannot reach each other, silently"},
		{class: OneWay, groups: 2, most: 2, lasts: true, links: true, says: "nothing that the first group sends arrives at the second"},
		{class: Stall, groups: 2, most: 2, lasts: true, links: true, says: "connections standing between the groups carry nothing"},
		{class: ResetConn, groups: 2, most: 2, links: true, late: true, says: "connections between the groups are reset, once; the second group hears of it by= later"},
		{class: Slow, groups: 2, most: 2, lasts: true, extra: true, links: true, says: "messages between the groups take by= longer"},
		{class: Lossy, groups: 2, most: 2, lasts: true, links: true, counts: true, says: "n= of a thousand packets between the groups are lost, 100 without n=: TCP sends them again, later and later"},
		{class: Drain, groups: 2, most: 2, lasts: true, extra: true, links: true, says: "connections between the groups drain slowly: one message every by="},
		{class: DiskFull, groups: 1, most: 1, lasts: true, says: "the disks of machines are full: nothing is appended, and no file created"},
		{class: SlowDisk, groups: 1, most: 1, lasts: true, extra: true, says: "every call of the disks of machines takes by= longer"},
		{class: Expire, groups: 1, most: 1, says: "the service ends the sessions of masters or probes before they know"},
		{class: Leader, lasts: true, says: "the service's leader dies: every session's connection breaks, no service until a new one leads"},
		{class: ClockJump, groups: 1, most: 1, lasts: true, extra: true, says: "wall clocks jump by by="},
		{class: Renumber, groups: 1, most: 1, id: true, operator: true, says: "every configuration gives the server the number id=, and its myid too; read when they start next"},
		{class: MyID, groups: 1, most: 1, id: true, operator: true, says: "the server's own myid says id=, whatever configurations say; read when it starts next"},
		{class: Backup, groups: 1, most: 1, operator: true, says: "the files of the servers are copied"},
		{class: Restore, groups: 1, most: 1, operator: true, says: "the files of the servers, which must be down, are those of the last backup; without one they are gone"},
		{class: Tear, groups: 1, most: 1, operator: true, says: "the last record in the log of the servers, which must be down, is cut in two"},
		{class: Decommission, groups: 1, most: 1, operator: true, says: "workers are told to take no more work (SIGPWR); it is not undone"},
		{class: Drop, groups: 2, most: 2, lasts: true, links: true, what: "message", counts: true, says: "the next n= messages of a kind from the first group to the second are lost, as those in a broken outbox"},
		{class: Duplicate, groups: 2, most: 2, lasts: true, links: true, what: "message", counts: true, late: true, says: "the next n= messages of a kind from the first group to the second arrive twice, the second time by= later, over a newer connection if that one is gone"},
		{class: DeleteZ, groups: 1, most: 1, what: "latch or term", says: "a third party deletes the latch znodes of masters, or their term znode"},
		{class: LostReply, groups: 1, most: 1, lasts: true, what: operations, counts: true, says: "the next n= operations of a kind are carried out, and their connection is lost before the answer"},
		{class: SlowOp, groups: 1, most: 1, lasts: true, extra: true, what: operations, says: "operations of a kind, and what the session asks behind them, take by= longer"},
		{class: CutOff, groups: 1, most: 1, lasts: true, what: "latch, store or all", says: "a session of masters or probes cannot reach the servers, silently, while their other sessions can"},
	}
}

// Classes lists every class of fault, in a fixed order.
func Classes() []Class {
	var out []Class
	for _, sh := range shapes() {
		out = append(out, sh.class)
	}
	return out
}

// Says is one sentence on what the class does; "" for an unknown one.
func (c Class) Says() string {
	sh, _ := c.shape()
	return sh.says
}

// Links reports whether the class strikes links between groups of machines
// and not machines or processes.
func (c Class) Links() bool {
	sh, _ := c.shape()
	return sh.links
}

func (c Class) shape() (shape, error) {
	var names []string
	for _, sh := range shapes() {
		if sh.class == c {
			return sh, nil
		}
		names = append(names, string(sh.class))
	}
	return shape{}, fmt.Errorf("unknown fault class %q%s", string(c), hint.For(string(c), names, "one of "+strings.Join(names, ", ")))
}

// Sets and Roles are the targets that are no machines. Rest is everyone whom
// no other group of the fault names.
var (
	sets  = []string{"masters", "workers", "clients", "servers", "probes", "everyone", "rest"}
	roles = []string{
		"active", "standby", "any-master", "any-worker", "any-server", "busy-worker", "zk-leader", "zk-follower", "any-probe",
		"driver-worker", "any-driver", "any-executor",
	}
)

// ParseFault reads one fault, as [Fault.String] prints it.
func ParseFault(text string) (Fault, error) {
	var f Fault
	words, attrs := attr.Split(strings.Fields(text))
	if len(words) == 0 {
		return Fault{}, fmt.Errorf("a fault is a time, a class and its targets, as: at=12s for=4s kill active; got %q", text)
	}
	f.Class = Class(words[0])
	words = words[1:]
	if sh, _ := f.Class.shape(); sh.what != "" && len(words) > 0 {
		f.What, words = words[0], words[1:]
	}
	for i, w := range words {
		if w == "|" || i == 0 {
			f.Groups = append(f.Groups, nil)
		}
		if w != "|" {
			last := len(f.Groups) - 1
			f.Groups[last] = append(f.Groups[last], w)
		}
	}
	if _, err := f.Class.shape(); err != nil {
		return Fault{}, err
	}
	err := attr.Parse(attrs, []attr.Attr{
		rangeAttr("at", &f.At), rangeAttr("for", &f.For),
		{Name: "by", Set: func(v string) (err error) { f.Extra, err = span.Parse(v); return err }},
		{Name: "outputs", Set: func(v string) error { return parseOutputs(&f.Outputs, v) }},
		{Name: "on", Set: func(v string) error { return parseAnchor(&f.On, v) }},
		attr.Int("id", &f.ID, 1, 255), attr.Int("n", &f.N, 1, 1000),
		attr.Percent("p", &f.P, 1),
	}, "at")
	if err == nil {
		err = f.check()
	}
	if err != nil {
		return Fault{}, err
	}
	return f, nil
}

func parseAnchor(to *anchor.Event, v string) (err error) {
	if *to, err = anchor.Parse(v); err != nil {
		return err
	}
	if _, _, ok := machine(to.Process); !ok && !to.Several() {
		return fmt.Errorf("%s is no machine, as z1, nor one of %s", to.Process, strings.Join(anchor.Sets(), ", "))
	}
	return attr.CheckWord(to.Value)
}

func parseOutputs(to *int, v string) error {
	if v == "any" {
		*to = -1
		return nil
	}
	n, err := attr.ParseInt(v, 1, 1000)
	*to = int(n)
	return err
}

// check reports what is wrong with the fault, whatever the topology.
func (f Fault) check() error {
	sh, err := f.Class.shape()
	if err != nil {
		return err
	}
	if n := len(f.Groups); n < sh.groups || n > sh.most {
		return fmt.Errorf("%s needs %s, got %d", f.Class, groupsWanted(sh), n)
	}
	switch {
	case !sh.lasts && f.For != (Range{}):
		return fmt.Errorf("%s happens once and takes no for=", f.Class)
	case !sh.extra && !sh.late && f.Extra != 0:
		return fmt.Errorf("%s takes no by=", f.Class)
	case sh.extra && f.Extra == 0:
		return fmt.Errorf("%s needs by=, as by=200ms", f.Class)
	case sh.id != (f.ID != 0):
		return fmt.Errorf("id= belongs to renumber and myid, and they need it")
	case f.Class != ClockJump && f.Extra < 0:
		return fmt.Errorf("%s by=%s: nothing can be earlier", f.Class, span.Text(f.Extra))
	case f.N != 0 && !sh.counts:
		return fmt.Errorf("%s takes no n=", f.Class)
	case !sh.outputs && f.Outputs != 0:
		return fmt.Errorf("%s takes no outputs=; only stop, kill, host-loss and pause do", f.Class)
	case f.P < 0 || f.P > 100:
		return fmt.Errorf("p=%d%% is not in 1..100", f.P)
	case f.At.Lo < 0 || f.At.Hi < f.At.Lo || f.For.Lo < 0 || f.For.Hi < f.For.Lo:
		return fmt.Errorf("the times of %q do not go forward", f)
	}
	if err := sh.checkWhat(f.What); err != nil {
		return err
	}
	return f.checkTargets(sh)
}

// checkWhat reports what is wrong with the word behind the class. Which kinds of
// messages there are it does not know.
func (sh shape) checkWhat(what string) error {
	words := strings.Split(strings.ReplaceAll(sh.what, " or ", ", "), ", ")
	switch {
	case sh.what == "" || sh.what != "message" && contains(words, what):
		return nil
	case sh.what == "message" && what != "" && strings.Trim(what, attr.WordBytes) == "":
		return nil
	case sh.what == "message":
		return fmt.Errorf("%s needs a kind of message, as: %s MasterChanged m1 | w1", sh.class, sh.class)
	}
	return fmt.Errorf("%s %q%s", sh.class, what, hint.For(what, words, "want "+sh.what))
}

func groupsWanted(sh shape) string {
	switch {
	case sh.most == 0:
		return "no targets"
	case sh.most == 1:
		return "one group of targets"
	case sh.most == 2:
		return "two groups of targets, as: active | servers"
	}
	return "two or more groups of targets, as: m1 | w1 w2"
}

func (f Fault) checkTargets(sh shape) error {
	var seen []string
	for _, g := range f.Groups {
		if len(g) == 0 {
			return fmt.Errorf("a group of targets is empty")
		}
		for _, t := range g {
			if err := checkTarget(t); err != nil {
				return err
			}
			switch {
			case contains(seen, t):
				return fmt.Errorf("the target %s is given twice", t)
			case t == "rest" && !sh.links:
				return fmt.Errorf("the target rest stands for what other groups leave; %s has one group", f.Class)
			case sh.sessions() && !hasSession(t):
				return fmt.Errorf("%s has no session; only masters and probes have", t)
			case f.Class == DeleteZ && (t[0] == 'p' || t == "any-probe"):
				return fmt.Errorf("%s has no %s znode; only masters have", t, f.What)
			case isProcess(t) && !f.strikesProcess():
				return fmt.Errorf("%s is no machine: it can be stopped, killed or paused, and whoever started it decides what follows, so only a pause has for=", t)
			case f.Class == Decommission && !isWorker(t):
				return fmt.Errorf("%s needs workers, not %s", f.Class, t)
			case sh.operator && f.Class != Decommission && !isServer(t):
				return fmt.Errorf("%s needs servers, not %s", f.Class, t)
			}
			seen = append(seen, t)
		}
	}
	return nil
}

// sessions reports whether the class strikes sessions.
func (sh shape) sessions() bool {
	switch sh.class {
	case Expire, DeleteZ, LostReply, SlowOp, CutOff:
		return true
	}
	return false
}

func hasSession(target string) bool {
	return contains([]string{"masters", "everyone", "active", "standby", "any-master", "probes", "any-probe"}, target) ||
		target[0] == 'm' || target[0] == 'p'
}

func isWorker(target string) bool {
	return contains([]string{"workers", "any-worker", "busy-worker", "driver-worker"}, target) || target[0] == 'w' && !isProcess(target)
}

func isServer(target string) bool {
	return contains([]string{"servers", "any-server", "zk-leader", "zk-follower"}, target) || target[0] == 'z'
}

// isProcess reports whether a target is a process on a machine, and not all of
// the machine: a driver or an executor.
func isProcess(target string) bool {
	return target == "any-driver" || target == "any-executor" || machineOf(target) != target
}

// strikesProcess reports whether the fault can strike a single process of a
// machine.
func (f Fault) strikesProcess() bool {
	return f.Class == Pause || (f.Class == KillOff || f.Class == Stop) && f.For == Range{}
}

// machineOf is the machine of a target that is a process on one: "w1" of
// "w1/driver-1#1".
func machineOf(target string) string {
	name, _, _ := strings.Cut(target, "/")
	return name
}

func checkTarget(t string) error {
	if contains(sets, t) || contains(roles, t) {
		return nil
	}
	if _, _, ok := machine(machineOf(t)); ok && !strings.HasSuffix(t, "/") {
		return nil
	}
	names := append(append([]string{}, sets...), roles...)
	return fmt.Errorf("unknown target %q%s", t, hint.For(t, names, "want a machine as m1, w1, c1, z1, p1 or l1, or one of "+strings.Join(names, ", ")))
}

// machine reads a machine's name: its kind, one of m, w, c, z, p and l, and its
// number.
func machine(t string) (kind byte, n int, ok bool) {
	if len(t) < 2 || !strings.Contains("mwczpl", t[:1]) || t[1] == '0' || t[1] == '+' {
		return 0, 0, false
	}
	number, err := attr.ParseInt(t[1:], 1, 999)
	return t[0], int(number), err == nil
}

// Concrete reports whether nothing about the fault is left to draw or to look
// up: its times are single values, it happens in every run, and its targets
// are machines. A schedule holds concrete faults.
func (f Fault) Concrete() bool {
	if !f.drawn() {
		return false
	}
	for _, g := range f.Groups {
		for _, t := range g {
			if _, _, ok := machine(machineOf(t)); !ok {
				return false
			}
		}
	}
	return true
}

func (f Fault) drawn() bool {
	return f.At.Lo == f.At.Hi && f.For.Lo == f.For.Hi && f.Outputs >= 0 && (f.P == 0 || f.P == 100)
}
