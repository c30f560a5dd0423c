package spec

import (
	"strings"

	"github.com/simctl/simctl/model/history"
)

// A Phase is how far a job is.
type Phase uint8

// The phases of a job, in their only order.
const (
	Absent Phase = iota // nobody has submitted it
	Live                // submitted, and not at its end
	Over                // at its end, for good
)

// A Job is what a perfect master would know of one job.
type Job struct {
	Phase     Phase
	KillAsked bool   // a kill was acknowledged, so it may end KILLED
	ID        string // the driver's; empty until an answer tells it
	Outcome   string // the final state; empty before the end
}

// Jobs is the machine of one job: what Spark's standalone master promises of a
// driver, with the promises that it breaks.
//
//   - submit gives the driver's ID, the same one however often it is asked.
//   - status tells "not found" before the submission, a live state (SUBMITTED,
//     RUNNING, RELAUNCHING: which one is the master's affair) until the end,
//     and the final state from then on. "evicted" stands for any final state.
//   - kill is answered "ok" before the end, and after an end by a kill; else
//     "error: not found" or "error: already" and the final state.
//   - FINISHED and FAILED come from a [history.Finish] with that state; KILLED
//     from one, or from a kill alone, when nothing of the job was running; ERROR
//     from one, or from the loss of a worker. Whether a worker was lost is no
//     matter of this machine: [FirstContradiction] looks at it.
//
// An operation without an answer may have happened at any time, or not at all.
// A refusal other than these two says nothing.
func Jobs() Model[Job] {
	return Model[Job]{Step: stepJob, Hash: Job.hash, Blind: blind}
}

// IsLive reports whether a status answer says that the job goes on.
func IsLive(answer string) bool {
	return answer == "SUBMITTED" || answer == "RUNNING" || answer == "RELAUNCHING"
}

// IsFinal reports whether a status answer is a final state.
func IsFinal(answer string) bool {
	return answer == "FINISHED" || answer == "FAILED" || answer == "KILLED" || answer == "ERROR"
}

// Told returns what the answer of op says of the job's state: a live or final
// state, "evicted", "not found", or "" for nothing.
func Told(op *history.Op) string {
	if op.Return == history.Open {
		return ""
	}
	switch op.Kind {
	case history.Finish:
		return op.Arg
	case history.Submit:
		return ""
	}
	answer := strings.TrimPrefix(strings.TrimPrefix(op.Answer, "error: "), "already ")
	if IsLive(answer) || IsFinal(answer) || answer == "evicted" || answer == "not found" {
		return answer
	}
	return ""
}

func blind(op *history.Op) bool {
	switch op.Kind {
	case history.Status:
		return Told(op) == ""
	case history.KillOp:
		return op.Return != history.Open && op.Answer != "ok" && Told(op) == ""
	case history.Submit:
		return op.Return != history.Open && IsError(op.Answer)
	}
	return false
}

func stepJob(s Job, op *history.Op) (Job, bool) {
	switch op.Kind {
	case history.Submit:
		return s.submit(op)
	case history.KillOp:
		return s.kill(op)
	case history.Status:
		return s.status(Told(op))
	case history.Finish:
		return s.finish(op)
	}
	return s, false
}

func (s Job) submit(op *history.Op) (Job, bool) {
	if s.Phase == Absent {
		s.Phase = Live
	}
	if op.Return == history.Open {
		return s, true
	}
	return s.is(op.Answer)
}

// is binds the driver's ID, or holds it against the one that was bound.
func (s Job) is(id string) (Job, bool) {
	if s.ID == "" {
		s.ID = id
	}
	return s, s.ID == id
}

func (s Job) kill(op *history.Op) (Job, bool) {
	told := Told(op)
	switch {
	case op.Return == history.Open:
		s.KillAsked = s.KillAsked || s.Phase == Live
		return s, true
	case told == "not found":
		return s, s.Phase == Absent
	case s.Phase == Absent:
		return s, false
	case s.Phase == Over:
		return s, told == s.Outcome || told == "evicted" || told == "" && s.Outcome == "KILLED"
	case told == "":
		s.KillAsked = true
		return s, true
	case told == "KILLED":
		// An earlier try of this operation was the kill. The end itself may
		// come later than that try, so the job stays live here.
		s.KillAsked = true
		return s, true
	}
	return s.status(told)
}

func (s Job) status(told string) (Job, bool) {
	switch {
	case told == "not found":
		return s, s.Phase == Absent
	case s.Phase == Absent:
		return s, false
	case s.Phase == Over:
		return s, told == s.Outcome || told == "evicted"
	case IsLive(told):
		return s, true
	case told == "KILLED" && s.KillAsked, told == "ERROR":
		s.Phase, s.Outcome = Over, told
		return s, true
	case told == "evicted":
		s.Phase, s.Outcome = Over, "ERROR"
		return s, true
	}
	return s, false
}

func (s Job) finish(op *history.Op) (Job, bool) {
	open := op.Return == history.Open
	if s.Phase == Absent {
		return s, open
	}
	same, ok := s.is(op.Answer)
	switch {
	case !ok:
		return s, open
	case s.Phase == Over:
		return s, open || s.Outcome == op.Arg
	}
	same.Phase, same.Outcome = Over, op.Arg
	return same, true
}

func (s Job) hash() uint64 {
	h := uint64(14695981039346656037)
	mix := func(b byte) { h = (h ^ uint64(b)) * 1099511628211 }
	mix(byte(s.Phase))
	if s.KillAsked {
		mix(1)
	}
	for i := range len(s.Outcome) {
		mix(s.Outcome[i])
	}
	mix(0)
	for i := range len(s.ID) {
		mix(s.ID[i])
	}
	return h
}
