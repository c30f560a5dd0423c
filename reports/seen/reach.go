package seen

import (
	"slices"
	"strings"

	"github.com/simctl/simctl/model/trace"
)

// Reached lists what a run saw of reach.All, sorted.
func Reached(events []trace.Event) []string {
	v := reachView{
		seen: map[string]bool{}, masters: map[string]*reachMaster{}, attempts: map[string]int64{},
		follows: map[string]string{}, waiting: map[string]bool{}, lost: map[string]bool{},
	}
	for i := range events {
		v.observe(&events[i])
	}
	var names []string
	for name := range v.seen { //det:allow sorted below
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// reachView is what the names are defined over.
type reachView struct {
	seen     map[string]bool
	masters  map[string]*reachMaster
	attempts map[string]int64  // highest attempt launched of each driver
	follows  map[string]string // each worker's master
	waiting  map[string]bool   // submissions begun while no master was Alive
	reigns   int               // times that a master became Alive, resumptions apart
	terms    int               // reigns begun since a master was last Alive
	cuts     int               // partitions and one-way cuts that hold
	handed   bool              // a session was closed, and nothing expired since
	zk       reachZooKeeper
	lost     map[string]bool // tasks that were lost, of each driver
}

type reachMaster struct {
	state  string
	paused bool
}

func (v *reachView) master(name string) *reachMaster {
	m := v.masters[name]
	if m == nil {
		m = &reachMaster{}
		v.masters[name] = m
	}
	return m
}

func (v *reachView) observe(e *trace.Event) {
	switch e.Kind {
	case trace.State:
		v.state(e)
	case trace.Started, trace.Exited, trace.KilledOff, trace.HostLost:
		*v.master(e.Process) = reachMaster{}
	case trace.Paused:
		v.master(e.Process).paused = true
	case trace.Resumed:
		v.master(e.Process).paused = false
	case trace.Elected:
		v.terms++
		v.see("recovery-with-two-terms", v.terms >= 2)
		v.see("graceful-handover", v.handed && v.reigns > 0)
	case trace.SessionExpired:
		v.expired(e)
	case trace.Fault:
		if e.Subject == "partition" || e.Subject == "one-way" {
			v.cuts += map[string]int{"begin": 1, "end": -1}[e.Value]
		}
	case trace.ServiceDown:
		v.see("service-lost", true)
	case trace.Serving, trace.Session, trace.SessionUp, trace.ZCall, trace.ZReturn, trace.Recipe:
		v.zookeeper(e)
	case trace.Refused:
		v.see("stale-command-refused", true)
	case trace.Registered:
		was := v.follows[e.Process]
		v.see("worker-changed-master", was != "" && was != e.Value)
		v.follows[e.Process] = e.Value
	case trace.App, trace.Task, trace.Effect:
		v.application(e)
	case trace.Obeyed, trace.Job, trace.Call, trace.Return:
		v.work(e)
	default:
	}
}

func (v *reachView) see(name string, is bool) {
	if is {
		v.seen[name] = true
	}
}

func (v *reachView) state(e *trace.Event) {
	m := v.master(e.Process)
	was := m.state
	m.state = e.Value
	v.see("master-suspended", e.Value == "Suspended")
	if e.Value != "Alive" {
		return
	}
	if was == "Suspended" {
		v.see("suspended-master-resumed", true)
		return
	}
	v.reigns++
	v.terms = 0
	v.see("failover-happened", v.reigns >= 2)
	v.see("two-failovers", v.reigns >= 3)
	alive := 0
	for _, m := range v.masters { //det:allow counted
		if m.state == "Alive" && !m.paused {
			alive++
		}
	}
	v.see("two-alive", alive > 1)
}

func (v *reachView) expired(e *trace.Event) {
	v.handed = e.Value == "closed"
	if v.handed {
		return
	}
	v.see("session-expired", true)
	v.see("session-expired-while-partitioned", v.cuts > 0)
	v.see("session-expired-while-paused", v.master(e.Process).paused)
}

func (v *reachView) work(e *trace.Event) {
	switch {
	case e.Kind == trace.Obeyed && e.Subject == "launch":
		v.see("driver-relaunched", v.attempts[e.Value] > 0 && e.N > v.attempts[e.Value])
		v.attempts[e.Value] = max(v.attempts[e.Value], e.N)
	case e.Kind == trace.Job:
		v.see("driver-killed", e.Value == "killed")
	case e.Kind == trace.Call && e.Value == "submit":
		alive := false
		for _, m := range v.masters { //det:allow any of them
			alive = alive || m.state == "Alive"
		}
		v.waiting[e.Process+" "+e.Subject] = !alive
	case e.Kind == trace.Return && e.Value == "submit":
		v.see("submitted-without-master", v.waiting[e.Process+" "+e.Subject])
	}
}

// Count counts the operations that clients and probes began and that were answered, refusals
// apart.
func Count(events []trace.Event) (calls, acked int) {
	for i := range events {
		switch events[i].Kind {
		case trace.Call, trace.ZCall:
			calls++
		case trace.ZReturn:
			if events[i].Value == "ok" {
				acked++
			}
		case trace.Return:
			if !strings.HasPrefix(events[i].Detail, "error") {
				acked++
			}
		default:
		}
	}
	return calls, acked
}
