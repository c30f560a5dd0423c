// Package refusal says why a scenario cannot be carried out by real processes.
package refusal

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/simctl/simctl/scenarios"
)

// played are the classes of faults that a live run can have.
var played = []scenarios.Class{
	scenarios.Stop, scenarios.KillOff, scenarios.HostLoss, scenarios.Pause, scenarios.Partition, scenarios.OneWay,
	scenarios.Stall, scenarios.ResetConn, scenarios.Slow, scenarios.Expire, scenarios.Leader, scenarios.ClockJump,
	scenarios.Decommission, scenarios.Lossy, scenarios.Drain, scenarios.Drop, scenarios.Duplicate,
	scenarios.DiskFull, scenarios.SlowDisk, scenarios.LostReply, scenarios.SlowOp, scenarios.CutOff, scenarios.DeleteZ,
}

// understood are what a live run knows of each part of a scenario. Whatever
// else a scenario says is refused rather than ignored.
var understood = map[string]string{
	"Scenario": "Name Doc Source Seed KeepAll Masters Workers Clients Servers WorkerCores WorkerMemory Timers Conf Given Apart Recovery Safety Restart Work Ops Faults Delay Drift " +
		"Ensemble ShowVotes Probes ZOps Recipes Loads Sees Must Sometimes Require Expect ExpectUnder",
	"Ensemble": "Tick Init Sync SnapCount Local",
	"Work":     "Jobs Cores Memory RunFor Kill Supervised Fail Status App",
	"Op":       "At Client Kind Tag Cores Memory RunFor Poll Supervise Exit App",
	"Fault":    "At For Class Groups Extra P Outputs On What N",
}

// strange names the first field of a part that says something which a live run
// does not know.
func strange(part any) string {
	v := reflect.ValueOf(part)
	known := strings.Fields(understood[v.Type().Name()])
	for i := range v.NumField() {
		if name := v.Type().Field(i).Name; !v.Field(i).IsZero() && !slices.Contains(known, name) {
			return strings.ToLower(name)
		}
	}
	return ""
}

// Of says why a scenario cannot be carried out by real processes; nil if it
// can.
func Of(s *scenarios.Scenario) error {
	switch {
	case s.Masters == 0 && len(s.Probes) == 0:
		return fmt.Errorf("topology: the servers of a live run serve before it begins, so without masters and probes nothing happens")
	case len(s.Special) > 0:
		return fmt.Errorf("server %s: the servers of a live run are numbered in their order, and begin empty", s.Special[0].Name)
	case s.Curator != "":
		return fmt.Errorf("curator: real masters have the latch and the client of go-zookeeper; the library's versions are imitated in simulation")
	case s.Ensemble.Defect != 0:
		return fmt.Errorf("ensemble defect=%d: real servers have no switch for a mistake; simulated ones do", s.Ensemble.Defect)
	case s.Order != (scenarios.Order{}):
		return fmt.Errorf("order: nobody chooses in which order real machines do what they do at nearly the same time")
	}
	if s.Work.App.Mode == scenarios.InAny {
		return fmt.Errorf("work mode=any: a live run has all of its drawn applications in one mode")
	}
	for _, part := range []any{*s, s.Ensemble, s.Work} {
		if name := strange(part); name != "" {
			return fmt.Errorf("%s: real processes have no such thing", name)
		}
	}
	for _, o := range s.Ops {
		if name := strange(o); name != "" {
			return fmt.Errorf("op %s: real clients know no %s", o, name)
		}
	}
	for _, f := range s.Faults {
		if err := refuseFault(f); err != nil {
			return fmt.Errorf("fault %q: %w", f, err)
		}
	}
	return nil
}

// refuseFault says why a fault cannot be carried out.
func refuseFault(f scenarios.Fault) error {
	switch f.Class {
	case scenarios.Renumber, scenarios.MyID, scenarios.Backup, scenarios.Restore, scenarios.Tear:
		return fmt.Errorf("what an operator does to the files of servers is done to simulated ones only")
	default:
	}
	if !slices.Contains(played, f.Class) {
		return fmt.Errorf("no real run can have a %s", f.Class)
	}
	if name := strange(f); name != "" {
		return fmt.Errorf("a real run knows no %s", name)
	}
	for _, g := range f.Groups {
		if traps := f.Class == scenarios.Drop || f.Class == scenarios.Duplicate; traps && serves(g) {
			return fmt.Errorf("a link knows the names of our messages only, not of ZooKeeper's")
		}
		for _, t := range g {
			switch child := t == "any-driver" || t == "any-executor"; {
			case strings.Contains(t, "/"):
				return fmt.Errorf("%s: nobody knows before a live run what drivers and executors are called", t)
			case child && !slices.Contains([]scenarios.Class{scenarios.Stop, scenarios.KillOff, scenarios.Pause}, f.Class):
				return fmt.Errorf("%s: a driver or an executor alone can only be stopped, killed or paused", t)
			}
		}
	}
	return nil
}

// Service says why a scenario cannot be carried out on servers that are not
// embedded, or that stand already; nil if it can.
func Service(s *scenarios.Scenario, embedded, stands bool) error {
	if stands && len(s.Apart) > 0 {
		return fmt.Errorf("apart: the servers that stand already are one service")
	}
	for _, f := range s.Faults {
		serving := 0
		for i, g := range f.Groups {
			if serves(g) || slices.Contains(g, "rest") && !slices.ContainsFunc(f.Groups[:i], allServers) {
				serving++
			}
		}
		strikes := f.Class == scenarios.Leader || !f.Class.Links() && serving > 0
		switch {
		case stands && strikes:
			return fmt.Errorf("fault %q: the servers that stand already are not ours to strike", f)
		case !embedded && (f.Class == scenarios.DiskFull || f.Class == scenarios.SlowDisk) && serving > 0:
			return fmt.Errorf("fault %q: only the servers of --zk=embedded can be told that their disk is full or slow", f)
		case !embedded && f.Class.Links() && serving > 1:
			return fmt.Errorf("fault %q: the links between servers can fail only with --zk=embedded", f)
		case !embedded && f.Class == scenarios.HostLoss && serving > 0:
			return fmt.Errorf("fault %q: other servers would be told at once that a server's machine is gone, but for --zk=embedded", f)
		}
	}
	return nil
}

// serves reports whether a group of targets has servers in it.
func serves(group []string) bool {
	return slices.ContainsFunc(group, func(t string) bool {
		return t[0] == 'z' || slices.Contains([]string{"servers", "any-server", "everyone"}, t)
	})
}

func allServers(group []string) bool {
	return slices.Contains(group, "servers") || slices.Contains(group, "everyone")
}
