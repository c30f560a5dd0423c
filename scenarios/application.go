package scenarios

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/simctl/simctl/scenarios/attr"
)

// An Application is what a job computes on executors of its own. The zero
// Application is none: the job only runs for a while. In a scenario it stands
// behind what else is said of the job:
//
//	job=pi stages=2 tasks=8 task=200ms..1s executors=2 ecores=2 ememory=256 asks=3@2s ends=1@5s mode=client
type Application struct {
	Job       JobKind // ""; the rest is then zero
	Stages    int     // one after another; 0 means 1
	Tasks     int     // of each stage; 0 means 1
	Task      Range   // how long a core works on a task
	Executors int     // how many it wants; 0: as many as it gets, or, if it asks later, none before
	Cores     int64   // of each executor; 0: one executor takes all that it is given on its worker
	Memory    int64   // MiB of each executor; 0 means 1
	Asks      Demand  // how many it wants from then on, as with dynamic allocation
	Ends      Demand  // how many it ends then, the oldest first
	Mode      Mode    // where its driver runs
}

// A Demand is what an application says of so many executors so long after it
// was first registered: "3@2s". The zero Demand is none.
type Demand struct {
	N     int // of executors
	After Range
}

// String returns "3@2s".
func (d Demand) String() string { return strconv.Itoa(d.N) + "@" + d.After.String() }

// demandAttr is a [Demand].
func demandAttr(name string, to *Demand) attr.Attr {
	return attr.Attr{Name: name, Set: func(v string) (err error) {
		n, after, ok := strings.Cut(v, "@")
		if !ok {
			return fmt.Errorf("want a number of executors and a time, as 3@2s")
		}
		var many int64
		if many, err = attr.ParseInt(n, 1, 10_000); err != nil {
			return err
		}
		to.N = int(many)
		to.After, err = ParseRange(after)
		if err == nil && to.After.Lo == 0 {
			return fmt.Errorf("an application says nothing before it is registered; want a time above 0")
		}
		return err
	}}
}

// Limit is how many executors the application wants when it registers; -1 for
// as many as it gets.
func (a Application) Limit() int64 {
	switch {
	case a.Executors > 0:
		return int64(a.Executors)
	case a.Asks.N > 0:
		return 0
	}
	return -1
}

// A JobKind is a program that applications run.
type JobKind string

// The programs.
const (
	Pi          JobKind = "pi"           // computes pi
	Ledger      JobKind = "ledger"       // adds LedgerAmount to an account of its own, once, however often it is run
	LedgerPlain JobKind = "ledger-plain" // adds it each time that it is run
)

// LedgerAmount is what a ledger job adds to its account.
const LedgerAmount = 100

// A Mode says where the driver of an application runs.
type Mode string

// The modes. The empty one is InCluster.
const (
	InCluster Mode = "cluster" // on a worker that the master chooses
	InClient  Mode = "client"  // beside the client that submits it
	InAny     Mode = "any"     // each job in one of the two, drawn; only of work
)

// Has reports whether the job is an application.
func (a Application) Has() bool { return a.Job != "" }

// HasLedger reports whether a job of the scenario adds to an account, so that
// there is a machine that keeps accounts, l1.
func (s Scenario) HasLedger() bool {
	adds := func(a Application) bool { return a.Job == Ledger || a.Job == LedgerPlain }
	if s.Work.Jobs > 0 && adds(s.Work.App) {
		return true
	}
	for _, o := range s.Ops {
		if adds(o.App) {
			return true
		}
	}
	return false
}

// HasApplications reports whether a job of the scenario is an application.
func (s Scenario) HasApplications() bool {
	return s.Work.Jobs > 0 && s.Work.App.Has() || slices.ContainsFunc(s.Ops, func(o Op) bool { return o.App.Has() })
}

// Longest bounds how long the application works if it has one core and loses
// nothing.
func (a Application) Longest() time.Duration {
	return time.Duration(max(1, a.Stages)*max(1, a.Tasks)) * a.Task.Hi
}

// attrs are what a line says of an application. Modes are those that it may have.
func (a *Application) attrs(modes ...string) []attr.Attr {
	return []attr.Attr{
		attr.Choice("job", (*string)(&a.Job), string(Pi), string(Ledger), string(LedgerPlain)),
		attr.Int("stages", &a.Stages, 1, 1000),
		attr.Int("tasks", &a.Tasks, 1, 100_000),
		rangeAttr("task", &a.Task),
		attr.Int("executors", &a.Executors, 1, 10_000),
		attr.Int("ecores", &a.Cores, 1, 1<<20),
		attr.Int("ememory", &a.Memory, 1, 1<<40),
		demandAttr("asks", &a.Asks),
		demandAttr("ends", &a.Ends),
		attr.Choice("mode", (*string)(&a.Mode), modes...),
	}
}

// words are what attrs reads.
func (a Application) words() []string {
	var out []string
	add := func(key, value string, is bool) {
		if is {
			out = append(out, key+"="+value)
		}
	}
	add("job", string(a.Job), a.Has())
	add("stages", strconv.Itoa(a.Stages), a.Stages != 0)
	add("tasks", strconv.Itoa(a.Tasks), a.Tasks != 0)
	add("task", a.Task.String(), a.Task != Range{})
	add("executors", strconv.Itoa(a.Executors), a.Executors != 0)
	add("ecores", strconv.FormatInt(a.Cores, 10), a.Cores != 0)
	add("ememory", strconv.FormatInt(a.Memory, 10), a.Memory != 0)
	add("asks", a.Asks.String(), a.Asks.N != 0)
	add("ends", a.Ends.String(), a.Ends.N != 0)
	add("mode", string(a.Mode), a.Mode != "")
	return out
}

// check reports an application that cannot be in the scenario.
func (a Application) check(s *Scenario) error {
	switch {
	case !a.Has() && a != Application{}:
		return fmt.Errorf("%s: only a job=pi, ledger or ledger-plain has that", strings.Join(a.words(), " "))
	case a.Cores > s.WorkerCores || a.Memory > s.WorkerMemory:
		return fmt.Errorf("executors of %d cores and %d MiB fit on no worker: one has %d and %d", a.Cores, a.Memory, s.WorkerCores, s.WorkerMemory)
	case a.Has() && s.Workers == 0:
		return fmt.Errorf("job=%s needs a worker", a.Job)
	}
	return nil
}
