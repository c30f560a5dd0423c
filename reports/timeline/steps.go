package timeline

import (
	"slices"
	"strings"

	"github.com/simctl/simctl/model/trace"
)

// Steps are the kernel's, column by column. A message is a step whose cause is
// the step that sent it.
type steps struct {
	Lanes   []string `json:"lanes"`
	Whats   []what   `json:"whats"`
	Details []string `json:"details"` // the first is empty
	N       []int64  `json:"n"`       // each less the one before
	At      []int64  `json:"at"`      // likewise, nanoseconds
	Lane    []int    `json:"lane"`
	What    []int    `json:"what"`
	Detail  []int    `json:"detail"`
	Cause   []int64  `json:"cause"`   // N less the cause; 0: the outside
	All     int      `json:"all"`     // how many the run has
	Gaps    []span   `json:"gaps"`    // stretches of which something is left out
	Density []int    `json:"density"` // messages in each of [buckets] equal stretches of the run
}

// buckets is how fine the density of messages is.
const buckets = 480

// A what is a sort of step.
type what struct {
	Kind string `json:"kind"` // message, timer, disk, ...
	Name string `json:"name"`
	Of   string `json:"of,omitempty"` // of messages: rpc, zk (client and server), zab (server and server)
	Beat bool   `json:"beat,omitempty"`
}

// told is a step as the page tells it.
type told struct {
	what   what
	detail string
}

// stepsOf keeps the steps that fit in size bytes, with the causes of each.
func stepsOf(in *Input, w *windows, size int) steps {
	all := make([]told, len(in.Steps))
	for i := range in.Steps {
		all[i] = tell(&in.Steps[i])
		if s := &in.Steps[i]; s.Kind == "timer" && s.Cause > 0 && s.Cause < s.N { // one that sets itself again and again
			c := stepAt(in.Steps, s.Cause)
			all[i].what.Beat = all[i].what.Beat || c != nil && c.Kind == s.Kind && c.Actor == s.Actor && c.What == s.What
		}
	}
	out := steps{All: len(in.Steps), Density: density(in.Steps, in.Length)}
	kept := w.keep(len(all), size, func(i int) int64 { return in.Steps[i].At },
		func(i int) int { return 34 + quoted(all[i].detail) },
		func(i int) bool { return w.slice[in.Steps[i].N] })
	out.Gaps = gaps(in.Steps, kept)
	// A message needs the step that sent it.
	for i, ok := range slices.Clone(kept) {
		if c := in.Steps[i].Cause; ok && c != 0 {
			if j, found := slices.BinarySearchFunc(in.Steps, c, func(s trace.Step, n uint64) int { return int(int64(s.N) - int64(n)) }); found {
				kept[j] = true
			}
		}
	}
	var lanes, details column
	var n, at int64
	details.of("")
	whats := map[what]int{}
	for i, ok := range kept {
		if !ok {
			continue
		}
		s, t := &in.Steps[i], &all[i]
		k, known := whats[t.what]
		if !known {
			k = len(whats)
			whats[t.what] = k
			out.Whats = append(out.Whats, t.what)
		}
		out.N, n = append(out.N, int64(s.N)-n), int64(s.N)
		out.At, at = append(out.At, s.At-at), s.At
		out.Lane = append(out.Lane, lanes.of(machineOf(s.Actor)))
		out.What = append(out.What, k)
		out.Detail = append(out.Detail, details.of(t.detail))
		cause := int64(0)
		if s.Cause != 0 && s.Cause < s.N {
			cause = int64(s.N - s.Cause)
		}
		out.Cause = append(out.Cause, cause)
	}
	out.Lanes, out.Details, out.Whats = orEmpty(lanes.texts), orEmpty(details.texts), orEmpty(out.Whats)
	return out
}

// gaps are the stretches of steps that are left out.
func gaps(all []trace.Step, kept []bool) []span {
	out := []span{}
	for i := range all {
		switch n := len(out); {
		case kept[i]:
		case i > 0 && !kept[i-1] && n > 0:
			out[n-1][1] = all[i].At
		default:
			out = append(out, span{all[i].At, all[i].At})
		}
	}
	return out
}

// density counts the messages of each stretch.
func density(all []trace.Step, length int64) []int {
	out := make([]int, buckets)
	if n := len(all); n > 0 {
		length = max(length, all[n-1].At)
	}
	for i := range all {
		if all[i].Kind == "message" && length > 0 {
			out[min(buckets-1, int(all[i].At*buckets/length))]++
		}
	}
	return out
}

// tell names a step for the page.
func tell(s *trace.Step) told {
	t := told{what: what{Kind: s.Kind, Name: s.What}, detail: s.Detail}
	switch {
	case s.Kind != "message":
		t.what.Beat = s.What == "ping" || s.What == "silence" || s.What == "Peer.beaten" || strings.HasSuffix(s.What, ".heartbeat")
		t.detail = strings.TrimPrefix(t.detail, s.What)
	case s.What == "zk.Frame":
		t = frame(s)
	case s.What == strings.ToUpper(s.What) || s.What == "Notification":
		t.what.Of = "zab"
		t.what.Beat = s.What == "PING"
		t.detail = strings.TrimPrefix(strings.TrimPrefix(t.detail, s.What), " ")
	default:
		t.what.Of = "rpc"
		t.what.Beat = strings.Contains(s.What, "Heartbeat")
	}
	t.detail = clip(t.detail, 200)
	return t
}
