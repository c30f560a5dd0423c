// Package timers is the durations of the protocol, in sets that have names.
package timers

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// A Name names a set of timers.
type Name string

// Timers are the durations of the protocol. The same for every policy.
type Timers struct {
	Name          Name          `json:"name"`
	Tick          time.Duration `json:"tickNs"`          // ZooKeeper's tickTime
	Session       time.Duration `json:"sessionNs"`       // session timeout asked for
	Lease         time.Duration `json:"leaseNs"`         // a master is Alive this long after its last committed write was sent; below Session
	Recovery      time.Duration `json:"recoveryNs"`      // spark.deploy.recoveryTimeout
	WorkerTimeout time.Duration `json:"workerTimeoutNs"` // spark.worker.timeout
	WorkerLease   time.Duration `json:"workerLeaseNs"`   // a worker runs supervised drivers this long after the heartbeat that was answered last
	Heartbeat     time.Duration `json:"heartbeatNs"`     // worker timeout / 4
	Register      time.Duration `json:"registerNs"`      // between registration attempts of a worker, times a factor of its own in [0.5,1.5)
	RegisterSlow  time.Duration `json:"registerSlowNs"`  // the same after RegisterFew attempts
	RegisterFew   int           `json:"registerFew"`
	RegisterMax   int           `json:"registerMax"`  // attempts before a worker gives up (spark)
	Ask           time.Duration `json:"askNs"`        // a client's patience with one master
	Retry         time.Duration `json:"retryNs"`      // a client's pause before the next round of masters
	GiveUp        time.Duration `json:"giveUpNs"`     // a client's patience with one operation
	StoreRetry    time.Duration `json:"storeRetryNs"` // first sleep of the blocking store's retries (spark), 3 of them, doubling
	Terminate     time.Duration `json:"terminateNs"`  // between TERM and KILL of a driver
	Relaunch      time.Duration `json:"relaunchNs"`   // pause before a launch, a report or MasterChanged is sent again
	Dial          time.Duration `json:"dialNs"`       // connect timeout
}

// Names of timers.
const (
	Fast  Name = "fast"  // everything about ten times faster than Spark, in proportion
	Spark Name = "spark" // the defaults of Spark 4 over ZooKeeper with its sample configuration
)

// For returns the timers of that name, and zero Timers for another one.
func For(name Name) Timers {
	switch name {
	case Spark:
		return sparkTimers()
	case Fast:
		return fastTimers()
	}
	return Timers{}
}

// sparkTimers are real: deploy/worker/Worker.scala, SparkCuratorUtil.scala,
// internal/config/Deploy.scala; ZooKeeper's zoo_sample.cfg.
func sparkTimers() Timers {
	return Timers{
		Name: Spark,
		Tick: 2 * time.Second,
		// Asked for; the server grants 20 ticks, 40 s.
		Session: 60 * time.Second,
		// Ours, three quarters of what the server grants.
		Lease:         30 * time.Second,
		Recovery:      60 * time.Second,
		WorkerTimeout: 60 * time.Second,
		WorkerLease:   180 * time.Second,
		Heartbeat:     15 * time.Second,
		Register:      10 * time.Second,
		RegisterSlow:  60 * time.Second,
		RegisterFew:   6,
		RegisterMax:   16,
		Ask:           10 * time.Second,
		Retry:         5 * time.Second,
		GiveUp:        10 * time.Minute,
		StoreRetry:    5 * time.Second,
		Terminate:     10 * time.Second,
		Relaunch:      10 * time.Second,
		Dial:          120 * time.Second,
	}
}

func fastTimers() Timers {
	return Timers{
		Name:          Fast,
		Tick:          500 * time.Millisecond,
		Session:       4 * time.Second,
		Lease:         3 * time.Second,
		Recovery:      5 * time.Second,
		WorkerTimeout: 5 * time.Second,
		WorkerLease:   15 * time.Second,
		Heartbeat:     1250 * time.Millisecond,
		Register:      1 * time.Second,
		RegisterSlow:  5 * time.Second,
		RegisterFew:   6,
		RegisterMax:   16,
		Ask:           1500 * time.Millisecond,
		Retry:         500 * time.Millisecond,
		GiveUp:        60 * time.Second,
		StoreRetry:    500 * time.Millisecond,
		Terminate:     1 * time.Second,
		Relaunch:      1 * time.Second,
		// Shorter than in proportion: a dial at a lost machine must not
		// outlast the twelve seconds between two losses.
		Dial: 3 * time.Second,
	}
}

// Granted is the session timeout that the service grants: what is asked for,
// but at least 2 and at most 20 ticks (ZooKeeperServer.java,
// minSessionTimeout and maxSessionTimeout).
func (t Timers) Granted() time.Duration {
	return min(max(t.Session, 2*t.Tick), 20*t.Tick)
}

type named struct {
	name string
	is   *time.Duration
}

// durations names every duration of t.
func (t *Timers) durations() []named {
	return []named{
		{"tick", &t.Tick}, {"session", &t.Session}, {"lease", &t.Lease}, {"recovery", &t.Recovery},
		{"worker timeout", &t.WorkerTimeout}, {"worker lease", &t.WorkerLease},
		{"heartbeat", &t.Heartbeat}, {"register", &t.Register},
		{"register slow", &t.RegisterSlow}, {"ask", &t.Ask}, {"retry", &t.Retry}, {"give up", &t.GiveUp},
		{"store retry", &t.StoreRetry}, {"terminate", &t.Terminate}, {"relaunch", &t.Relaunch}, {"dial", &t.Dial},
	}
}

// With returns t with some of it set: durations by the names that errors give
// them ("worker timeout"), in nanoseconds, and the numbers "register few" and
// "register max". An error says that there is none of a name, or what [Check]
// says of the result.
func (t Timers) With(set map[string]int64) (Timers, error) {
	for _, name := range slices.Sorted(maps.Keys(set)) {
		known := t.durations()
		i := slices.IndexFunc(known, func(n named) bool { return n.name == name })
		switch {
		case i >= 0:
			*known[i].is = time.Duration(set[name])
		case name == "register few":
			t.RegisterFew = int(set[name])
		case name == "register max":
			t.RegisterMax = int(set[name])
		default:
			return t, fmt.Errorf("timers %s: none is called %q", t.Name, name)
		}
	}
	if len(set) == 0 {
		return t, nil
	}
	if _, given := set["worker lease"]; !given && t.WorkerLease <= t.WorkerTimeout {
		t.WorkerLease = 3 * t.WorkerTimeout
	}
	return t, t.Check()
}

// Check reports timers that contradict each other.
func (t Timers) Check() error {
	for _, d := range t.durations() {
		if *d.is <= 0 {
			return fmt.Errorf("timers %s: %s is %s, not above 0", t.Name, d.name, *d.is)
		}
	}
	switch {
	case t.Lease >= t.Granted():
		return fmt.Errorf("timers %s: the lease of %s does not end before the granted session of %s", t.Name, t.Lease, t.Granted())
	case t.WorkerLease <= t.WorkerTimeout:
		return fmt.Errorf("timers %s: a worker lease of %s ends before a worker of timeout %s is lost", t.Name, t.WorkerLease, t.WorkerTimeout)
	case t.Heartbeat*2 > t.WorkerTimeout:
		return fmt.Errorf("timers %s: a worker timeout of %s allows no lost heartbeat of %s", t.Name, t.WorkerTimeout, t.Heartbeat)
	case t.RegisterSlow < t.Register:
		return fmt.Errorf("timers %s: slow registration every %s is faster than %s", t.Name, t.RegisterSlow, t.Register)
	case t.RegisterFew < 1 || t.RegisterMax < t.RegisterFew:
		return fmt.Errorf("timers %s: %d attempts to register, the first %d fast", t.Name, t.RegisterMax, t.RegisterFew)
	case t.GiveUp < t.Ask+t.Retry:
		return fmt.Errorf("timers %s: a client that gives up after %s asks only once", t.Name, t.GiveUp)
	}
	return nil
}
