// Package vandal is a third party at ZooKeeper: an operator, or a job that cleans
// up, who deletes znodes that are not his.
package vandal

import (
	"context"
	"slices"
	"time"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/election"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/live"
)

// A Target is what he deletes.
type Target struct {
	Servers []host.Addr
	Timeout time.Duration // of his session
	Dir     string        // the masters' directory
	Term    bool          // its term znode
	Owners  []int64       // else the latch znodes of these sessions
}

// patience bounds his visit: without a service he leaves as he came.
const patience = 5 * time.Second

// Strike sends one, and returns when he has left: how many znodes he has
// deleted.
func Strike(ctx context.Context, t Target) (deleted int, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	v := &vandal{Target: t}
	_, err = live.Run(ctx, live.Options{Self: "vandal", Grace: time.Second}, v)
	return v.deleted, err
}

// A vandal opens a session, deletes what he came for and leaves.
type vandal struct {
	host.Process // he is only ever started, given results, and told to leave
	Target
	h       host.Host
	session coord.Session
	open    int // answers that he waits for
	deleted int
}

// Start implements [host.Process].
func (v *vandal) Start(h host.Host) {
	v.h = h
	v.session = coord.Of(h).OpenSession(coord.Options{Servers: v.Servers, Timeout: v.Timeout, Name: "third party"},
		host.BindResult((*vandal).changed, 0))
}

// Signalled implements [host.Process].
func (v *vandal) Signalled(host.Signal) { v.leave() }

func (v *vandal) leave() {
	coord.Of(v.h).CloseSession(v.session)
	v.h.Exit(0)
}

func (v *vandal) changed(_ int, c coord.StateChange) {
	switch {
	case c.State == coord.Expired:
		v.h.Exit(0)
	case c.State != coord.Connected:
	case v.Term:
		v.do(coord.Delete, election.TermPath(v.Dir), (*vandal).gone)
	default:
		v.do(coord.Children, v.Dir+"/leader_election", (*vandal).listed)
	}
}

func (v *vandal) do(kind coord.Kind, path string, then func(*vandal, string, coord.Result)) {
	v.open++
	coord.Do(coord.Of(v.h), v.session, coord.Op{Kind: kind, Path: path, Version: coord.AnyVersion}, then, path)
}

func (v *vandal) listed(dir string, r coord.Result) {
	for _, name := range r.Children {
		v.do(coord.Exists, dir+"/"+name, (*vandal).read)
	}
	v.done()
}

func (v *vandal) read(path string, r coord.Result) {
	if r.Err == nil && slices.Contains(v.Owners, r.Stat.EphemeralOwner) {
		v.do(coord.Delete, path, (*vandal).gone)
	}
	v.done()
}

func (v *vandal) gone(_ string, r coord.Result) {
	if r.Err == nil {
		v.deleted++
	}
	v.done()
}

// done leaves once everything is answered.
func (v *vandal) done() {
	if v.open--; v.open == 0 {
		v.leave()
	}
}
