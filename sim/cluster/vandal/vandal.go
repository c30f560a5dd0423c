// Package vandal is a third party at ZooKeeper: an operator, or a job that cleans
// up, who deletes znodes that are not his.
package vandal

import (
	"slices"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/election"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/kernel"
	"github.com/simctl/simctl/sim/network"
	"github.com/simctl/simctl/sim/zk"
)

// Machine is the name of his machine.
const Machine = "vandal"

// A Target is what he deletes.
type Target struct {
	Dir    string  // the masters' directory
	Term   bool    // its term znode
	Owners []int64 // else the latch znodes of these sessions
}

// A vandal opens a session, deletes what he came for and leaves.
type vandal struct {
	host.Process // he is only ever given results
	c            *zk.Client
	session      coord.Session
	Target
	open int // answers that he waits for
}

// Strike sends one. The configuration says which ensemble he speaks to, and how
// many have been there, this one included.
func Strike(k *kernel.Kernel, n *network.Net, cfg zk.ClientConfig, o coord.Options, t Target) {
	at, ok := n.Machine(Machine)
	if !ok {
		at = n.AddMachine(Machine)
	}
	v := &vandal{Target: t}
	o.Name, cfg.Owner, cfg.Machine = "third party", Machine, at
	cfg.Deliver = func(_ kernel.Kind, c host.Call, result any) { c.Run(v, result) }
	v.c = zk.NewClient(k, n, cfg)
	v.session = v.c.OpenSession(o, host.BindResult((*vandal).sessionChanged, 0))
}

func (v *vandal) sessionChanged(_ int, c coord.StateChange) {
	switch {
	case c.State != coord.Connected:
	case v.Term:
		v.do(coord.Delete, election.TermPath(v.Dir), (*vandal).done)
	default:
		v.do(coord.Children, v.Dir+"/leader_election", (*vandal).listed)
	}
}

func (v *vandal) do(kind coord.Kind, path string, then func(*vandal, string, coord.Result)) {
	v.open++
	coord.Do(v.c, v.session, coord.Op{Kind: kind, Path: path, Version: coord.AnyVersion}, then, path)
}

func (v *vandal) listed(dir string, r coord.Result) {
	for _, name := range r.Children {
		v.do(coord.Get, dir+"/"+name, (*vandal).read)
	}
	v.done(dir, r)
}

func (v *vandal) read(path string, r coord.Result) {
	if r.Err == nil && slices.Contains(v.Owners, r.Stat.EphemeralOwner) {
		v.do(coord.Delete, path, (*vandal).done)
	}
	v.done(path, r)
}

// done leaves once everything is answered.
func (v *vandal) done(string, coord.Result) {
	v.open--
	if v.open == 0 {
		v.c.CloseSession(v.session)
	}
}
