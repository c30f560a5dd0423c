// Package fault makes things go wrong on time: it walks through a schedule,
// looks up who a role is when its moment comes, acts on processes through a
// [World] and on links through the network, and undoes what it did.
//
// It draws nothing itself: a schedule is concrete but for roles, and what the
// roles turned out to be is recorded in [Driver.Applied], so that a recorded
// schedule replays without looking anything up.
package fault

import (
	"cmp"
	"slices"
	"time"

	"github.com/simctl/simctl/scenarios"
	"github.com/simctl/simctl/sim/kernel"
	"github.com/simctl/simctl/sim/network"
)

// A World is what faults act on, besides links. Machines are named as in the
// scenario; one that is already in the state asked for is left alone.
type World interface {
	// Expand returns the machines that a target names now: a machine itself,
	// the members of a set, or who plays a role. It returns none if nobody
	// does. Key keys the choice where several would do.
	Expand(target string, key kernel.Key) []string
	// Everyone lists every machine.
	Everyone() []string
	// Stop asks the machine's process to end; Kill ends it at once. Outputs
	// is how many outputs of its next step it gets to make; 0 strikes now.
	Stop(machine string, outputs int)
	Kill(machine string, outputs int)
	// LoseHost makes the machine and all on it vanish in silence.
	LoseHost(machine string, outputs int)
	// Start starts the machine and its process again.
	Start(machine string)
	Pause(machine string, outputs int)
	Resume(machine string)
	// Expire ends the sessions of the machine's process at the service.
	Expire(machine string)
	// LoseLeader makes the coordination service lose its leader.
	LoseLeader()
	// Operate does what operators do to a server's configuration and files:
	// renumber, myid, backup, restore, tear; and to a worker: decommission.
	Operate(machine string, f scenarios.Fault)
	// Meddle begins or ends what a fault does to the machine's sessions, a
	// lost-reply, a slow-op, a session-cut, a delete-znode, or to its disk, a
	// disk-full, a slow-disk.
	Meddle(machine string, f scenarios.Fault, begins bool)
	// JumpClock moves the machine's wall clock.
	JumpClock(machine string, by time.Duration)
	// Faulted tells of a fault's begin and end, its roles resolved.
	Faulted(f scenarios.Fault, phase string)
}

// A Driver carries out one schedule.
type Driver struct {
	k       *kernel.Kernel
	net     *network.Net
	w       World
	actor   kernel.ActorID
	faults  []scenarios.Fault
	waiting []waiting
	active  []active
	applied []scenarios.Fault // as faults, roles resolved once they were looked up
	struck  []scenarios.Fault
	closed  bool
}

// active is a fault that has begun and not ended.
type active struct {
	index  int
	fault  scenarios.Fault // resolved
	groups [][]string      // machines
}

// waiting is a fault whose moment has come and whose event has not.
type waiting struct {
	index int
	left  int // events of its kind still to come
}

// New returns a driver of a schedule: faults whose ranges are single values.
func New(k *kernel.Kernel, net *network.Net, w World, faults []scenarios.Fault) *Driver {
	d := &Driver{k: k, net: net, w: w, faults: faults, applied: slices.Clone(faults)}
	d.actor = k.AddActor("fault", d)
	return d
}

const (
	begin = iota
	end
	met // what it waited for has happened
)

// Arm posts every fault's begin.
func (d *Driver) Arm() {
	for i, f := range d.faults {
		d.post(int64(f.At.Lo), i, begin)
	}
}

func (d *Driver) post(at int64, index int, phase uint64) {
	f := d.faults[index]
	d.k.Post(at, kernel.Event{
		Actor: d.actor, Kind: kernel.Fault, A: uint64(index), B: phase,
		Name: string(f.Class), Sum: uint64(kernel.KeyOf(string(f.Class), uint64(index), phase)),
	})
}

// Handle implements [kernel.Handler].
func (d *Driver) Handle(e *kernel.Event) {
	i := int(e.A)
	if e.B == end {
		d.end(i)
		return
	}
	switch f := &d.faults[i]; {
	case d.closed:
	case e.B == begin && f.On.Kind != "":
		d.waiting = append(d.waiting, waiting{i, max(f.On.N, 1)})
	default:
		d.begin(i)
	}
}

// Saw is told every event that a process tells. A fault that waited for it
// begins behind the step in which it happened.
func (d *Driver) Saw(process, kind, subject, value string) {
	if d.closed {
		return
	}
	for i := 0; i < len(d.waiting); {
		w := &d.waiting[i]
		if d.faults[w.index].On.Is(process, kind, subject, value) {
			w.left--
		}
		if w.left > 0 {
			i++
			continue
		}
		d.post(d.k.Now(), w.index, met)
		d.waiting = slices.Delete(d.waiting, i, i+1)
	}
}

// Applied is the schedule as it was carried out: roles are machines. A fault
// whose role nobody played, or whose moment did not come, is as it was given,
// so that the same schedule is the same run.
func (d *Driver) Applied() []scenarios.Fault { return d.applied }

// Struck lists the faults that began, roles resolved.
func (d *Driver) Struck() []scenarios.Fault { return d.struck }

// HealAll ends every fault that has not ended, and lets none begin any more.
func (d *Driver) HealAll() {
	d.closed = true
	for len(d.active) > 0 {
		d.end(d.active[0].index)
	}
}

func (d *Driver) begin(i int) {
	f := d.faults[i]
	groups := d.resolve(i, f)
	if groups == nil && f.Class != scenarios.Leader {
		d.w.Faulted(f, "skipped")
		return
	}
	f.Groups = groups
	d.applied[i] = f
	d.struck = append(d.struck, f)
	d.active = append(d.active, active{i, f, groups})
	d.w.Faulted(f, "begin")
	d.act(i, f, groups)
	if f.For.Lo > 0 {
		d.post(d.k.Now()+int64(f.For.Lo), i, end)
	}
}

// resolve turns targets into machines. It returns nil if a group is empty.
func (d *Driver) resolve(index int, f scenarios.Fault) [][]string {
	var groups [][]string
	var taken []string
	for g, targets := range f.Groups {
		var members []string
		for t, target := range targets {
			if target == "rest" {
				continue
			}
			for _, m := range d.w.Expand(target, kernel.KeyOf("fault target", uint64(index), uint64(g), uint64(t))) {
				if !slices.Contains(taken, m) {
					members = append(members, m)
					taken = append(taken, m)
				}
			}
		}
		groups = append(groups, members)
	}
	for g, targets := range f.Groups {
		if slices.Contains(targets, "rest") {
			for _, m := range d.w.Everyone() {
				if !slices.Contains(taken, m) {
					groups[g] = append(groups[g], m)
					taken = append(taken, m)
				}
			}
		}
		if len(groups[g]) == 0 {
			return nil
		}
	}
	return groups
}

func (d *Driver) act(i int, f scenarios.Fault, groups [][]string) {
	switch f.Class {
	case scenarios.Drop, scenarios.Duplicate:
		d.net.Set(uint64(i), network.Trap{
			From: d.all(groups[0]), To: d.all(groups[1]), Name: f.What, N: f.N, Twice: f.Class == scenarios.Duplicate, Later: int64(f.Extra),
		})
		return
	case scenarios.Partition, scenarios.OneWay, scenarios.Stall, scenarios.ResetConn, scenarios.Slow, scenarios.Lossy, scenarios.Drain:
		d.links(f, groups, begin)
		return
	case scenarios.Leader:
		d.w.LoseLeader()
		return
	default:
	}
	for _, m := range groups[0] {
		switch f.Class {
		case scenarios.Stop:
			d.w.Stop(m, f.Outputs)
		case scenarios.KillOff:
			d.w.Kill(m, f.Outputs)
		case scenarios.HostLoss:
			d.w.LoseHost(m, f.Outputs)
		case scenarios.Pause:
			d.w.Pause(m, f.Outputs)
		case scenarios.Expire:
			d.w.Expire(m)
		case scenarios.ClockJump:
			d.w.JumpClock(m, f.Extra)
		case scenarios.Renumber, scenarios.MyID, scenarios.Backup, scenarios.Restore, scenarios.Tear,
			scenarios.Decommission:
			d.w.Operate(m, f)
		case scenarios.DeleteZ, scenarios.LostReply, scenarios.SlowOp, scenarios.CutOff, scenarios.DiskFull, scenarios.SlowDisk:
			d.w.Meddle(m, f, true)
		default:
			panic(kernel.Bug("fault: unknown class " + string(f.Class)))
		}
	}
}

func (d *Driver) end(i int) {
	at := slices.IndexFunc(d.active, func(a active) bool { return a.index == i })
	if at < 0 {
		return // healed already
	}
	a := d.active[at]
	d.active = slices.Delete(d.active, at, at+1)
	d.w.Faulted(a.fault, "end")
	switch a.fault.Class {
	case scenarios.Partition, scenarios.OneWay, scenarios.Stall, scenarios.Slow, scenarios.Lossy, scenarios.Drain:
		d.links(a.fault, a.groups, end)
	case scenarios.Stop, scenarios.KillOff, scenarios.HostLoss:
		for _, m := range a.groups[0] {
			d.w.Start(m)
		}
	case scenarios.Pause:
		for _, m := range a.groups[0] {
			d.w.Resume(m)
		}
	case scenarios.Drop, scenarios.Duplicate:
		d.net.Unset(uint64(i))
	case scenarios.LostReply, scenarios.SlowOp, scenarios.CutOff, scenarios.DiskFull, scenarios.SlowDisk:
		for _, m := range a.groups[0] {
			d.w.Meddle(m, a.fault, false)
		}
	default: // a reset, an expiry, a jump, what an operator did, or the loss of a leader has no end
	}
}

// links acts on, or undoes, a fault of every link between two groups.
func (d *Driver) links(f scenarios.Fault, groups [][]string, phase int) {
	for i, from := range groups {
		for j, to := range groups {
			if i == j || f.Class == scenarios.OneWay && i != 0 {
				continue
			}
			for _, a := range from {
				for _, b := range to {
					d.link(f, a, b, i < j, phase)
				}
			}
		}
	}
}

// link acts on the direction from a to b; first is true for one of the two
// directions, in which faults of whole connections act.
func (d *Driver) link(f scenarios.Fault, a, b string, first bool, phase int) {
	from, to := d.machine(a), d.machine(b)
	switch {
	case f.Class == scenarios.Partition || f.Class == scenarios.OneWay:
		if phase == begin {
			d.net.Cut(from, to)
		} else {
			d.net.Heal(from, to)
		}
	case f.Class == scenarios.Slow && phase == begin:
		d.net.Slow(from, to, int64(f.Extra))
	case f.Class == scenarios.Slow:
		d.net.Slow(from, to, -int64(f.Extra))
	case f.Class == scenarios.Lossy:
		d.net.Lossy(from, to, sign(phase)*int64(cmp.Or(f.N, defaultLoss)))
	case f.Class == scenarios.Drain:
		d.net.Drain(from, to, sign(phase)*int64(f.Extra))
	case !first:
	case f.Class == scenarios.Stall && phase == begin:
		d.net.Stall(from, to)
	case f.Class == scenarios.Stall:
		d.net.Unstall(from, to)
	case f.Class == scenarios.ResetConn:
		d.net.ResetBetween(from, to, int64(f.Extra))
	}
}

// defaultLoss is the packets of a thousand that a lossy link loses without n=.
const defaultLoss = 100

// sign is 1 at the begin of a fault and -1 at its end.
func sign(phase int) int64 {
	if phase == begin {
		return 1
	}
	return -1
}

func (d *Driver) all(names []string) (ids []network.MachineID) {
	for _, name := range names {
		ids = append(ids, d.machine(name))
	}
	return ids
}

func (d *Driver) machine(name string) network.MachineID {
	m, ok := d.net.Machine(name)
	if !ok {
		panic(kernel.Bug("fault: no machine " + name))
	}
	return m
}
