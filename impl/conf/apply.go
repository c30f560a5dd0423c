package conf

import (
	"fmt"
	"io/fs"
	"strings"

	"github.com/simctl/simctl/impl/persist"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/impl/schedule"
	"github.com/simctl/simctl/impl/settings"
	"github.com/simctl/simctl/impl/wire"
	"github.com/simctl/simctl/impl/worker"
)

// target is everything that a setting may change.
type target struct {
	timers map[string]int64
	master *settings.Master
	worker *worker.Config
}

func (c Conf) apply(to target) {
	if to.master == nil {
		to.master = &settings.Master{}
	}
	if to.worker == nil {
		to.worker = &worker.Config{}
	}
	if to.timers == nil {
		to.timers = map[string]int64{}
	}
	for _, s := range c.set {
		if s.key.apply != nil {
			s.key.apply(s, &to)
		}
	}
}

// Timers returns the timers that are set, by the names that their errors have:
// "worker timeout" and "recovery" in nanoseconds, "register few" as a number.
func (c Conf) Timers() map[string]int64 {
	out := map[string]int64{}
	c.apply(target{timers: out})
	return out
}

// Master changes the rest of a master's configuration.
func (c Conf) Master(cfg *settings.Master) { c.apply(target{master: cfg}) }

// Worker changes the rest of a worker's configuration.
func (c Conf) Worker(cfg *worker.Config) { c.apply(target{worker: cfg}) }

// Check says how what is set contradicts a policy.
func (c Conf) Check(p policy.Policy) error {
	if !p.TermInIDs {
		return nil
	}
	for _, s := range c.set {
		if s.key.unique == nil {
			continue
		}
		if err := s.key.unique(s.text); err != nil {
			return fmt.Errorf("%s: %w", s.key.Name, err)
		}
	}
	return nil
}

// uniqueDriver accepts patterns which name no two drivers the same.
func uniqueDriver(text string) error { return wire.IDPattern(text).CheckUnique(1, 1) }

// uniqueWorker accepts patterns which tell the incarnations of workers apart.
func uniqueWorker(text string) error {
	err := wire.IDPattern(text).CheckUnique(2, 1)
	if err == nil && strings.LastIndexByte(text, '-') != strings.LastIndexByte(text, '%')-1 {
		err = fmt.Errorf("pattern %q: with term-in-ids it must end in -%%d, the incarnation", text)
	}
	return err
}

func timer(name string) func(setting, *target) {
	return func(s setting, to *target) { to.timers[name] = s.value }
}

func workerTimeout(s setting, to *target) {
	to.timers["worker timeout"] = s.value
	to.timers["heartbeat"] = s.value / 4
	to.timers["recovery"] = s.value // until its own key says otherwise, which comes behind
}

func deadPersistence(s setting, to *target) {
	if to.master.DeadPersistence = int(s.value); s.value == 0 {
		to.master.DeadPersistence = -1
	}
}

func recoveryMode(s setting, to *target) {
	to.master.RecoveryMode = persist.Mode(s.key.Values[s.value])
}

func recoveryDirectory(s setting, to *target) { to.master.RecoveryDirectory = s.text }
func executorRetries(s setting, to *target) {
	if to.master.ExecutorRetries = s.value; s.value == 0 {
		to.master.ExecutorRetries = 1 // the first failure counts as the last, too
	}
}

func zookeeperDir(s setting, to *target)     { to.master.Dir = s.text }
func maxDrivers(s setting, to *target)       { to.master.Schedule.MaxDrivers = s.value }
func spreadOutDrivers(s setting, to *target) { to.master.Schedule.FillDrivers = s.value == 0 }
func retainedDrivers(s setting, to *target)  { to.master.RetainedDrivers = int(s.value) }
func driverIDs(s setting, to *target)        { to.master.DriverIDs = wire.IDPattern(s.text) }
func spreadOutApps(s setting, to *target)    { to.master.Schedule.FillApps = s.value == 0 }
func selection(s setting, to *target)        { to.master.Schedule.Selection = schedule.Policy(s.value) }
func defaultCores(s setting, to *target)     { to.master.Schedule.DefaultCores = s.value }
func retainedApps(s setting, to *target)     { to.master.RetainedApps = int(s.value) }
func appIDs(s setting, to *target)           { to.master.AppIDs = wire.IDPattern(s.text) }
func workerIDs(s setting, to *target)        { to.worker.IDs = wire.IDPattern(s.text) }

func pattern(words, numbers int) func(string) error {
	return func(text string) error { return wire.IDPattern(text).Check(words, numbers) }
}

// checkDirectory accepts a directory among a process's files.
func checkDirectory(text string) error {
	if !fs.ValidPath(text) || text == "." {
		return fmt.Errorf("want a directory below the process's own, as recovery")
	}
	return nil
}

// checkPath accepts the absolute path of a znode.
func checkPath(text string) error {
	for part := range strings.SplitSeq(strings.TrimPrefix(text, "/"), "/") {
		if !strings.HasPrefix(text, "/") || part == "" || part == "." || part == ".." || strings.ContainsFunc(part, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
			return fmt.Errorf("want a path like /spark")
		}
	}
	return nil
}
