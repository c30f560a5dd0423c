package live_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/live"
)

func page(t *testing.T, url string) (int, string) {
	t.Helper()
	tr := &http.Transport{DisableKeepAlives: true}
	r, err := (&http.Client{Transport: tr}).Get(url)
	require.NoError(t, err)
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	return r.StatusCode, string(text)
}

func TestStatusIsServedWithSparksFieldNames(t *testing.T) {
	s := live.MasterStatus{
		URL: "spark://127.0.0.1:7077", Status: "ALIVE", Term: 3,
		Workers: []live.WorkerOnPage{
			{ID: "worker-1", Host: "127.0.0.1", Port: 9, Cores: 4, CoresUsed: 1, CoresFree: 3, State: "ALIVE"},
			{ID: "worker-2<script>", Cores: 8, State: "DEAD"},
		},
		ActiveDrivers: []live.DriverOnPage{{ID: "driver-1", State: "RUNNING", Worker: "worker-1"}},
	}
	s.SetTotals()
	srv, err := live.ServeStatus(":0", func() (live.MasterStatus, error) { return s, nil })
	require.NoError(t, err)
	defer func() { require.NoError(t, srv.Close()) }()
	url := "http://" + srv.Addr
	require.Contains(t, url, "127.0.0.1:")

	code, text := page(t, url+"/json/")
	require.Equal(t, 200, code)
	require.JSONEq(t, `{"url":"spark://127.0.0.1:7077","status":"ALIVE","term":3,"aliveworkers":1,"cores":4,"coresused":1,
		"memory":0,"memoryused":0,"activeapps":[],"completedapps":[],"completeddrivers":[],
		"activedrivers":[{"id":"driver-1","starttime":"","state":"RUNNING","cores":0,"memory":0,"submitdate":"","worker":"worker-1","mainclass":""}],
		"workers":[{"id":"worker-1","host":"127.0.0.1","port":9,"webuiaddress":"","cores":4,"coresused":1,"coresfree":3,"memory":0,
		"memoryused":0,"memoryfree":0,"state":"ALIVE","lastheartbeat":0},
		{"id":"worker-2<script>","host":"","port":0,"webuiaddress":"","cores":8,"coresused":0,"coresfree":0,"memory":0,
		"memoryused":0,"memoryfree":0,"state":"DEAD","lastheartbeat":0}]}`, text)
	_, text = page(t, url+"/json/status/")
	require.Equal(t, `"ALIVE"`, text)
	_, text = page(t, url+"/json/aliveworkers")
	require.Equal(t, "1", text)
	_, text = page(t, url+"/json/nonsense")
	require.Empty(t, text)

	code, text = page(t, url+"/")
	require.Equal(t, 200, code)
	require.Contains(t, text, "driver-1")
	require.NotContains(t, text, "<script>")
	code, _ = page(t, url+"/nonsense")
	require.Equal(t, 404, code)
}

func TestStatusOfAnEndedProcessIsUnavailable(t *testing.T) {
	srv, err := live.ServeStatus("127.0.0.1:0", func() (live.MasterStatus, error) { return live.MasterStatus{}, live.ErrEnded })
	require.NoError(t, err)
	defer srv.Close()
	code, text := page(t, "http://"+srv.Addr+"/json/")
	require.Equal(t, 503, code)
	require.Contains(t, text, "ended")
	_, err = live.ServeStatus(srv.Addr, nil)
	require.ErrorContains(t, err, "serve status")
}
