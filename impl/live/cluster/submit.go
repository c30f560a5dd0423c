package cluster

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/live/program"
	"github.com/simctl/simctl/impl/wire"
)

// A Job is what somebody submits to a cluster.
type Job struct {
	Name          string
	Cores, Memory int64 // of its driver; memory in MiB
	Supervise     bool
	RunFor        time.Duration // how long it runs, without an application
	Exit          int64         // its exit status then
	Tasks         int64         // of an application that computes pi; 0: it has none
	Executors     int64         // that this one asks for at most, of one core and Memory each
}

// desc is the job as masters are told. The key makes one driver of every
// attempt to submit it, where masters know keys.
func (j Job) desc(key string) wire.Desc {
	d := wire.Desc{Tag: j.Name, Key: key, Cores: j.Cores, Memory: j.Memory, Supervise: j.Supervise, RunFor: j.RunFor, Status: j.Exit}
	if j.Tasks > 0 {
		d.Job = wire.Job{Kind: wire.Pi, Stages: 1, Tasks: j.Tasks, Task: 100 * time.Millisecond}
		d.App = wire.AppDesc{Cores: 1, Memory: j.Memory, Limit: j.Executors}
	}
	return d
}

// between is the pause between two rounds of questions to all masters.
const between = 200 * time.Millisecond

// oneMaster is how long one master may take to answer.
const oneMaster = 3 * time.Second

// Submit submits a job to whichever master of the cluster on a directory is
// ALIVE, and waits for one until ctx is done. It returns the driver's ID.
func Submit(ctx context.Context, data string, j Job) (id string, err error) {
	q := wire.RequestSubmitDriver{Req: 1, Desc: j.desc("cluster-" + rand.Text())}
	err = askAll(ctx, data, func(ctx context.Context, master host.Addr) (bool, error) {
		a, err := program.Ask[wire.SubmitDriverResponse](ctx, master, q)
		switch {
		case err != nil || a.NotAlive:
			return false, err
		case !a.OK:
			return true, errors.New(a.Reason)
		}
		id = string(a.Driver)
		return true, nil
	})
	return id, err
}

// Wait asks about a driver until it has ended, and returns how.
func Wait(ctx context.Context, data, id string) (state string, err error) {
	err = askAll(ctx, data, func(ctx context.Context, master host.Addr) (bool, error) {
		a, err := program.Ask[wire.DriverStatusResponse](ctx, master, wire.RequestDriverStatus{Req: 1, Driver: wire.DriverID(id)})
		switch {
		case err != nil || a.NotAlive:
			return false, err
		case !a.Found:
			return true, fmt.Errorf("no master knows %s", id)
		}
		state = string(a.State)
		return a.State.Terminal(), nil
	})
	return state, err
}

// askAll asks one master after another, again and again, until one answers
// what there is to know. The error is the last one's, once ctx is done.
func askAll(ctx context.Context, data string, ask func(context.Context, host.Addr) (done bool, err error)) error {
	last := errors.New("no master is ALIVE")
	for {
		ps, err := Tell(data, "status")
		if err != nil {
			return err
		}
		for _, p := range ps {
			if p.Kind != "master" || !p.Running {
				continue
			}
			one, cancel := context.WithTimeout(ctx, oneMaster)
			done, err := ask(one, p.Addr)
			cancel()
			if done {
				return err
			}
			if err != nil {
				last = err
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("cluster: %w", last)
		case <-time.After(between):
		}
	}
}
