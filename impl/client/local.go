package client

import (
	"fmt"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/wire"
)

// firstPort is the first port that is given to a driver beside the client.
const firstPort = 40_000

// startHere starts a job's driver on this machine, as spark-submit does in
// client mode. Step numbers are ports: no two drivers of a client share one.
func (c *Client) startHere(step int, j *job) {
	name := c.cfg.Host
	if name == "" {
		name = string(c.h.Self())
	}
	args := wire.DriverArgs{
		Job: j.desc.Job, App: j.desc.App, Masters: c.cfg.Masters, Listen: host.Addr(fmt.Sprintf("%s:%d", name, firstPort+step)),
	}
	c.h.Note(host.Note{Kind: host.NoteApp, Subject: j.tag, Value: "begun", Detail: j.desc.Application()})
	j.child = c.h.Spawn(host.Program{Kind: "driver", Name: j.tag, Args: args.JSON()})
}

// Exited implements [host.Process]. The driver of a job in client mode is its
// user's to start again: nobody does.
func (c *Client) Exited(child host.ProcessID, status int) {
	for i := range c.jobs {
		if j := &c.jobs[i]; j.child == child {
			j.child = ""
			c.h.Note(host.Note{Kind: host.NoteApp, Subject: j.tag, Value: "exited", N: int64(status)})
		}
	}
}
