package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/simctl/simctl/impl/host"
)

// LeaseIsOver is the exit status of a driver whose worker did not renew its lease:
// EX_TEMPFAIL. Such an end is none of the driver: another attempt may follow.
const LeaseIsOver = 75

// DriverArgs is what whoever starts a driver gives to it, as the argument of
// the program: a worker, or in client mode the machine of the client.
type DriverArgs struct {
	Driver  DriverID      `json:"driver"` // empty in client mode: no master knows it
	Attempt int64         `json:"attempt"`
	RunFor  time.Duration `json:"run_for_ns"`
	Status  int64         `json:"status"` // what it exits with when its time is over

	// Of an application; zero if the driver only runs for a while.
	Job     Job         `json:"job,omitzero"`
	App     AppDesc     `json:"app,omitzero"`
	Masters []host.Addr `json:"masters,omitempty"` // where it registers
	Listen  host.Addr   `json:"listen,omitempty"`  // where its executors find it

	Worker host.Addr `json:"worker,omitempty"` // whose end is its own; empty if there is none to watch
	// Lease is how long it may run, on the monotonic clock of the machine, unless its
	// worker says [DriverLease]; 0: for ever.
	Lease host.Mono `json:"lease,omitzero"`
}

// JSON returns the text that [ParseDriverArgs] reads.
func (a DriverArgs) JSON() string { return argsJSON(a) }

// ParseDriverArgs reads what [DriverArgs.JSON] wrote. It fails on anything
// else, unknown fields included, on a driver that is neither named nor an
// application, and on an application that cannot work.
func ParseDriverArgs(text string) (DriverArgs, error) {
	a, err := parseArgs[DriverArgs]("driver", text)
	switch {
	case err != nil:
	case a.Driver == "" && a.Job.Kind == NoJob || a.RunFor < 0:
		err = fmt.Errorf("driver arguments %q: no driver, or a negative time", text)
	case a.Job.Kind != NoJob && (a.Listen == "" || a.Job.Stages < 1 || a.Job.Tasks < 1 || a.Job.Task < 0):
		err = fmt.Errorf("driver arguments %q: a job needs an address, and at least one stage of one task", text)
	}
	if err != nil {
		return DriverArgs{}, err
	}
	return a, nil
}

// ExecutorArgs is what a worker gives to an executor that it starts.
type ExecutorArgs struct {
	App      AppID     `json:"app"`
	ID       int64     `json:"id"`
	Driver   host.Addr `json:"driver"` // where it registers
	Worker   host.Addr `json:"worker"` // whose end is its own
	WorkerID WorkerID  `json:"worker_id"`
	Cores    int64     `json:"cores"`
}

// JSON returns the text that [ParseExecutorArgs] reads.
func (a ExecutorArgs) JSON() string { return argsJSON(a) }

// ParseExecutorArgs reads what [ExecutorArgs.JSON] wrote. It fails on anything
// else, unknown fields included, and on an executor of nobody.
func ParseExecutorArgs(text string) (ExecutorArgs, error) {
	a, err := parseArgs[ExecutorArgs]("executor", text)
	if err == nil && (a.App == "" || a.Driver == "" || a.Worker == "") {
		err = fmt.Errorf("executor arguments %q: no application, driver or worker", text)
	}
	if err != nil {
		return ExecutorArgs{}, err
	}
	return a, nil
}

// Digest writes every field into d.
func (a ExecutorArgs) Digest(d *host.Digest) {
	d.Str(string(a.App))
	d.Int(a.ID)
	d.Str(string(a.Driver))
	d.Str(string(a.Worker))
	d.Str(string(a.WorkerID))
	d.Int(a.Cores)
}

// Digest writes every field into d.
func (a DriverArgs) Digest(d *host.Digest) {
	d.Str(string(a.Driver))
	d.Int(a.Attempt)
	d.Int(int64(a.RunFor))
	d.Int(a.Status)
	d.Int(int64(a.Lease))
	d.Str(string(a.Worker))
	if a.Job.Kind == NoJob {
		return // nothing of an application
	}
	a.Job.Digest(d)
	a.App.Digest(d)
	d.Uint(uint64(len(a.Masters)))
	for _, m := range a.Masters {
		d.Str(string(m))
	}
	d.Str(string(a.Listen))
}

// ExecutorName is the name of an executor in notes and on pages: "APP/ID".
func ExecutorName(app AppID, id int64) string { return fmt.Sprintf("%s/%d", app, id) }

func argsJSON(a any) string {
	b, err := json.Marshal(a)
	if err != nil {
		panic("wire: " + err.Error()) // a struct of strings and integers always has JSON
	}
	return string(b)
}

func parseArgs[A any](what, text string) (A, error) {
	var a, none A
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.DisallowUnknownFields()
	if err := d.Decode(&a); err != nil {
		return none, fmt.Errorf("%s arguments %q: %w", what, text, err)
	}
	if d.More() {
		return none, fmt.Errorf("%s arguments %q: more than one value", what, text)
	}
	return a, nil
}
