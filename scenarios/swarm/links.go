package swarm

import (
	"strings"
	"time"

	"github.com/simctl/simctl/scenarios"
)

// partition draws one of the shapes that partitions have.
func (g *gen) partition(k string) []scenarios.Fault {
	lasts := at(g.around(k + "/for"))
	shape := func(groups ...[]string) []scenarios.Fault {
		return []scenarios.Fault{{Class: scenarios.Partition, Groups: groups, For: lasts}}
	}
	all := g.everyone()
	switch n := g.below(k+"/shape", 8); {
	case n == 0 && len(all) > 1: // halves, wherever the line falls
		a, b := g.split(k, all)
		return shape(a, b)
	case n == 1 && len(all) > 2: // a bridge: one of them reaches both sides, which do not reach each other
		i := g.below(k+"/bridge", len(all))
		a, b := g.split(k, append(append([]string{}, all[:i]...), all[i+1:]...))
		return shape(a, b)
	case n == 2 && g.s.Servers > 2: // a minority of the servers, and some of the others with it
		few := machines("z", g.s.Servers)[:1+g.below(k+"/minority", (g.s.Servers-1)/2)]
		for _, name := range all {
			if name[0] != 'z' && g.coin(k+"/with "+name, 2) {
				few = append(few, name)
			}
		}
		return shape(few, []string{"rest"})
	case n == 3 && g.s.Servers > 2:
		return g.ring(machines("z", g.s.Servers), lasts)
	case n == 4:
		return shape([]string{g.anyone(k)}, []string{"rest"})
	}
	a, b := g.sides(k)
	return shape(a, b)
}

// ring makes every server see a majority, and no two the same: each reaches its
// neighbours alone. Of three, each hears one and is heard by the other.
func (g *gen) ring(names []string, lasts scenarios.Range) (out []scenarios.Fault) {
	n := len(names)
	for i, a := range names {
		f := scenarios.Fault{Class: scenarios.OneWay, Groups: [][]string{{a}, {names[(i+1)%n]}}, For: lasts}
		if n > 3 {
			f.Class, f.Groups = scenarios.Partition, nil
			for j := i + 2; j < n; j++ {
				if j-i != n-1 {
					f.Groups = [][]string{{a}, {names[j]}}
					out = append(out, f)
				}
			}
			continue
		}
		out = append(out, f)
	}
	return out
}

// swizzle cuts off half of the machines, one after another, and lets them come
// back in another order.
func (g *gen) swizzle(k string) (out []scenarios.Fault) {
	d := g.around(k + "/for")
	for _, name := range g.everyone() {
		if !g.coin(k+"/"+name, 2) {
			continue
		}
		begin := round(d * time.Duration(g.below(k+"/begin "+name, 500)) / 1000)
		end := round(d * time.Duration(500+g.below(k+"/end "+name, 500)) / 1000)
		out = append(out, scenarios.Fault{
			At: at(begin), For: at(max(end-begin, 10*time.Millisecond)), Class: scenarios.Partition, Groups: [][]string{{name}, {"rest"}},
		})
	}
	return out
}

// oneWay draws a link that carries nothing in one of its directions.
func (g *gen) oneWay(k string) []scenarios.Fault {
	a, b := g.sides(k)
	if g.coin(k+"/all", 4) {
		a, b = []string{g.anyone(k)}, []string{"rest"}
	}
	if g.coin(k+"/turned", 2) {
		a, b = b, a
	}
	return []scenarios.Fault{{Class: scenarios.OneWay, Groups: [][]string{a, b}, For: at(g.around(k + "/for"))}}
}

// link draws what else happens to connections.
func (g *gen) link(k string) []scenarios.Fault {
	a, b := g.sides(k)
	f := scenarios.Fault{Class: pick(g, k+"/class", scenarios.Stall, scenarios.ResetConn, scenarios.Slow, scenarios.Lossy, scenarios.Drain), Groups: [][]string{a, b}}
	switch f.Class {
	case scenarios.ResetConn:
		if g.coin(k+"/late", 2) {
			f.Extra = g.logarithmic(k+"/by", time.Millisecond, 11)
		}
	case scenarios.Slow:
		f.Extra, f.For = g.logarithmic(k+"/by", 5*time.Millisecond, 9), at(g.around(k+"/for"))
	case scenarios.Lossy:
		f.N, f.For = pick(g, k+"/loss", 10, 30, 100, 300, 600), at(g.around(k+"/for"))
	case scenarios.Drain:
		f.Extra, f.For = g.logarithmic(k+"/by", time.Millisecond, 9), at(g.around(k+"/for"))
	default:
		f.For = at(g.around(k + "/for"))
	}
	return []scenarios.Fault{f}
}

// sides draws two groups whose links fail: masters and the service, masters and
// workers, masters and clients, servers among themselves, workers among
// themselves.
func (g *gen) sides(k string) (a, b []string) {
	var pairs [][2]string
	if g.s.Masters > 0 && g.s.Servers > 0 {
		pairs = append(pairs, [2]string{"active", "servers"}, [2]string{"active", "any-server"}, [2]string{"masters", "any-server"}, [2]string{"standby", "servers"})
	}
	if g.s.Masters > 0 && g.s.Workers > 0 {
		pairs = append(pairs, [2]string{"active", "workers"}, [2]string{"masters", "any-worker"}, [2]string{"active", "busy-worker"})
	}
	if g.s.Masters > 0 && g.s.Clients > 0 {
		pairs = append(pairs, [2]string{"masters", "clients"}, [2]string{"active", "c1"})
	}
	if g.s.Workers > 1 {
		pairs = append(pairs, [2]string{"driver-worker", "workers"})
	}
	if g.s.Servers > 2 {
		pairs = append(pairs, [2]string{"zk-leader", "servers"}, [2]string{"any-server", "servers"}, [2]string{"zk-leader", "zk-follower"})
	}
	if len(g.s.Probes) > 0 {
		pairs = append(pairs, [2]string{"any-probe", "servers"}, [2]string{"probes", "any-server"}, [2]string{"any-probe", "any-server"})
	}
	if len(pairs) == 0 {
		return []string{g.anyone(k)}, []string{"rest"}
	}
	pair := pick(g, k+"/sides", pairs...)
	return []string{pair[0]}, []string{pair[1]}
}

// anyone draws a machine, by its role or by its name.
func (g *gen) anyone(k string) string {
	names := g.everyone()
	for _, role := range [...]struct {
		name string
		is   bool
	}{{"active", g.s.Masters > 0}, {"standby", g.s.Masters > 1}, {"busy-worker", g.s.Workers > 0}, {"zk-leader", g.s.Servers > 2}} {
		if role.is {
			names = append(names, role.name, role.name)
		}
	}
	return pick(g, k+"/anyone", names...)
}

// everyone lists the machines, but for the one that keeps accounts.
func (g *gen) everyone() []string {
	all := append(machines("m", g.s.Masters), machines("w", g.s.Workers)...)
	all = append(append(all, machines("c", g.s.Clients)...), machines("z", g.s.Servers)...)
	return append(all, machines("p", len(g.s.Probes))...)
}

// split puts each of several on one of two sides, and somebody on each.
func (g *gen) split(k string, all []string) (a, b []string) {
	for _, name := range all {
		if g.coin(k+"/side of "+name, 2) {
			a = append(a, name)
		} else {
			b = append(b, name)
		}
	}
	switch {
	case len(a) == 0:
		return b[:1], b[1:]
	case len(b) == 0:
		return a[:1], a[1:]
	}
	return a, b
}

// message draws messages that are lost with a connection's outbox, or come twice.
func (g *gen) message(k string) []scenarios.Fault {
	type route struct{ from, to, names string }
	routes := []route{}
	if g.s.Workers > 0 {
		routes = append(routes,
			route{"masters", "workers", "MasterChanged LaunchDriver KillDriver DriverStateAck RegisteredWorker HeartbeatAck LaunchExecutor KillExecutor ExecutorStateAck"},
			route{"workers", "masters", "RegisterWorker Heartbeat WorkerSchedulerStateResponse WorkerLatestState DriverStateChanged ExecutorStateChanged"})
	}
	if g.s.Clients > 0 {
		routes = append(routes,
			route{"clients", "masters", "RequestSubmitDriver RequestKillDriver RequestDriverStatus"},
			route{"masters", "clients", "SubmitDriverResponse KillDriverResponse DriverStatusResponse"})
	}
	if len(routes) == 0 {
		return g.link(k)
	}
	r := pick(g, k+"/route", routes...)
	f := scenarios.Fault{
		Class: pick(g, k+"/class", scenarios.Drop, scenarios.Duplicate), What: pick(g, k+"/what", strings.Fields(r.names)...),
		Groups: [][]string{{r.from}, {r.to}}, N: pick(g, k+"/n", 0, 2, 4), For: at(g.around(k + "/for")),
	}
	if f.Class == scenarios.Duplicate {
		f.Extra = g.logarithmic(k+"/by", time.Millisecond, 13)
	}
	return []scenarios.Fault{f}
}
