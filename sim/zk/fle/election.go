// Package fle is ZooKeeper's fast leader election, at one server: who is voted
// for, when a vote is final, and what servers tell each other until then. How
// votes travel is the server's matter.
package fle

import (
	"time"

	"github.com/simctl/simctl/impl/host"
)

// The times of an election, as ZooKeeper has them.
const (
	finalizeWait = 200 * time.Millisecond // silence that makes a quorum's vote final
	minNotify    = 200 * time.Millisecond // first wait for notifications; then it doubles
	maxNotify    = 60 * time.Second
)

// Ballots are what an election needs of its server.
type Ballots interface {
	// Notify sends a notification to another server; only the latest matters.
	Notify(to int64, n Notification)
	// Delivered reports whether anything sent can have arrived anywhere.
	Delivered() bool
	// ConnectAll dials every server that is not connected.
	ConnectAll()
	// Poll rings Timeout once, after d, instead of what it was asked before.
	Poll(d time.Duration)
	// Votes is told each proposed vote of this server.
	Votes(v Vote)
	// Decided ends the looking: leader is elected, perhaps this server itself.
	Decided(v Vote)
}

// heard is the latest vote of one server.
type heard struct {
	state State
	vote  Vote
	known bool
}

// An Election is fast leader election at one server, as FastLeaderElection of
// ZooKeeper 3.8 does it, one method call an event. It outlives its decisions,
// because the count of rounds does.
type Election struct {
	me     int64
	voters []int64 // sorted
	out    Ballots

	looking    bool
	round      int64
	init       Vote    // for oneself
	vote       Vote    // proposed while looking, current after
	state      State   // of this server
	recv       []heard // this round's votes, one a voter
	outside    []heard // of servers that are not looking, of any round
	wait       time.Duration
	finalizing bool
}

// New returns the election of server me among voters, which are sorted.
func New(me int64, voters []int64, out Ballots) *Election {
	return &Election{me: me, voters: voters, out: out, recv: make([]heard, len(voters)), outside: make([]heard, len(voters))}
}

// Look starts a round. Init is the vote for oneself.
func (e *Election) Look(init Vote) {
	e.looking, e.state, e.finalizing = true, Looking, false
	e.round++
	e.init, e.vote = init, init
	e.wait = minNotify
	clear(e.recv)
	clear(e.outside)
	e.announce()
	if !e.settle() {
		e.out.Poll(e.wait)
	}
}

// announce tells everybody the proposed vote, and counts it here.
func (e *Election) announce() {
	e.vote.Round = e.round
	e.out.Votes(e.vote)
	for _, id := range e.voters {
		if id != e.me {
			e.out.Notify(id, Notification{Looking, e.vote})
		}
	}
	e.recv[e.Index(e.me)] = heard{Looking, e.vote, true}
}

// Current is the notification that a server asking for the leader is told.
func (e *Election) Current() Notification {
	v := e.vote
	if e.looking {
		v.Round = e.round
	}
	return Notification{e.state, v}
}

// Timeout is told when nothing came for as long as poll said.
func (e *Election) Timeout() {
	if !e.looking {
		return
	}
	if e.finalizing {
		e.finish(e.vote)
		return
	}
	if e.out.Delivered() {
		e.announce()
	} else {
		e.out.ConnectAll()
	}
	e.wait = min(2*e.wait, maxNotify)
	e.out.Poll(e.wait)
}

// Receive takes a notification of another server.
func (e *Election) Receive(from int64, n Notification) {
	i := e.Index(from)
	if i < 0 || e.Index(n.Vote.Leader) < 0 {
		return
	}
	if !e.looking {
		if n.State == Looking && e.vote.Leader != 0 { // else it reads its disk
			e.out.Notify(from, e.Current())
		}
		return
	}
	if n.State == Looking && n.Vote.Round < e.round {
		e.out.Notify(from, e.Current())
	}
	if e.finalizing {
		if !n.Vote.better(e.vote) {
			e.out.Poll(finalizeWait) // it waits for silence
			return
		}
		e.finalizing = false
	}
	switch n.State {
	case Looking:
		e.fromLooking(i, n)
	case Following, Leading:
		e.fromDecided(i, n)
	}
	if e.looking && !e.finalizing {
		e.out.Poll(e.wait)
	}
}

// fromLooking takes the vote of a server that is looking too.
func (e *Election) fromLooking(i int, n Notification) {
	switch {
	case n.Vote.Round < e.round:
		return
	case n.Vote.Round > e.round:
		e.round = n.Vote.Round
		clear(e.recv)
		e.vote = e.init
		if n.Vote.better(e.init) {
			e.vote = n.Vote
		}
		e.announce()
	case n.Vote.better(e.vote):
		e.vote = n.Vote
		e.announce()
	}
	e.recv[i] = heard{Looking, n.Vote, true}
	e.settle()
}

// settle begins the final wait if a quorum shares the proposed vote. One
// server alone waits too.
func (e *Election) settle() bool {
	if !e.quorum(e.recv, heard{Looking, e.vote, true}) {
		return false
	}
	e.finalizing = true
	e.out.Poll(finalizeWait)
	return true
}

// fromDecided takes the vote of a server that has a leader. There is no final
// wait: so a restarted server rejoins at once.
func (e *Election) fromDecided(i int, n Notification) {
	h := heard{n.State, n.Vote, true}
	if n.Vote.Round == e.round {
		e.recv[i] = h
		if e.quorum(e.recv, h) && e.leaderAgrees(e.recv, n.Vote) {
			e.finish(n.Vote)
			return
		}
	}
	e.outside[i] = h
	if e.quorum(e.outside, h) && e.leaderAgrees(e.outside, n.Vote) {
		e.round = n.Vote.Round
		e.finish(n.Vote)
	}
}

// leaderAgrees reports whether the elected server said itself that it leads.
func (e *Election) leaderAgrees(votes []heard, v Vote) bool {
	if v.Leader == e.me {
		return e.round == v.Round
	}
	h := &votes[e.Index(v.Leader)]
	return h.known && h.state == Leading
}

// quorum reports whether a majority votes as h does.
func (e *Election) quorum(votes []heard, h heard) bool {
	n := 0
	for i := range votes {
		if votes[i].agrees(&h) {
			n++
		}
	}
	return n > len(e.voters)/2
}

// agrees compares votes as Vote.equals does: those of servers with a leader by
// leader and epoch alone, because their zxids and rounds may differ.
func (h *heard) agrees(o *heard) bool {
	switch {
	case !h.known:
		return false
	case h.state == Looking || o.state == Looking:
		return h.vote == o.vote
	}
	return h.vote.Leader == o.vote.Leader && h.vote.Epoch == o.vote.Epoch
}

// finish ends the looking.
func (e *Election) finish(v Vote) {
	e.looking, e.finalizing = false, false
	v.Round = e.round
	e.vote = v
	e.state = Following
	if v.Leader == e.me {
		e.state = Leading
	}
	e.out.Decided(v)
}

// Established is told the epoch that came of the election, which from then on
// is what others are told: a server that joins later compares it.
func (e *Election) Established(epoch int64) { e.vote.Epoch = epoch }

// Me is the server whose election it is.
func (e *Election) Me() int64 { return e.me }

// Wait is how long it waits for votes while it looks, before it asks again.
func (e *Election) Wait() time.Duration { return e.wait }

// Vote is the server's present vote: proposed while it looks, current after.
func (e *Election) Vote() Vote { return e.vote }

// Index is the place of a voter, -1 if it is none.
func (e *Election) Index(id int64) int {
	for i, v := range e.voters {
		if v == id {
			return i
		}
	}
	return -1
}

// Clone returns a deep copy that uses out.
func (e *Election) Clone(out Ballots) *Election {
	c := *e
	c.out = out
	c.recv = append([]heard(nil), e.recv...)
	c.outside = append([]heard(nil), e.outside...)
	return &c
}

// Digest writes the complete state into d.
func (e *Election) Digest(d *host.Digest) {
	d.Bool(e.looking)
	d.Bool(e.finalizing)
	d.Uint(uint64(e.state))
	d.Int(e.round)
	d.Int(int64(e.wait))
	e.init.Digest(d)
	e.vote.Digest(d)
	for _, votes := range [...][]heard{e.recv, e.outside} {
		d.Uint(uint64(len(votes)))
		for i := range votes {
			votes[i].digest(d)
		}
	}
}

func (h *heard) digest(d *host.Digest) {
	d.Bool(h.known)
	d.Uint(uint64(h.state))
	h.vote.Digest(d)
}
