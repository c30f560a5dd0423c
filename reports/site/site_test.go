package site_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/reports"
	"github.com/simctl/simctl/reports/site"
)

// bundle is a run of a few events.
func bundle(name string, seed uint64, violated ...string) *reports.Bundle {
	b := &reports.Bundle{
		Run: reports.RunFile{Kind: reports.SimBundle, Name: name, Seed: seed, Policy: "spark", Steps: 2, SimulatedNs: 5e9, Verdict: checker.Pass},
		Events: []trace.Event{
			{Kind: trace.Started, Process: "m1", Value: "master", Inc: 1},
			{Kind: trace.Started, Process: "c1", Value: "client", Inc: 1},
			{At: 1e9, Step: 1, Kind: trace.Call, Process: "c1", Inc: 1, Subject: "job-a", Value: "submit", N: 1},
			{At: 2e9, Step: 2, Kind: trace.Return, Process: "c1", Inc: 1, Subject: "job-a", Value: "submit", Detail: "driver-<1>", N: 1},
			{At: 5e9, Step: 2, Kind: trace.Ended},
		},
		Steps: []trace.Step{{N: 1, At: 1e9, Actor: "m1", Kind: "message", What: "X"}, {N: 2, At: 2e9, Actor: "c1", Kind: "message", What: "Y", Cause: 1, Sum: seed}},
	}
	for _, p := range violated {
		b.Run.Verdict = checker.Violation
		b.Findings = append(b.Findings, checker.Finding{Property: p, Verdict: checker.Violation, Step: 2, Detail: "job job-a: no order"})
	}
	return b
}

// served is a site over a directory with two runs, one of them violated, a
// damaged one, plots, a secret beside the directory, and links to it.
func served(t *testing.T) *httptest.Server {
	top := t.TempDir()
	dir := filepath.Join(top, "out")
	require.NoError(t, reports.WriteBundle(filepath.Join(dir, "failover-kill-1"), bundle("failover/kill", 1), nil))
	require.NoError(t, reports.WriteBundle(filepath.Join(dir, "deep", "down", "bad-2"), bundle("swarm", 2, "jobs-linearizable"), nil))
	require.NoError(t, reports.WriteBundle(filepath.Join(dir, "broken"), bundle("failover/kill", 3), nil))
	explored := bundle("explore/abstract", 0, "final-is-final")
	explored.Run.Kind, explored.Run.Policy = reports.ExploreBundle, "hardened"
	explored.Run.Explored = &reports.Explored{System: "abstract", Bounds: map[string]string{"masters": "2", "without": ""}, Start: 1, Path: []string{"1a", "2b"}}
	require.NoError(t, reports.WriteBundle(filepath.Join(dir, "explore-abstract"), explored, nil))
	write := func(name, text string) {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(top, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(top, name), []byte(text), 0o644))
	}
	write("out/broken/run.json", "{")
	write("out/latency/phases.png", "\x89PNG")
	write("out/latency/phases.svg", "<svg/>")
	write("out/latency/evil.svg", "<svg><script>1</script></svg>")
	write("out/.half.new-1/run.json", "{}")
	write("secret/run.json", "secret")
	write("secret.txt", "secret")
	require.NoError(t, os.Symlink("../secret.txt", filepath.Join(dir, "link.txt")))
	require.NoError(t, os.Symlink("../secret", filepath.Join(dir, "linked")))
	s, err := site.New(dir)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	s.Add("/explorer", "explorer", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "more") })
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	return srv
}

// ask sends a request as it is written, without cleaning its path.
func ask(t *testing.T, srv *httptest.Server, method, path, host string) (int, string, http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, srv.URL+path, nil)
	require.NoError(t, err)
	if host != "" {
		req.Host = host
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res.StatusCode, string(body), res.Header
}

func TestPages(t *testing.T) {
	srv := served(t)
	for _, c := range []struct {
		name, path string
		status     int
		has        string   // words, with bars between
		hasNot     []string // texts
	}{
		{"the list", "/", 200, `4 runs; in 2 a property is violated; 1 cannot be read.|href="/run/failover-kill-1"|✗ violation|jobs-linearizable|broken|cannot be read: read bundle|href="/plots"|>explorer<`, []string{".half", "linked"}},
		{"paths of explorations are walked", "/?q=explore", 200, `href="/explore/abstract?actions=1a.2b&amp;masters=2&amp;start=1&amp;without="`, nil},
		{"from their histories, too", "/history/explore-abstract", 200, `">walk</a>`, nil},
		{"words are searched", "/?q=swarm+spark", 200, "deep/down/bad-2", []string{"/run/failover-kill-1"}},
		{"violations only", "/?only=violations", 200, "deep/down/bad-2", []string{"/run/failover-kill-1"}},
		{"nothing is found", "/?q=%3Cb%3E", 200, "None of them is what you look for|&lt;b&gt;", []string{"<b>"}},
		{"a timeline", "/run/deep/down/bad-2", 200, `id="lanes"|swarm, seed 2`, nil},
		{"two runs", "/compare?a=failover-kill-1&b=deep/down/bad-2", 200, `they part in step 2|"b":{"title":"swarm, seed 2, spark"`, nil},
		{"one run is not two", "/compare?a=failover-kill-1", 400, "choose two runs", nil},
		{"two of which one is not there", "/compare?a=failover-kill-1&b=../secret", 404, "there is no such run", nil},
		{"a history", "/history/deep/down/bad-2", 200, "first illegal operation|driver-&lt;1&gt;|job-a", nil},
		{"a history that holds", "/history/failover-kill-1?q=job-a", 200, "submit", []string{"illegal"}},
		{"a history without what is asked for", "/history/failover-kill-1?q=job-b", 200, "No operations.", nil},
		{"plots", "/plots", 200, `src="/file/latency/phases.png"`, []string{"phases.svg"}},
		{"a page that was added", "/explorer", 200, "more", nil},
		{"a file", "/file/failover-kill-1/events.ndjson", 200, `"kind":"started"`, nil},
		{"a damaged run", "/run/broken", 200, "", nil}, // its page was written when it was whole
		{"a damaged run's history", "/history/broken", 404, "run.json", nil},
		{"a run that is not there", "/run/nothing", 404, "there is no such run", nil},
		{"a directory is no file", "/file/failover-kill-1", 404, "there is no file", nil},
		{"a page that is not there", "/nothing", 404, "there is no page /nothing", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, body, _ := ask(t, srv, "GET", c.path, "")
			require.Equal(t, c.status, status, body)
			for words := range strings.SplitSeq(c.has, "|") {
				require.Contains(t, body, words)
			}
			for _, words := range c.hasNot {
				require.NotContains(t, body, words)
			}
		})
	}
}

// TestNothingOutsideIsServed: by no path and no link.
func TestNothingOutsideIsServed(t *testing.T) {
	srv := served(t)
	for _, path := range []string{
		"/file/../secret.txt", "/file/%2e%2e/secret.txt", "/file/..%2fsecret.txt", "/file/..%5csecret.txt", "/file//etc/passwd", "/file/%2fetc/passwd",
		"/file/latency/../../secret.txt", "/file/latency/%2e%2e/%2e%2e/secret.txt", "/file/link.txt", "/file/linked/run.json",
		"/run/../secret", "/run/%2e%2e/secret", "/run/linked", "/history/linked", "/history/%2e%2e/secret", "/compare?a=linked&b=failover-kill-1",
		"/compare?a=../secret&b=failover-kill-1", "/compare?a=%2fetc&b=failover-kill-1", "/file/", "/file/.", "/run/", "/run/.",
	} {
		status, body, _ := ask(t, srv, "GET", path, "")
		require.Contains(t, []int{301, 307, 404}, status, path)
		require.NotEqual(t, "secret", body, path)
		require.NotContains(t, body, "root:", path)
	}
}

// TestOnlyReadingAndOnlyHere: no other method, no other name, no scripts in
// files.
func TestOnlyReadingAndOnlyHere(t *testing.T) {
	srv := served(t)
	for _, method := range []string{"POST", "PUT", "DELETE"} {
		status, _, _ := ask(t, srv, method, "/", "")
		require.Equal(t, http.StatusMethodNotAllowed, status, method)
	}
	status, body, _ := ask(t, srv, "HEAD", "/", "")
	require.Equal(t, http.StatusOK, status)
	require.Empty(t, body)
	for host, want := range map[string]int{"evil.example": 403, "evil.example:80": 403, "localhost:1": 200, "127.0.0.1": 200, "[::1]:80": 200, "10.0.0.1": 403} {
		status, _, _ := ask(t, srv, "GET", "/", host)
		require.Equal(t, want, status, host)
	}
	_, _, header := ask(t, srv, "GET", "/file/latency/evil.svg", "")
	require.Contains(t, header.Get("Content-Security-Policy"), "sandbox")
	require.Equal(t, "nosniff", header.Get("X-Content-Type-Options"))
	_, _, header = ask(t, srv, "GET", "/", "")
	require.Contains(t, header.Get("Content-Security-Policy"), "default-src 'none'")
}

func TestEmptyDirectoriesHavePages(t *testing.T) {
	s, err := site.New(t.TempDir())
	require.NoError(t, err)
	defer s.Close()
	srv := httptest.NewServer(s)
	defer srv.Close()
	_, body, _ := ask(t, srv, "GET", "/", "")
	require.Contains(t, body, "There are no bundles here.")
	_, body, _ = ask(t, srv, "GET", "/plots", "")
	require.Contains(t, body, "There are no pictures here.")
	_, err = site.New(filepath.Join(t.TempDir(), "nothing"))
	require.ErrorContains(t, err, "serve ")
}
