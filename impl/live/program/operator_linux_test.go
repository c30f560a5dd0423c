package program

import (
	"context"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/conf"
	"github.com/simctl/simctl/impl/eventlog"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/impl/wire"
	"github.com/simctl/simctl/scenarios"
)

// list is a list of objects in what a page shows.
func (s *site) list(name string) (out []map[string]any) {
	s.Helper()
	_, a := s.do("GET", s.page, "/json/"+name, "")
	all, _ := a[name].([]any)
	for _, one := range all {
		out = append(out, one.(map[string]any))
	}
	return out
}

// post sends what a button of the page does.
func (s *site) post(path, id string) {
	s.Helper()
	c := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	r, err := c.PostForm("http://"+s.page+path, url.Values{"id": {id}, "terminate": {"true"}})
	require.NoError(s, err)
	r.Body.Close()
	require.Equal(s, 302, r.StatusCode)
}

// TestOperatorKillsFromThePage ends an application and a driver by the buttons
// of a master's page, which shows since when they are there.
func TestOperatorKillsFromThePage(t *testing.T) {
	begun := time.Now().UnixMilli()
	s := startSite(t, policy.Hardened)
	s.until(s.page, "/json/status", "status", "ALIVE")
	g := &gateway{self: s.listen}
	answer, err := ask[wire.RegisteredApplication](t.Context(), g, wire.RegisterApplication{
		Desc: wire.AppDesc{Tag: "pi", Key: "k", Driver: free(t), Cores: 1, Memory: 64, Limit: -1},
	})
	require.NoError(t, err)
	driver := s.submissions("POST", "create", create)["submissionId"].(string)
	app := s.list("activeapps")[0]
	require.Equal(t, string(answer.App), app["id"])
	require.GreaterOrEqual(t, app["starttime"].(float64), float64(begun))
	require.NotEmpty(t, app["submitdate"])
	require.NotEqual(t, "0", s.list("activedrivers")[0]["starttime"])
	require.NotEmpty(t, s.list("activedrivers")[0]["submitdate"])

	s.post("/app/kill/", string(answer.App))
	require.Eventually(t, func() bool { return len(s.list("completedapps")) == 1 }, 10*time.Second, 20*time.Millisecond)
	require.Equal(t, "KILLED", s.list("completedapps")[0]["state"])
	s.post("/driver/kill/", driver)
	s.until(s.rest, "/v1/submissions/status/"+driver, "driverState", "KILLED")
}

func TestWithoutKillEnabledThePageTakesNone(t *testing.T) {
	for text, want := range map[string]bool{"spark.ui.killEnabled=false": false, "spark.ui.killEnabled=true": true, "spark.ui.port=1": true} {
		c, err := conf.ParseAll([]string{text})
		require.NoError(t, err)
		require.Equal(t, want, c.Kills(), text)
	}
}

// TestWorkerIsDecommissionedBySIGPWR: its master shows it so, and since when it
// was last heard.
func TestWorkerIsDecommissionedBySIGPWR(t *testing.T) {
	s := startSite(t, policy.Hardened)
	start(t, Options{
		Kind: "worker", ID: "w1", Listen: free(t), Masters: []host.Addr{s.listen}, Cores: 4, Memory: 512,
		Policy: policy.Hardened, Timers: scenarios.Fast,
	})
	s.until(s.page, "/json/aliveworkers", "aliveworkers", 1.0)
	before := s.list("workers")[0]["lastheartbeat"].(float64)
	require.Positive(t, before)
	require.NoError(t, syscall.Kill(os.Getpid(), syscall.SIGPWR))
	require.Eventually(t, func() bool { return s.list("workers")[0]["state"] == "DECOMMISSIONED" }, 10*time.Second, 20*time.Millisecond)
	require.Eventually(t, func() bool { return s.list("workers")[0]["lastheartbeat"].(float64) > before }, 10*time.Second, 20*time.Millisecond)
}

// TestDriverOfAWorkerLeavesItsEventLog submits pi in cluster mode: its driver,
// a child of the worker, writes the log on that machine.
func TestDriverOfAWorkerLeavesItsEventLog(t *testing.T) {
	s := startSite(t, policy.Hardened)
	data := t.TempDir()
	start(t, Options{
		Kind: "worker", ID: "w1", Listen: free(t), Masters: []host.Addr{s.listen}, Cores: 4, Memory: 512, Data: data,
		Policy: policy.Hardened, Timers: scenarios.Fast,
	})
	s.until(s.page, "/json/aliveworkers", "aliveworkers", 1.0)
	_, err := ask[wire.SubmitDriverResponse](context.Background(), &gateway{self: s.listen}, wire.RequestSubmitDriver{Req: 1, Desc: wire.Desc{
		Tag: "pi", Cores: 1, Memory: 64, Job: wire.Job{Kind: wire.Pi, Stages: 1, Tasks: 2, Task: 10 * time.Millisecond},
		App: wire.AppDesc{Cores: 1, Memory: 64, Limit: 2},
	}})
	require.NoError(t, err)
	var logs []string
	require.Eventually(t, func() bool {
		logs, err = filepath.Glob(filepath.Join(data, "events-*"))
		return err == nil && len(logs) == 1 && filepath.Ext(logs[0]) != eventlog.InProgress
	}, 20*time.Second, 20*time.Millisecond)
	text, err := os.ReadFile(logs[0])
	require.NoError(t, err)
	events, err := eventlog.Parse(text)
	require.NoError(t, err)
	sum := eventlog.Summarize(events)
	require.Equal(t, "pi", sum.Name)
	require.Equal(t, 2, sum.Tasks)
	require.Empty(t, sum.Failed)
	require.Positive(t, sum.End)
}
