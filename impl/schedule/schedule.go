// Package schedule decides where drivers and executors go, as Spark's master
// does (Master.scala, schedule and scheduleExecutorsOnWorkers): pure functions
// over what workers have left, which change nothing that they are given.
package schedule

import "math"

// NoLimit is a limit that nothing reaches, as Spark's Int.MaxValue.
const NoLimit = math.MaxInt64

// Settings are a master's choices. The zero Settings are Spark's defaults.
type Settings struct {
	FillDrivers  bool   // spark.deploy.spreadOutDrivers=false: the first worker that fits
	FillApps     bool   // spark.deploy.spreadOutApps=false: one worker after the other
	Selection    Policy // spark.deploy.workerSelectionPolicy, of executors only
	MaxDrivers   int64  // spark.deploy.maxDrivers: of drivers that run; 0 is no limit
	DefaultCores int64  // spark.deploy.defaultCores: of an application that says none; 0 is no limit
}

// Room is how many drivers may start while running run.
func (s Settings) Room(running int64) int64 {
	if s.MaxDrivers == 0 {
		return NoLimit
	}
	return max(0, s.MaxDrivers-running)
}

// A Worker is what one worker has left. Only workers that may be used belong
// into a list of them.
type Worker struct {
	ID     string
	Cores  int64 // free
	Memory int64 // free, MiB
}

// A Driver is what one waiting driver needs.
type Driver struct {
	Cores  int64
	Memory int64 // MiB
}

// A Rule says how a pass places drivers.
type Rule struct {
	// SpreadOut goes round the workers in their order, on from Next (Spark,
	// which shuffles them before every pass, begins at 0). Without it every
	// driver goes to the first worker that fits, in the order of their IDs
	// (spark.deploy.spreadOutDrivers=false).
	SpreadOut bool
	Next      int   // the worker at which the round goes on; taken modulo their number
	Room      int64 // how many drivers may still start, see [Settings.Room]
}

// Drivers places waiting drivers, the oldest first. It returns for each the
// index of its worker, -1 for one that goes on waiting, and where the next
// round goes on. A driver that fits nowhere does not hold up those behind it.
func Drivers(waiting []Driver, workers []Worker, rule Rule) (at []int, next int) {
	at = make([]int, len(waiting))
	free := append([]Worker(nil), workers...)
	order := ascending(len(free))
	if !rule.SpreadOut {
		order = Order(WorkerID, workers)
	}
	next = rule.Next
	for i, d := range waiting {
		at[i] = -1
		if rule.Room <= 0 {
			continue
		}
		from := next
		if !rule.SpreadOut {
			from = 0
		}
		for k := range order {
			n := (from + k) % len(order)
			w := &free[order[n]]
			if w.Cores < d.Cores || w.Memory < d.Memory {
				continue
			}
			w.Cores -= d.Cores
			w.Memory -= d.Memory
			at[i] = order[n]
			rule.Room--
			if rule.SpreadOut {
				next = (n + 1) % len(order)
			}
			break
		}
	}
	return at, next
}

func ascending(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// An App is what one application, or one resource profile of it, asks for.
type App struct {
	// Unit is the cores of an executor (spark.executor.cores). 0 is unset:
	// then one executor a worker and a pass, with all cores it is given.
	Unit      int64
	Memory    int64 // of an executor, MiB
	CoresLeft int64 // how many more cores it may have (spark.cores.max less what it has)
	Limit     int64 // the executors it asked for in all; NoLimit if it never said
	Have      int64 // the executors it has
}

// least is the fewest cores that an executor can have.
func (a App) least() int64 { return max(a.Unit, 1) }

// Fits reports whether one executor of the application would fit on w. Only
// such workers are usable for it.
func (a App) Fits(w Worker) bool {
	return w.Cores >= a.least() && w.Memory >= a.Memory
}

// Executors shares cores out among workers in the order given (see [Order]),
// and returns how many each gives; see [Split] for what that makes. It hands out a whole
// executor's cores at a time: one core at a time would leave four workers
// of 16 with 12 each where three executors of 16 were asked for, and none
// would start (SPARK-8881). With spreadOut the next worker follows after
// every unit, else a worker is filled first.
func Executors(app App, workers []Worker, spreadOut bool) []int64 {
	p := pass{app: app, workers: workers, cores: make([]int64, len(workers)), execs: make([]int64, len(workers))}
	for _, w := range workers {
		p.budget += w.Cores
	}
	p.budget = min(p.budget, app.CoresLeft)
	for gave := true; gave; {
		gave = false
		for i := range workers {
			for p.able(i) {
				p.give(i)
				gave = true
				if spreadOut {
					break
				}
			}
		}
	}
	return p.cores
}

// Split returns the cores of the executors that a worker starts with what
// [Executors] gave it: as many of unit as that makes, or one with everything.
func Split(cores, unit int64) []int64 {
	if cores <= 0 {
		return nil
	}
	if unit <= 0 {
		return []int64{cores}
	}
	out := make([]int64, 0, cores/unit)
	for ; cores >= unit; cores -= unit {
		out = append(out, unit)
	}
	return out
}

// pass is one sharing out of cores.
type pass struct {
	app     App
	workers []Worker
	budget  int64   // cores still to be given
	cores   []int64 // given to each worker
	execs   []int64 // executors that makes on each
	started int64   // the sum of execs
}

// able reports whether a worker can be given one more unit.
func (p *pass) able(i int) bool {
	w, unit := p.workers[i], p.app.least()
	if p.budget < unit || w.Cores-p.cores[i] < unit {
		return false
	}
	if p.app.Unit <= 0 && p.execs[i] > 0 {
		return true // the same executor grows
	}
	return w.Memory-p.execs[i]*p.app.Memory >= p.app.Memory && p.app.Have+p.started < p.app.Limit
}

func (p *pass) give(i int) {
	unit := p.app.least()
	p.budget -= unit
	p.cores[i] += unit
	if p.app.Unit > 0 || p.execs[i] == 0 {
		p.execs[i]++
		p.started++
	}
}
