package program

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/conf"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/live/web"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/impl/wire"
	"github.com/simctl/simctl/scenarios"
	"github.com/simctl/simctl/zktest"
)

// TestMain is a driver or master, if a test started this program as one.
func TestMain(m *testing.M) {
	if len(os.Args) < 2 || os.Args[1] != "node" {
		os.Exit(m.Run())
	}
	o := Options{Kind: os.Args[2], Policy: policy.Hardened, Timers: scenarios.Fast}
	var set []string
	for _, arg := range os.Args[3:] {
		switch name, value, _ := strings.Cut(arg, "="); name {
		case "--id":
			o.ID = value
		case "--args":
			o.Args = value
		case "--listen":
			o.Listen = host.Addr(value)
		case "--rest":
			o.REST = value
		case "--data":
			o.Data = value
		case "--conf":
			set = append(set, value)
		}
	}
	var err error
	if o.Conf, err = conf.ParseAll(set); err != nil {
		panic(err)
	}
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer cancel()
	status, err := Run(ctx, o)
	if err != nil {
		panic(err)
	}
	os.Exit(status)
}

// A site is a master and its pages, over a ZooKeeper in this process.
type site struct {
	*testing.T
	page, rest string
	listen     host.Addr
}

// start runs a process until the test is over.
func start(t *testing.T, o Options) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		_, err := Run(ctx, o)
		ended <- err
	}()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ended)
	})
}

func free(t *testing.T) host.Addr {
	t.Helper()
	a, err := concrete(":0")
	require.NoError(t, err)
	return a
}

func startSite(t *testing.T, p policy.Policy) *site {
	t.Helper()
	e, err := zktest.Start(zktest.Options{Tick: 500 * time.Millisecond, TCP: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Close()) })
	var zk []host.Addr
	for _, a := range e.Addrs() {
		zk = append(zk, host.Addr(a))
	}
	s := &site{T: t, page: string(free(t)), rest: string(free(t)), listen: free(t)}
	start(t, Options{
		Kind: "master", ID: "m1", Listen: s.listen, HTTP: s.page, REST: s.rest, ZK: zk, Dir: "/s", Policy: p, Timers: scenarios.Fast,
	})
	return s
}

// do sends a request and returns the answer's fields.
func (s *site) do(method, at, path, body string) (status int, answer map[string]any) {
	s.Helper()
	q, err := http.NewRequestWithContext(s.Context(), method, "http://"+at+path, strings.NewReader(body))
	require.NoError(s, err)
	q.Header.Set("Idempotency-Key", "k1")
	c := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	r, err := c.Do(q)
	if err != nil {
		return 0, nil
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	require.NoError(s, err)
	require.NoError(s, json.Unmarshal(text, &answer), "%s", text)
	return r.StatusCode, answer
}

func (s *site) submissions(method, path, body string) map[string]any {
	s.Helper()
	status, a := s.do(method, s.rest, "/v1/submissions/"+path, body)
	require.Equal(s, 200, status, "%v", a)
	return a
}

// until waits for a field of an answer.
func (s *site) until(at, path, field string, want any) {
	s.Helper()
	var last map[string]any
	require.Eventually(s, func() bool {
		_, last = s.do("GET", at, path, "")
		return last[field] == want
	}, 20*time.Second, 20*time.Millisecond, "%s at %s: %v", field, path, &last)
}

const create = `{"action":"CreateSubmissionRequest","appResource":"r","mainClass":"org.example.Main","clientSparkVersion":"4.0.1",
"appArgs":["for=60s"],"sparkProperties":{"spark.driver.memory":"64m"}}`

// TestDriverIsSubmittedOverREST is the life of a driver that was submitted
// with no more than an HTTP client.
func TestDriverIsSubmittedOverREST(t *testing.T) {
	s := startSite(t, policy.Hardened)
	s.until(s.page, "/json/status", "status", "ALIVE")
	a := s.submissions("POST", "create", create)
	require.Equal(t, true, a["success"])
	id := a["submissionId"].(string)
	require.Equal(t, "Driver successfully submitted as "+id, a["message"])
	require.Equal(t, id, s.submissions("POST", "create", create)["submissionId"], "the same key is the same driver")
	require.Equal(t, "SUBMITTED", s.submissions("GET", "status/"+id, "")["driverState"])
	s.until(s.page, "/json/clusterutilization", "waitingDrivers", 1.0)

	worker := string(free(t))
	self := Options{
		Kind: "worker", ID: "w1", Listen: free(t), Masters: []host.Addr{s.listen}, HTTP: worker, Cores: 4, Memory: 512,
		Policy: policy.Hardened, Timers: scenarios.Fast,
	}
	start(t, self)
	s.until(worker, "/json/", "masterurl", "spark://"+string(s.listen))
	s.until(s.page, "/json/aliveworkers", "aliveworkers", 1.0)
	s.until(s.rest, "/v1/submissions/status/"+id, "driverState", "RUNNING")
	s.until(s.rest, "/v1/submissions/status/"+id, "workerHostPort", string(self.Listen))
	require.Equal(t, "Kill request for "+id+" submitted", s.submissions("POST", "kill/"+id, "")["message"])
	s.until(s.rest, "/v1/submissions/status/"+id, "driverState", "KILLED")
	require.Equal(t, "Driver none has already finished or does not exist", s.submissions("POST", "kill/none", "")["message"])
	require.Equal(t, false, s.submissions("GET", "status/none", "")["success"])
}

// TestKilledDriversAreShownUntilTheyAreCleared: Spark's master forgets them
// then, one with durable state still tells who asks.
func TestKilledDriversAreShownUntilTheyAreCleared(t *testing.T) {
	for name, p := range map[string]policy.Policy{"spark": policy.Spark, "hardened": policy.Hardened} {
		t.Run(name, func(t *testing.T) {
			s := startSite(t, p)
			s.until(s.page, "/json/status", "status", "ALIVE")
			id := s.submissions("POST", "create", create)["submissionId"].(string)
			require.Equal(t, "Kill request for all drivers submitted", s.submissions("POST", "killall", "")["message"])
			s.until(s.rest, "/v1/submissions/status/"+id, "driverState", "KILLED")
			shown := func() any {
				_, a := s.do("GET", s.page, "/json/completeddrivers", "")
				return a["completeddrivers"]
			}
			require.Len(t, shown(), 1)
			require.Equal(t, true, s.submissions("POST", "clear", "")["success"])
			require.Empty(t, shown())
			require.Equal(t, p.DurableDriverState, s.submissions("GET", "status/"+id, "")["success"])
		})
	}
}

func TestStandbyRefusesSubmissions(t *testing.T) {
	s := &site{T: t, rest: string(free(t))}
	start(t, Options{
		Kind: "master", ID: "m1", Listen: free(t), REST: s.rest, ZK: []host.Addr{free(t)}, Dir: "/s", Policy: policy.Hardened, Timers: scenarios.Fast,
	})
	s.until(s.rest, "/v1/submissions/status/none", "success", false)
	require.Equal(t, "Current state is not alive: STANDBY. Can only accept driver submissions in ALIVE state.",
		s.submissions("POST", "create", create)["message"])
	status, a := s.do("GET", s.rest, "/v1/submissions/readyz", "")
	require.Equal(t, 503, status)
	require.Equal(t, "Master is not ready.", a["message"])
}

func TestSubmissionsMoveToTheNextFreePort(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	g := &gateway{}
	s, err := g.serveSubmissions(l.Addr().String())
	require.NoError(t, err)
	require.NotEqual(t, l.Addr().String(), s.Addr)
	require.NoError(t, s.Close())
	_, err = g.serveSubmissions("nowhere")
	require.ErrorContains(t, err, "serve submissions at nowhere: ")
}

func TestSubmissionBecomesADriver(t *testing.T) {
	got := descOf(web.Submission{
		MainClass: "c", AppArgs: []string{"10", "for=5s", "exit=3", "for=soon"}, Cores: 2, Memory: 64, Supervise: true, Key: "k",
		Properties: map[string]string{"spark.app.name": "pi"},
	})
	require.Equal(t, wire.Desc{Tag: "pi", Key: "k", Cores: 2, Memory: 64, Supervise: true, RunFor: 5 * time.Second, Status: 3}, got)
	require.Equal(t, wire.Desc{Tag: "c", RunFor: time.Second}, descOf(web.Submission{MainClass: "c"}))
}
