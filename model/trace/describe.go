package trace

import (
	"fmt"
	"strings"
	"time"
)

// Moment is a time of a run for people, as "12.345s": to the millisecond, and
// finer only below one.
func Moment(ns int64) string {
	d := time.Duration(ns)
	if d >= time.Millisecond || d <= -time.Millisecond {
		d = d.Round(time.Millisecond)
	}
	return d.String()
}

// Describe tells an event in words that a newcomer to the system understands:
// "m2 became Alive in term 3". It says who and what, not when.
func Describe(e *Event) string {
	if f, ok := described[e.Kind]; ok {
		return f(e)
	}
	return strings.TrimSpace(e.Process + " " + string(e.Kind) + " " + e.Subject + " " + e.Value + " " + e.Detail)
}

var described = map[Kind]func(e *Event) string{
	Started: func(e *Event) string {
		if e.Inc > 1 || e.N > 1 {
			return e.Process + " started again"
		}
		return e.Process + " started"
	},
	Exited: func(e *Event) string {
		if e.N == 0 {
			return e.Process + " ended by itself"
		}
		return fmt.Sprintf("%s ended by itself with status %d", e.Process, e.N)
	},
	KilledOff: func(e *Event) string { return e.Process + " was killed" },
	HostLost:  func(e *Event) string { return e.Process + " vanished with its machine" },
	Paused:    func(e *Event) string { return e.Process + " stood still" },
	Resumed:   func(e *Event) string { return e.Process + " ran again" },
	Fault: func(e *Event) string {
		if e.Value == "end" {
			return "fault over: " + orElse(e.Detail, e.Subject)
		}
		return "fault: " + orElse(e.Detail, e.Subject)
	},
	Commit: func(e *Event) string {
		text := fmt.Sprintf("transaction %#x was committed: %s %s", e.Zxid, e.Value, e.Subject)
		return strings.TrimSpace(text) + inTerm(e.Term)
	},
	SessionUp: func(e *Event) string { return fmt.Sprintf("%s opened session %#x", e.Process, e.N) },
	SessionExpired: func(e *Event) string {
		if e.Value == "closed" {
			return fmt.Sprintf("%s closed session %#x", e.Process, e.N)
		}
		return fmt.Sprintf("the coordination service expired session %#x of %s", e.N, e.Process)
	},
	ServiceUp:   func(*Event) string { return "the coordination service has a quorum" },
	ServiceDown: func(*Event) string { return "the coordination service lost its quorum" },
	Healed:      func(e *Event) string { return "all faults ended; healed: " + e.Detail },
	Bound: func(e *Event) string {
		return fmt.Sprintf("%s must hold within %s: %s", strings.TrimSpace(e.Subject+" "+e.Value), Moment(e.N), e.Detail)
	},
	Require:  func(e *Event) string { return e.Subject + " is required here" },
	Panicked: func(e *Event) string { return e.Process + " panicked: " + e.Detail },
	Ended:    func(e *Event) string { return strings.TrimSpace("the run ended " + e.Value) },
	State:    func(e *Event) string { return e.Process + " became " + e.Value + inTerm(e.Term) },
	Elected:  func(e *Event) string { return fmt.Sprintf("%s was elected: term %d began", e.Process, e.Term) },
	Intent: func(e *Event) string {
		return fmt.Sprintf("%s is about to %s %s%s", e.Process, e.Value, e.Subject, inTerm(e.Term))
	},
	Written:   describeWritten,
	Recovered: describeRecovered,
	Acked: func(e *Event) string {
		return fmt.Sprintf("%s acknowledged: %s %s%s", e.Process, e.Subject, e.Value, inTerm(e.Term))
	},
	Obeyed:   func(e *Event) string { return e.Process + " obeyed " + order(e) },
	Refused:  func(e *Event) string { return e.Process + " refused " + order(e) },
	Accepted: describeAccepted,
	Usage: func(e *Event) string {
		return fmt.Sprintf("%s counts on %s: %d of %d cores, %d of %d MiB in use", e.Process, e.Subject, e.N, e.M, e.P, e.Q)
	},
	Registered: func(e *Event) string {
		return fmt.Sprintf("%s is registered with %s%s", e.Process, e.Value, inTerm(e.Term))
	},
	Job:  func(e *Event) string { return fmt.Sprintf("%s %s (attempt %d)", e.Subject, e.Value, e.N) },
	Call: func(e *Event) string { return e.Process + " asked: " + e.Value + " job " + e.Subject },
	Return: func(e *Event) string {
		return fmt.Sprintf("%s was answered: %s job %s: %s", e.Process, e.Value, e.Subject, e.Detail)
	},
	GaveUp: func(e *Event) string { return e.Process + " gave up waiting: " + e.Value + " job " + e.Subject },
	Session: func(e *Event) string {
		return fmt.Sprintf("%s noticed: its %s session is %s", e.Process, e.Subject, e.Value)
	},
	Failed: func(e *Event) string { return e.Process + " swallowed a failure: " + e.Value },
	Role:   describeRole,
	Serving: func(e *Event) string {
		if e.Value == "leading" {
			return fmt.Sprintf("%s leads epoch %d, established with everything up to %#x", e.Process, e.Term, e.Zxid)
		}
		return fmt.Sprintf("%s serves as a follower in epoch %d", e.Process, e.Term)
	},
	Logged:    func(e *Event) string { return fmt.Sprintf("%s has on its disk what goes up to %#x", e.Process, e.Zxid) },
	Delivered: func(e *Event) string { return fmt.Sprintf("%s delivered transaction %#x", e.Process, e.Zxid) },
	Restored: func(e *Event) string {
		if e.Value == "disk" {
			return fmt.Sprintf("%s read its disk: a snapshot at %#x and a log up to %#x", e.Process, e.Zxid, e.N)
		}
		return fmt.Sprintf("%s took its leader's snapshot at %#x", e.Process, e.Zxid)
	},
	Vote: describeVote,
	Answered: func(e *Event) string {
		return fmt.Sprintf("%s answered the client of transaction %#x late", e.Process, e.Zxid)
	},
	ZCall: func(e *Event) string { return e.Process + " asked ZooKeeper: " + e.Subject },
	ZReturn: func(e *Event) string {
		return strings.TrimSpace(fmt.Sprintf("%s was answered: %s: %s %s", e.Process, e.Subject, e.Value, e.Detail))
	},
	ZWatch: func(e *Event) string { return fmt.Sprintf("%s's watch fired: %s %s", e.Process, e.Subject, e.Value) },
	Ready: func(e *Event) string {
		return e.Process + " tells probes that it is ready, and is " + e.Value + inTerm(e.Term)
	},
	Recipe: func(e *Event) string {
		return strings.TrimSpace(fmt.Sprintf("%s, %s: %s %s", e.Process, e.Subject, e.Value, e.Detail))
	},
	App: func(e *Event) string {
		return strings.TrimSpace(fmt.Sprintf("application %s at %s: %s %s", e.Subject, e.Process, e.Value, e.Detail))
	},
	Executor: func(e *Event) string { return fmt.Sprintf("executor %s %s (%s)", e.Subject, e.Value, e.Process) },
	Task: func(e *Event) string {
		return fmt.Sprintf("task %d of stage %d of %s: %s by executor %s, attempt %d", e.M, e.N, e.Subject, e.Value, e.Detail, e.P)
	},
	Effect: func(e *Event) string {
		return strings.TrimSpace(fmt.Sprintf("account %s: %+d by attempt %d of %s, balance %d %s", e.Subject, e.N, e.P, e.Detail, e.M, e.Value))
	},
}

func describeVote(e *Event) string {
	switch {
	case e.N == 0:
		return fmt.Sprintf("%s votes for server %d, which has logged up to %#x", e.Process, e.M, e.Zxid)
	case e.Value == "refused":
		return fmt.Sprintf("server %d tells %s that it does not lead", e.N, e.Process)
	}
	return fmt.Sprintf("%s hears server %d (%s) vote for server %d, which has logged up to %#x", e.Process, e.N, e.Value, e.M, e.Zxid)
}

func describeRole(e *Event) string {
	switch e.Value {
	case "looking":
		return fmt.Sprintf("%s looks for a leader, with epoch %d and zxid %#x", e.Process, e.Term, e.Zxid)
	case "leading":
		return e.Process + " was elected leader of the ensemble"
	}
	return fmt.Sprintf("%s follows server %d", e.Process, e.N)
}

func describeWritten(e *Event) string {
	if e.Zxid == 0 {
		return fmt.Sprintf("%s cannot know whether its %s of %s happened", e.Process, e.Value, e.Subject)
	}
	return fmt.Sprintf("%s wrote %s (%s)%s", e.Process, e.Subject, e.Value, inTerm(e.Term))
}

func describeRecovered(e *Event) string {
	if e.Value == "" {
		return e.Process + " holds " + e.Subject + inTerm(e.Term)
	}
	return fmt.Sprintf("%s holds %s as %s%s", e.Process, e.Subject, e.Value, inTerm(e.Term))
}

func describeAccepted(e *Event) string {
	return fmt.Sprintf("%s accepted the report that %s is %s (attempt %d)%s", e.Process, e.Subject, e.Value, e.N, inTerm(e.Term))
}

func order(e *Event) string {
	switch e.Subject {
	case "master":
		return "the change to master " + e.Value + inTerm(e.Term)
	case "reconnect":
		return "the request of " + e.Value + " to register again" + inTerm(e.Term)
	}
	text := e.Subject + " of " + e.Value
	if e.N != 0 {
		text += fmt.Sprintf(" (attempt %d)", e.N)
	}
	return text + inTerm(e.Term)
}

func inTerm(term int64) string {
	if term == 0 {
		return ""
	}
	return fmt.Sprintf(" in term %d", term)
}

func orElse(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
