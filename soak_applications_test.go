package simctl

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/reports"
	"github.com/simctl/simctl/scenarios"
)

// A soak counts the applications that came to a result by how their drivers
// are run; what was never submitted, and jobs without an application, do not count.
func TestASoakCountsTheApplicationsThatFinished(t *testing.T) {
	op := func(tag string, mode scenarios.Mode, supervise bool) scenarios.Op {
		return scenarios.Op{Kind: scenarios.Submit, Tag: tag, Supervise: supervise, App: scenarios.Application{Job: scenarios.Pi, Mode: mode}}
	}
	var r SoakResult
	r.Drawn.Ops = []scenarios.Op{
		op("a", "", false), op("a-r2", "", false), op("b", scenarios.InClient, false), op("bank", "", true), op("late", "", true),
		{Kind: scenarios.Submit, Tag: "plain"},
	}
	for _, tag := range []string{"a", "a-r2", "bank", "plain"} {
		r.Events = append(r.Events, trace.Event{Kind: trace.Call, Subject: tag, Value: "submit"})
	}
	app := func(tag, what string) {
		r.Events = append(r.Events, trace.Event{Kind: trace.App, Subject: tag, Value: what})
	}
	app("b", "begun")
	app("b", "finished")
	app("a", "failed")
	app("a-r2", "finished")
	app("bank", "finished")
	app("bank", "finished") // by a later attempt, again
	require.Equal(t, []reports.SoakApplications{
		{Mode: "client", Submitted: 1, Finished: 1}, {Mode: "cluster", Submitted: 2, Finished: 1}, {Mode: "supervised", Submitted: 1, Finished: 1},
	}, r.applications())
}
