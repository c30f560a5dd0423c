package story

import (
	"fmt"
	"strings"

	"github.com/simctl/simctl/model/trace"
)

func (t *teller) faultBegins(e *trace.Event, groups [][]string, hit bool) string {
	who := ""
	if len(groups) > 0 {
		who = t.names(groups[0])
	}
	if hit && len(groups) == 1 && len(groups[0]) == 1 {
		who = "the active master " + t.active
	}
	switch e.Subject {
	case "stop":
		return who + " is asked to stop (SIGTERM)"
	case "kill":
		if between(e) {
			return who + " is about to be killed (SIGKILL), in the middle of its next steps"
		}
		return who + " is killed (SIGKILL): its connections are reset at once"
	case "host-loss":
		return "the machine of " + who + " vanishes: its connections fall silent"
	case "pause":
		if between(e) {
			return who + " is about to stand still (SIGSTOP), in the middle of its next steps"
		}
		return who + " stands still (SIGSTOP) and does not know it"
	case "expire":
		return "ZooKeeper ends the session of " + who + " before it knows"
	case "zk-leader-loss":
		return "ZooKeeper loses its leader: every session's connection breaks"
	case "renumber":
		return "from its next start on " + who + " is server number " + named(e.Detail, "id") + " of the ensemble"
	case "myid":
		return "the file myid of " + who + " says " + named(e.Detail, "id") + " from its next start on"
	case "backup":
		return "the files of " + who + " are copied"
	case "restore":
		return "the files of " + who + " are replaced by the copy made before"
	case "decommission":
		return who + " is told to take no more work (SIGPWR)"
	case "tear":
		return "the last record in the log of " + who + " is torn"
	case "clock-jump":
		return "the wall clock of " + who + " jumps" + extra(e.Detail)
	}
	return t.linkFault(e, groups)
}

func (t *teller) linkFault(e *trace.Event, groups [][]string) string {
	if len(groups) < 2 {
		return "fault: " + e.Detail
	}
	var sides []string
	for _, g := range groups {
		sides = append(sides, t.names(g))
	}
	switch e.Subject {
	case "partition":
		return "the network is cut: " + strings.Join(sides, " | ")
	case "one-way":
		return "the network is cut one way: nothing from " + sides[0] + " arrives at " + sides[1]
	case "stall":
		return "connections between " + sides[0] + " and " + sides[1] + " carry nothing"
	case "reset":
		return "connections between " + sides[0] + " and " + sides[1] + " are reset"
	case "slow":
		return "messages between " + sides[0] + " and " + sides[1] + " are slow" + extra(e.Detail)
	}
	return "fault: " + e.Detail
}

// many is how many machines of one side of a link fault are named.
const many = 5

// names lists machines and says which is the active master.
func (t *teller) names(group []string) string {
	if len(group) > many {
		return fmt.Sprintf("%d others", len(group))
	}
	var out []string
	for _, m := range group {
		if m == t.active {
			m += " (active)"
		}
		if words := t.work.procs[m]; words != "" {
			m = words
		}
		out = append(out, m)
	}
	return strings.Join(out, " ")
}

func (t *teller) faultEnds(class string, groups [][]string) string {
	if len(groups) == 0 {
		return ""
	}
	first := strings.Join(groups[0], " ")
	if words := t.work.procs[first]; words != "" {
		first = words
	}
	switch class {
	case "pause":
		return first + " goes on (SIGCONT)"
	case "host-loss":
		return "the machine of " + first + " is back"
	case "partition", "one-way", "stall":
		return "the network between " + first + " and the others carries again"
	}
	return ""
}

// Targets reads the groups of targets out of a fault's text.
func Targets(text string) [][]string {
	var groups [][]string
	class := false
	for _, w := range strings.Fields(text) {
		switch {
		case strings.Contains(w, "="):
		case !class:
			class = true
		case w == "|" || len(groups) == 0:
			groups = append(groups, nil)
		}
		if n := len(groups); n > 0 && w != "|" && !strings.Contains(w, "=") {
			groups[n-1] = append(groups[n-1], w)
		}
	}
	return groups
}

func extra(text string) string {
	if by := named(text, "by"); by != "" {
		return " by " + by
	}
	return ""
}

// named returns the value of NAME=VALUE in a fault's text.
func named(text, name string) string {
	for _, w := range strings.Fields(text) {
		if v, ok := strings.CutPrefix(w, name+"="); ok {
			return v
		}
	}
	return ""
}
