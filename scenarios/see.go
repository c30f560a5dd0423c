package scenarios

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/simctl/simctl/scenarios/attr"
	"github.com/simctl/simctl/scenarios/hint"
	"github.com/simctl/simctl/scenarios/span"
)

// A See is something that a run must show, or it fails:
//
//	see at=9s leader z3
//	see from=10s to=20s no-service
//	see from=4s p2 event /config data-changed
//	see policy=spark from=10s failover
//
// At is an instant; From and To bound a while, which is the whole run if
// neither is given. Some of these say what must not happen.
type See struct {
	At       time.Duration // of leader and master; 0 for the others
	From, To time.Duration // a while; To 0 is the end of the run
	Policy   string        // a preset: only runs of that policy must show it; empty: all
	Who      string        // a server, probe, worker, client or job; empty where What stands alone
	What     SeeWhat
	Text     string // what stands behind
}

// A SeeWhat is a kind of thing to see.
type SeeWhat string

// The things to see. What stands before the dash is their text.
const (
	SeeLeader     SeeWhat = "leader"      // leader z3, leader none: at that instant this server leads and serves
	SeeService    SeeWhat = "service"     // every probe that asked had a write answered
	SeeNoService  SeeWhat = "no-service"  // no probe had a write answered that it began then
	SeeFailover   SeeWhat = "failover"    // another reign of a master began
	SeeNoFailover SeeWhat = "no-failover" // none did
	SeeElects     SeeWhat = "elects"      // z2 elects z3: an election of z2 ended so
	SeeFails      SeeWhat = "fails"       // z1 fails TEXT: the process says so and ends
	SeeEvent      SeeWhat = "event"       // p1 event /a data-changed: a watch told it
	SeeNoEvent    SeeWhat = "no-event"    // p1 no-event /a: no watch told it anything of this znode
	SeeSession    SeeWhat = "session"     // p1 session expired: the probe's session was told that state
	SeeNoSession  SeeWhat = "no-session"  // p1 no-session expired: it was not
	SeeRecipe     SeeWhat = "recipe"      // p1 recipe value one: its recipe told that
	SeeNoRecipe   SeeWhat = "no-recipe"   // p1 no-recipe members p2: it did not tell that
	SeeAlways     SeeWhat = "always"      // p1 always total 100: its recipe told that, and never another total
	SeeHangs      SeeWhat = "hangs"       // c1 hangs: it asked then, and got no answer
	SeeServed     SeeWhat = "served"      // c1 served: it asked then, and each time got an answer
	SeeFenced     SeeWhat = "fenced"      // fenced /lock: no write under the lock came behind one of a later owner

	SeeMaster     SeeWhat = "master"      // master some, master none: at that instant a master that runs is Alive, or none is
	SeeAcked      SeeWhat = "acked"       // a client's operation was answered, and not refused
	SeeNoAcked    SeeWhat = "no-acked"    // none was
	SeeTold       SeeWhat = "told"        // a told FINISHED: a client that asked was told that state of job a
	SeeNoTold     SeeWhat = "no-told"     // a no-told ERROR: it was not
	SeeRuns       SeeWhat = "runs"        // a runs 2: the driver of job a was started that often
	SeeApp        SeeWhat = "app"         // a app finished: its application told that
	SeeNoApp      SeeWhat = "no-app"      // a no-app removed: it did not
	SeeTask       SeeWhat = "task"        // a task lost: the driver of job a was told that of a task
	SeeNoTask     SeeWhat = "no-task"     // a no-task lost: it was not
	SeeExecutor   SeeWhat = "executor"    // w1 executor orphaned: an executor on w1 told that, or w1 of its executors
	SeeNoExecutor SeeWhat = "no-executor" // w1 no-executor killed: none did
	SeeBalance    SeeWhat = "balance"     // a balance 100: at the end of the while, the account of job a holds that
	SeeWorker     SeeWhat = "worker"      // w1 worker registered, or removed: a master took it for its own, or removed its record
	SeeNoWorker   SeeWhat = "no-worker"   // w1 no-worker removed: none did
)

// NeedsServers reports whether the scenario is about the ZooKeeper servers
// themselves, so that a service which only stands for them will not do.
func (s Scenario) NeedsServers() bool {
	if s.Masters == 0 || s.Ensemble != (Ensemble{}) || len(s.Special)+len(s.Probes) > 0 {
		return true
	}
	return slices.ContainsFunc(s.Sees, func(e See) bool { return !contains(workWhats(), string(e.What)) })
}

// alone are those that stand without somebody.
func (w SeeWhat) alone() bool {
	switch w {
	case SeeLeader, SeeService, SeeNoService, SeeFailover, SeeNoFailover, SeeFenced, SeeMaster, SeeAcked, SeeNoAcked:
		return true
	}
	return false
}

// ofClients are those that stand behind a client.
func (w SeeWhat) ofClients() bool { return w == SeeHangs || w == SeeServed }

// Not reports whether it is something that must not happen.
func (w SeeWhat) Not() bool { return strings.HasPrefix(string(w), "no-") }

// instant reports whether it is seen at one instant.
func (w SeeWhat) instant() bool { return w == SeeLeader || w == SeeMaster }

func seeWhats() []string {
	return append([]string{
		"leader", "service", "no-service", "failover", "no-failover", "elects", "fails", "event", "no-event", "session", "no-session", "recipe",
		"no-recipe", "always", "fenced",
	}, workWhats()...)
}

// workWhats are those that tell of masters, workers and jobs.
func workWhats() []string {
	return []string{
		"master", "acked", "no-acked", "told", "no-told", "runs", "app", "no-app", "task", "no-task", "executor", "no-executor", "balance",
		"worker", "no-worker", "hangs", "served",
	}
}

func parseSee(s *Scenario, rest string) error {
	words, attrs := attr.Split(strings.Fields(rest))
	var e See
	if err := attr.Parse(attrs, []attr.Attr{
		attr.Duration("at", &e.At), attr.Duration("from", &e.From), attr.Duration("to", &e.To),
		attr.Choice("policy", &e.Policy, presets...),
	}); err != nil {
		return err
	}
	if len(words) > 0 && !contains(seeWhats(), words[0]) && len(words) > 1 {
		e.Who, words = words[0], words[1:]
	}
	if len(words) == 0 {
		return fmt.Errorf("want what must be seen, one of %s", strings.Join(seeWhats(), ", "))
	}
	e.What, e.Text = SeeWhat(words[0]), strings.Join(words[1:], " ")
	s.Sees = append(s.Sees, e)
	return e.check()
}

func (e *See) check() error {
	n := len(strings.Fields(e.Text))
	switch {
	case !contains(seeWhats(), string(e.What)):
		return fmt.Errorf("nothing to see is called %q%s", e.What, hint.For(string(e.What), seeWhats(), "want "+strings.Join(seeWhats(), ", ")))
	case e.What.alone() != (e.Who == ""):
		return fmt.Errorf("%s stands %s", e.What, map[bool]string{true: "alone", false: "behind a server, a probe, a worker, a client or a job, as: p1 " + string(e.What)}[e.What.alone()])
	case e.What.instant() != (e.At > 0):
		return fmt.Errorf("at= belongs to leader and master, and they need it")
	case e.At > 0 && (e.From > 0 || e.To > 0):
		return fmt.Errorf("at= is an instant; from= and to= are not for it")
	case e.To > 0 && e.To <= e.From:
		return fmt.Errorf("from=%s is not before to=%s", span.Text(e.From), span.Text(e.To))
	case e.What == SeeMaster && e.Text != "some" && e.Text != "none":
		return fmt.Errorf("want: master some, or master none")
	case e.What.ofClients():
		if n > 0 {
			return fmt.Errorf("%s takes no %q", e.What, e.Text)
		}
	case e.What.alone() && !e.What.instant() && e.What != SeeFenced && n > 0:
		return fmt.Errorf("%s takes no %q", e.What, e.Text)
	case (e.What == SeeLeader || e.What == SeeNoEvent || e.What == SeeFenced || e.What == SeeElects) && n != 1, (e.What == SeeEvent || e.What == SeeAlways) && n != 2, !e.What.alone() && n == 0:
		return fmt.Errorf("see %s: want what of it", e.What)
	}
	return nil
}

// String returns what follows "see" in a scenario.
func (e See) String() string {
	var words []string
	when := func(name string, d time.Duration) {
		if d != 0 {
			words = append(words, name+"="+span.Text(d))
		}
	}
	when("at", e.At)
	when("from", e.From)
	when("to", e.To)
	if e.Policy != "" {
		words = append(words, "policy="+e.Policy)
	}
	if e.Who != "" {
		words = append(words, e.Who)
	}
	words = append(words, string(e.What))
	if e.Text != "" {
		words = append(words, e.Text)
	}
	return strings.Join(words, " ")
}
