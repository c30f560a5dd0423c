package quorum

import (
	"fmt"
	"time"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/zk/txnlog"
)

// Defects are mistakes that ZooKeeper made or makes, to be turned on one by
// one. All are off by default. LostWakeUp is the server's, not a Peer's: who
// builds a server hands it on to server.Config.
type Defects struct {
	EpochBeforeLog  bool
	AckBeforeLog    bool
	LogWhenServing  bool
	ClaimBeforeRead bool
	ServeBeforeRead bool
	ForgottenTail   bool
	UnsavedSnapshot bool
	LateLog         bool
	LostWakeUp      bool
}

// A Defect is one of ZooKeeper's, by the number of its issue.
type Defect struct {
	Issue    int
	Says     string // what goes wrong
	Fixed    string // the first version without it
	Property string // what it violates first
	Switch   func(*Defects) *bool
}

// KnownDefects lists the switches, in the order of the issues.
func KnownDefects() []Defect {
	return []Defect{
		{2355, "a follower counts what its leader announces as its own before it has read it; what it then fails to read it never gets",
			"3.6.0", "zab-prefix", func(d *Defects) *bool { return &d.ClaimBeforeRead }},
		{2845, "a server that loses its leader forgets what it has logged and not applied, and leaves it in its log",
			"3.6.0", "committed-is-durable", func(d *Defects) *bool { return &d.ForgottenTail }},
		{3023, "a follower serves before it has applied what it was synchronised with",
			"3.9.3", "zab-prefix", func(d *Defects) *bool { return &d.ServeBeforeRead }},
		{3642, "a follower whose leader dies between a snapshot and NEWLEADER keeps the snapshot in memory only, and is brought up to date from there",
			"3.7.0", "zab-prefix", func(d *Defects) *bool { return &d.UnsavedSnapshot }},
		{3911, "a follower says that it is synchronised, and logs what it was synchronised with only when it serves",
			"3.7.0", "committed-is-durable", func(d *Defects) *bool { return &d.LogWhenServing }},
		{4537, "a server overlooks a committed write while no other request comes, and its lone client waits",
			"3.8.1", "committed-is-answered", func(d *Defects) *bool { return &d.LostWakeUp }},
		{4643, "a follower writes its current epoch before what it was synchronised with is on its disk, and may win with a shorter history",
			"3.8.5", "committed-is-durable", func(d *Defects) *bool { return &d.EpochBeforeLog }},
		{4646, "a follower says that it is synchronised before what it was synchronised with is on its disk",
			"3.8.5", "committed-is-durable", func(d *Defects) *bool { return &d.AckBeforeLog }},
		{4712, "what a follower had still to log when it lost its leader is logged behind what its next leader sent",
			"3.9.3", "zab-prefix", func(d *Defects) *bool { return &d.LateLog }},
	}
}

// WithDefect turns on the defect of an issue, or none for 0. It fails if the
// defect is none of [KnownDefects].
func WithDefect(issue int) (d Defects, err error) {
	if issue == 0 {
		return d, nil
	}
	for _, k := range KnownDefects() {
		if k.Issue == issue {
			*k.Switch(&d) = true
			return d, nil
		}
	}
	return d, fmt.Errorf("no switch for ZOOKEEPER-%d", issue)
}

// overlap is how long at most two threads of ZooKeeper that ought to follow
// each other run side by side, where a defect lets them.
const overlap = 20 * time.Millisecond

// forget is ForgottenTail: memory goes back to what is applied, the disk does
// not.
func (p *Peer) forget() {
	if p.cfg.Defects.ForgottenTail && p.serving {
		s := &p.st
		s.txns = s.txns[:txnlog.Behind(s.txns, p.applied)]
		s.cuts++
	}
}

// leaveBehind is LateLog: what is not written yet is written by nobody in
// particular, in a while.
func (p *Peer) leaveBehind() {
	if p.cfg.Defects.LateLog && len(p.st.buf) > 0 {
		late := string(p.st.buf)
		p.st.buf = nil
		host.After(p.h, Span{0, overlap}.draw(p.h, "late log"), (*Peer).logLate, late)
	}
}

func (p *Peer) logLate(records string) {
	p.st.buf = append(p.st.buf, records...)
	p.st.seq++
	p.flush()
}

// applyLate is ServeBeforeRead: a follower serves, and now applies what it
// was synchronised with.
func (p *Peer) applyLate(phase uint64) {
	if phase == p.phase {
		p.apply(p.f.commit)
	}
}
