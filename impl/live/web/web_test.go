package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/live/web"
)

// ask sends a request over a connection of its own.
func ask(t *testing.T, method, url, body string, header ...string) (*http.Response, string) {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	for i := 0; i+1 < len(header); i += 2 {
		q.Header.Set(header[i], header[i+1])
	}
	c := http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	r, err := c.Do(q)
	require.NoError(t, err)
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	return r, string(text)
}

// sample has one of everything that a master shows.
func sample() web.Master {
	return web.Master{
		URL: "spark://127.0.0.1:7077", Status: "ALIVE", Term: 3, WaitingDrivers: 1, RestURL: "http://127.0.0.1:6066",
		Workers: []web.Worker{
			{ID: "worker-1", Host: "127.0.0.1", Port: 7078, WebUIAddress: "http://127.0.0.1:8081", Cores: 4, CoresUsed: 1, Memory: 1000, MemoryUsed: 250, State: "ALIVE"},
			{ID: "worker-2<script>", Host: "127.0.0.1", Port: 7079, Cores: 8, Memory: 4096, State: "DEAD"},
		},
		ActiveApps:       []web.App{{ID: "app-1", Name: "pi", Cores: 2, User: "root", MemoryPerExecutor: 512, State: "RUNNING"}},
		CompletedApps:    []web.App{{ID: "app-0", Name: "pi", State: "FINISHED"}},
		ActiveDrivers:    []web.Driver{{ID: "driver-1", State: "RUNNING", Cores: 1, Memory: 300, Worker: "worker-1", MainClass: "org.example.Main"}},
		CompletedDrivers: []web.Driver{{ID: "driver-0", State: "ERROR", MainClass: "org.example.Main"}},
	}
}

func serveMaster(t *testing.T, m web.Master) string {
	t.Helper()
	s, err := web.ServeMaster(":0", func() (web.Master, error) { return m, nil }, nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	require.Contains(t, s.Addr, "127.0.0.1:")
	return "http://" + s.Addr
}

func serveWorker(t *testing.T, w web.WorkerSelf) string {
	t.Helper()
	s, err := web.ServeWorker(":0", func() (web.WorkerSelf, error) { return w, nil })
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return "http://" + s.Addr
}

func sampleWorker() web.WorkerSelf {
	x := web.Executor{ID: 7, Memory: 512, AppID: "app-1", AppDesc: web.AppDesc{Name: "pi", Cores: 2, MemoryPerExecutor: 512, User: "root", Command: "pi"}}
	return web.WorkerSelf{
		ID: "worker-1", MasterURL: "spark://127.0.0.1:7077", Cores: 4, CoresUsed: 1, Memory: 1000, MemoryUsed: 250,
		Executors: []web.Executor{x}, FinishedExecutors: []web.Executor{x},
		Drivers: []web.Driver{{ID: "driver-1", State: "RUNNING", Cores: 1, Memory: 300}},
	}
}

// shape lists the fields of a JSON text, in order, with their kinds. Of a list
// it tells the first element.
func shape(t *testing.T, text []byte) (out []string) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var value func(at string, tell bool)
	value = func(at string, tell bool) {
		tok, err := d.Token()
		require.NoError(t, err)
		if tell && at != "" {
			kind := fmt.Sprintf("%T", tok)
			if delim, ok := tok.(json.Delim); ok {
				kind = delim.String()
			}
			out = append(out, at+" "+kind)
		}
		delim, _ := tok.(json.Delim)
		for n := 0; (delim == '{' || delim == '[') && d.More(); n++ {
			if delim == '[' {
				value(at+"[]", tell && n == 0)
				continue
			}
			key, err := d.Token()
			require.NoError(t, err)
			value(at+"."+key.(string), tell)
		}
		if delim != 0 {
			_, err := d.Token()
			require.NoError(t, err)
		}
	}
	value("", true)
	return out
}

// The files below testdata/spark are answers of Spark 4.0.1: a master with one
// worker, whose application has failed, and the worker.
func TestPagesHaveSparksFieldsInSparksOrder(t *testing.T) {
	m := sample()
	m.ActiveApps = nil // none was there when Spark was asked
	w := sampleWorker()
	w.Executors = nil
	master, worker := serveMaster(t, m), serveWorker(t, w)
	for file, url := range map[string]string{
		"master.json": master + "/json/", "clusterutilization.json": master + "/json/clusterutilization", "worker.json": worker + "/json/",
	} {
		want, err := os.ReadFile("testdata/spark/" + file)
		require.NoError(t, err)
		r, got := ask(t, "GET", url, "")
		require.Equal(t, 200, r.StatusCode)
		require.Equal(t, "text/json;charset=utf-8", r.Header.Get("Content-Type"))
		ours := shape(t, []byte(got))
		if file == "master.json" {
			require.Equal(t, ".term json.Number", ours[len(ours)-1], "the one field that is ours")
			ours = ours[:len(ours)-1]
		}
		require.Equal(t, shape(t, want), ours, file)
	}
}

func TestOnlyAliveWorkersCount(t *testing.T) {
	url := serveMaster(t, sample())
	_, text := ask(t, "GET", url+"/json/clusterutilization/", "")
	require.JSONEq(t, `{"waitingDrivers":1,"cores":4,"coresused":1,"coresutilization":25,"memory":1000,"memoryused":250,"memoryutilization":25}`, text)
	_, text = ask(t, "GET", url+"/json/aliveworkers", "")
	require.JSONEq(t, `{"aliveworkers":1}`, text)
	_, text = ask(t, "GET", serveMaster(t, web.Master{Status: "STANDBY"})+"/json/clusterutilization", "")
	require.JSONEq(t, `{"waitingDrivers":0,"cores":0,"coresused":0,"coresutilization":100,"memory":0,"memoryused":0,"memoryutilization":100}`, text)
}

func TestOneFieldIsAnObjectOfItself(t *testing.T) {
	url := serveMaster(t, sample())
	for path, want := range map[string]string{
		"/json/status": `{"status":"ALIVE"}`, "/json/status/": `{"status":"ALIVE"}`, "/json/cores/x": `{"cores":4}`,
		"/json/nonsense": `{"nonsense":""}`, "/json/term": `{"term":3}`, "/json/resources": `{"resources":[{}]}`,
	} {
		r, text := ask(t, "GET", url+path, "")
		require.Equal(t, 200, r.StatusCode)
		require.JSONEq(t, want, text, path)
	}
	r, _ := ask(t, "GET", url+"/json", "")
	require.Equal(t, "/json/", r.Header.Get("Location"))
	r, _ = ask(t, "GET", url+"/nonsense", "")
	require.Equal(t, 404, r.StatusCode)
	_, all := ask(t, "GET", serveWorker(t, sampleWorker())+"/json/nonsense", "")
	require.Contains(t, all, `"finishedexecutors"`, "a worker shows all of itself, whatever the field")
}

func TestPagesForPeopleNameEverything(t *testing.T) {
	r, text := ask(t, "GET", serveMaster(t, sample())+"/", "")
	require.Equal(t, 200, r.StatusCode)
	for _, want := range []string{
		`class="status ALIVE">ALIVE<`, "spark://127.0.0.1:7077", "term 3", "worker-1", "DEAD", "app-1", "app-0", "driver-1", "driver-0", "submissions at http://127.0.0.1:6066",
	} {
		require.Contains(t, text, want)
	}
	require.NotContains(t, text, "<script>", "names are escaped")
	_, text = ask(t, "GET", serveWorker(t, sampleWorker())+"/", "")
	for _, want := range []string{"worker-1", "spark://127.0.0.1:7077", "app-1", "driver-1"} {
		require.Contains(t, text, want)
	}
}

// Dates are Spark's: testdata/spark/master.json shows this moment as "Sat Nov 21
// 15:13:48 UTC 2026".
func TestDatesAreWrittenAsSparkDoes(t *testing.T) {
	const moment = 1795274028982
	want, err := time.Parse("Mon Jan 2 15:04:05 MST 2006", "Sat Nov 21 15:13:48 UTC 2026")
	require.NoError(t, err)
	require.Equal(t, want.In(time.Local).Format("Mon Jan 02 15:04:05 MST 2006"), web.Date(moment))
	require.Empty(t, web.Date(0))
}

// A page that takes kills has a button at what has not ended, and does what
// Spark's does: POST alone kills, only with terminate=true, and leads back to
// the page whatever came of it.
func TestKillsFromThePage(t *testing.T) {
	var killed []string
	note := func(what string) func(context.Context, string) error {
		return func(_ context.Context, id string) error {
			killed = append(killed, what+" "+id)
			return errors.New("it has ended already")
		}
	}
	read := func() (web.Master, error) { return sample(), nil }
	s, err := web.ServeMaster(":0", read, &web.Kills{App: note("app"), Driver: note("driver")})
	require.NoError(t, err)
	defer s.Close()
	url := "http://" + s.Addr
	post := func(path, body string) int {
		r, _ := ask(t, "POST", url+path, body, "Content-Type", "application/x-www-form-urlencoded")
		if r.StatusCode == http.StatusFound {
			require.Equal(t, "/", r.Header.Get("Location"))
		}
		return r.StatusCode
	}
	for path, body := range map[string]string{"/app/kill/": "id=app-1", "/driver/kill": "terminate=true", "/driver/kill/": "id=d&terminate=false"} {
		require.Equal(t, 302, post(path, body), path)
	}
	require.Empty(t, killed)
	require.Equal(t, 302, post("/app/kill/", "id=app-1&terminate=true"))
	require.Equal(t, 302, post("/driver/kill?terminate=true", "id=driver-1"))
	require.Equal(t, []string{"app app-1", "driver driver-1"}, killed)
	r, _ := ask(t, "GET", url+"/app/kill/?id=app-1&terminate=true", "")
	require.Equal(t, 405, r.StatusCode)
	require.Len(t, killed, 2)

	_, page := ask(t, "GET", url+"/", "")
	require.Equal(t, 2, strings.Count(page, "<button"), "one that ended has none")
	require.Contains(t, page, `action="/app/kill/"`)
	plain := serveMaster(t, sample())
	_, page = ask(t, "GET", plain+"/", "")
	require.NotContains(t, page, "<button")
	r, _ = ask(t, "POST", plain+"/app/kill/", "id=app-1&terminate=true")
	require.Contains(t, []int{404, 405}, r.StatusCode)
}

func TestWhatIsNotThereIsUnavailable(t *testing.T) {
	gone := errors.New("the process has ended")
	m, err := web.ServeMaster("127.0.0.1:0", func() (web.Master, error) { return web.Master{}, gone }, nil)
	require.NoError(t, err)
	defer m.Close()
	w, err := web.ServeWorker("127.0.0.1:0", func() (web.WorkerSelf, error) { return web.WorkerSelf{}, gone })
	require.NoError(t, err)
	defer w.Close()
	for _, url := range []string{m.Addr + "/", m.Addr + "/json/", m.Addr + "/json/status", m.Addr + "/json/clusterutilization", w.Addr + "/", w.Addr + "/json/"} {
		r, text := ask(t, "GET", "http://"+url, "")
		require.Equal(t, 503, r.StatusCode, url)
		require.Contains(t, text, "ended")
	}
	_, err = web.ServeMaster(m.Addr, nil, nil)
	require.ErrorContains(t, err, "serve status: ")
	_, err = web.ServeMaster("nowhere", nil, nil)
	require.ErrorContains(t, err, "serve status at nowhere: ")
}
