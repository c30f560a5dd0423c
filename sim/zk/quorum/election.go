package quorum

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

// ballots is what an election needs of its server.
type ballots interface {
	// notify sends a notification to another server; only the latest matters.
	notify(to int64, n Notification)
	// delivered reports whether anything sent can have arrived anywhere.
	delivered() bool
	// connectAll dials every server that is not connected.
	connectAll()
	// poll rings timeout once, after d, instead of what it was asked before.
	poll(d time.Duration)
	// votes is told each proposed vote of this server.
	votes(v Vote)
	// decided ends the looking: leader is elected, perhaps this server itself.
	decided(v Vote)
}

// heard is the latest vote of one server.
type heard struct {
	state State
	vote  Vote
	known bool
}

// election is fast leader election at one server, as FastLeaderElection of
// ZooKeeper 3.8 does it, one method call an event. It outlives its decisions,
// because the count of rounds does.
type election struct {
	me     int64
	voters []int64 // sorted
	out    ballots

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

func newElection(me int64, voters []int64, out ballots) *election {
	return &election{me: me, voters: voters, out: out, recv: make([]heard, len(voters)), outside: make([]heard, len(voters))}
}

// look starts a round. Init is the vote for oneself.
func (e *election) look(init Vote) {
	e.looking, e.state, e.finalizing = true, Looking, false
	e.round++
	e.init, e.vote = init, init
	e.wait = minNotify
	clear(e.recv)
	clear(e.outside)
	e.announce()
	if !e.settle() {
		e.out.poll(e.wait)
	}
}

// announce tells everybody the proposed vote, and counts it here.
func (e *election) announce() {
	e.vote.Round = e.round
	e.out.votes(e.vote)
	for _, id := range e.voters {
		if id != e.me {
			e.out.notify(id, Notification{Looking, e.vote})
		}
	}
	e.recv[e.index(e.me)] = heard{Looking, e.vote, true}
}

// current is the notification that a server asking for the leader is told.
func (e *election) current() Notification {
	v := e.vote
	if e.looking {
		v.Round = e.round
	}
	return Notification{e.state, v}
}

// timeout is told when nothing came for as long as poll said.
func (e *election) timeout() {
	if !e.looking {
		return
	}
	if e.finalizing {
		e.finish(e.vote)
		return
	}
	if e.out.delivered() {
		e.announce()
	} else {
		e.out.connectAll()
	}
	e.wait = min(2*e.wait, maxNotify)
	e.out.poll(e.wait)
}

// receive takes a notification of another server.
func (e *election) receive(from int64, n Notification) {
	i := e.index(from)
	if i < 0 || e.index(n.Vote.Leader) < 0 {
		return
	}
	if !e.looking {
		if n.State == Looking && e.vote.Leader != 0 { // else it reads its disk
			e.out.notify(from, e.current())
		}
		return
	}
	if n.State == Looking && n.Vote.Round < e.round {
		e.out.notify(from, e.current())
	}
	if e.finalizing {
		if !n.Vote.better(e.vote) {
			e.out.poll(finalizeWait) // it waits for silence
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
		e.out.poll(e.wait)
	}
}

// fromLooking takes the vote of a server that is looking too.
func (e *election) fromLooking(i int, n Notification) {
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
func (e *election) settle() bool {
	if !e.quorum(e.recv, heard{Looking, e.vote, true}) {
		return false
	}
	e.finalizing = true
	e.out.poll(finalizeWait)
	return true
}

// fromDecided takes the vote of a server that has a leader. There is no final
// wait: so a restarted server rejoins at once.
func (e *election) fromDecided(i int, n Notification) {
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
func (e *election) leaderAgrees(votes []heard, v Vote) bool {
	if v.Leader == e.me {
		return e.round == v.Round
	}
	h := &votes[e.index(v.Leader)]
	return h.known && h.state == Leading
}

// quorum reports whether a majority votes as h does.
func (e *election) quorum(votes []heard, h heard) bool {
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
func (e *election) finish(v Vote) {
	e.looking, e.finalizing = false, false
	v.Round = e.round
	e.vote = v
	e.state = Following
	if v.Leader == e.me {
		e.state = Leading
	}
	e.out.decided(v)
}

// established is told the epoch that came of the election, which from then on
// is what others are told: a server that joins later compares it.
func (e *election) established(epoch int64) { e.vote.Epoch = epoch }

// index is the place of a voter, -1 if it is none.
func (e *election) index(id int64) int {
	for i, v := range e.voters {
		if v == id {
			return i
		}
	}
	return -1
}

func (e *election) clone(out ballots) *election {
	c := *e
	c.out = out
	c.recv = append([]heard(nil), e.recv...)
	c.outside = append([]heard(nil), e.outside...)
	return &c
}

func (e *election) digest(d *host.Digest) {
	d.Bool(e.looking)
	d.Bool(e.finalizing)
	d.Uint(uint64(e.state))
	d.Int(e.round)
	d.Int(int64(e.wait))
	e.init.digest(d)
	e.vote.digest(d)
	for i := range e.recv {
		e.recv[i].digest(d)
		e.outside[i].digest(d)
	}
}

func (h *heard) digest(d *host.Digest) {
	d.Bool(h.known)
	d.Uint(uint64(h.state))
	h.vote.digest(d)
}
