// Package driver is the program that a job runs. A job without an application
// runs for a while and exits with a given status. One with an application is
// Spark's driver: it registers the application with the masters
// (deploy/client/StandaloneAppClient.scala), takes the executors that they
// start for it, gives them the tasks of one stage after another
// (CoarseGrainedSchedulerBackend, TaskSchedulerImpl), and exits with 0 once it
// has their results. Whoever started it learns its end from the exit status
// alone, as Spark's DriverRunner does.
package driver

import (
	"slices"
	"time"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/impl/wire"
)

// The exit statuses of a driver.
const (
	Failed       = 1   // its application did
	Terminated   = 143 // it was asked to end, as a shell reports a SIGTERM: 128 + 15
	WorkerIsGone = 255 // -1
)

// A Config says how the driver of an application goes about it. Durations that
// are 0 are Spark's defaults. A job without an application needs none.
type Config struct {
	Policy          policy.Policy
	Register        time.Duration // between attempts to register; default 20 s
	RegisterMax     int           // attempts before Spark's application gives up; default 3
	Dial            time.Duration // a dial that takes longer is given up; default 120 s (spark.network.timeout)
	ExecutorTimeout time.Duration // an executor that is silent for longer is lost; default Dial (spark.network.timeout)
	RemoveDelay     time.Duration // a master's word on an executor that closed its connection is waited for; default 5 s
	Retry           time.Duration // before a deposit or a request is sent again; default 5 s
	Silence         time.Duration // a master that is silent for longer may know the application no more; default 60 s (spark.worker.timeout)
	TaskFailures    int           // failures of one task that end the job; default 4 (spark.task.maxFailures)
}

func (c *Config) setDefaults() {
	set := func(d *time.Duration, to time.Duration) {
		if *d == 0 {
			*d = to
		}
	}
	set(&c.Register, 20*time.Second)
	set(&c.Dial, 120*time.Second)
	set(&c.ExecutorTimeout, c.Dial)
	set(&c.RemoveDelay, 5*time.Second)
	set(&c.Retry, 5*time.Second)
	set(&c.Silence, 60*time.Second)
	if c.RegisterMax == 0 {
		c.RegisterMax = 3
	}
	if c.TaskFailures == 0 {
		c.TaskFailures = 4
	}
}

// A Driver is one attempt of a job. It implements [host.Process].
type Driver struct {
	h    host.Host
	cfg  Config
	args wire.DriverArgs
	done bool // it has ended; what comes later changes nothing

	worker host.ConnID   // over which it sees that its worker lives; 0 without one
	until  time.Duration // on the monotonic clock: when its lease is over
	lease  host.TimerID  // rings then

	app application
}

// New makes a driver from the text that [wire.DriverArgs.JSON] wrote. It fails
// if the text is not that.
func New(args string, c Config) (*Driver, error) {
	a, err := wire.ParseDriverArgs(args)
	if err != nil {
		return nil, err
	}
	c.setDefaults()
	return &Driver{args: a, cfg: c}, nil
}

// isApp reports whether the job has an application.
func (d *Driver) isApp() bool { return d.args.Job.Kind != wire.NoJob }

// Start begins the job.
func (d *Driver) Start(h host.Host) {
	d.h = h
	d.note("started")
	d.watchWorker()
	if d.isApp() {
		d.startApp()
		return
	}
	host.After(h, d.args.RunFor, (*Driver).timeIsOver, struct{}{})
}

func (d *Driver) timeIsOver(struct{}) {
	if d.args.Status == 0 {
		d.end("finished", 0)
		return
	}
	d.end("failed", int(d.args.Status))
}

// Signalled ends the job at once when the worker asks. An application that has
// its results has finished all the same.
func (d *Driver) Signalled(s host.Signal) {
	if s == host.Terminate && !d.done {
		d.endEarly("it was asked to end", "killed", Terminated)
	}
}

// endEarly ends the job before its time, for a reason that is not its own.
func (d *Driver) endEarly(why, how string, status int) {
	switch {
	case d.app.phase == leaving:
		d.leave()
	case d.isApp():
		d.giveUp(why, how, status)
	default:
		d.end(how, status)
	}
}

func (d *Driver) end(how string, status int) {
	if d.done {
		return
	}
	d.done = true
	d.note(how)
	d.h.Exit(status)
}

// note tells of the driver that masters know. In client mode there is none.
func (d *Driver) note(what string) {
	if d.args.Driver != "" {
		d.h.Note(host.Note{Kind: host.NoteJob, Subject: string(d.args.Driver), Value: what, N: d.args.Attempt})
	}
}

// Exited implements [host.Process]. A driver has no children.
func (d *Driver) Exited(host.ProcessID, int) {}

// Clone implements [host.Process].
func (d *Driver) Clone(h host.Host) host.Process {
	c := *d
	c.h = h
	c.args.Masters = slices.Clone(d.args.Masters)
	c.app = d.app.clone()
	return &c
}

// Digest implements [host.Process]. The configuration never changes and is not
// part of it.
func (d *Driver) Digest(x *host.Digest) {
	d.args.Digest(x)
	x.Bool(d.done)
	x.Conn(d.worker)
	x.Int(int64(d.until))
	x.Timer(d.lease)
	if d.isApp() {
		d.app.digest(x)
	}
}
