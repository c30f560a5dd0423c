package program

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/conf"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/scenarios"
)

// TestMasterOnFilesComesBackWithItsRecords: a master without ZooKeeper, as a
// process of its own, is killed (SIGKILL) and started again, twice.
func TestMasterOnFilesComesBackWithItsRecords(t *testing.T) {
	set, err := conf.ParseAll([]string{"spark.deploy.recoveryMode=FILESYSTEM", "spark.deploy.recoveryDirectory=kept"})
	require.NoError(t, err)
	s := &site{T: t, rest: string(free(t)), listen: free(t)}
	o := Options{
		Kind: "master", ID: "m1", Listen: s.listen, REST: s.rest, Data: t.TempDir(), Policy: policy.Hardened, Timers: scenarios.Fast, Conf: set,
	}
	run := func() *exec.Cmd {
		cmd := exec.Command(os.Args[0], o.Flags()...)
		require.NoError(t, cmd.Start())
		t.Cleanup(func() { _ = cmd.Process.Kill() })
		return cmd
	}
	master := run()
	var id string
	require.Eventually(t, func() bool {
		_, a := s.do("POST", s.rest, "/v1/submissions/create", create)
		id, _ = a["submissionId"].(string)
		return id != ""
	}, 20*time.Second, 50*time.Millisecond)
	require.Equal(t, "driver-t1-0000", id)
	record := filepath.Join(o.Data, "kept", "driver_"+id)
	require.FileExists(t, record)
	for range 2 {
		require.NoError(t, master.Process.Kill())
		require.Error(t, master.Wait(), "killed")
		master = run()
		s.until(s.rest, "/v1/submissions/status/"+id, "driverState", "SUBMITTED")
	}
	require.Equal(t, id, s.submissions("POST", "create", create)["submissionId"], "the same key is the same driver")
	require.Equal(t, "Kill request for "+id+" submitted", s.submissions("POST", "kill/"+id, "")["message"])
	s.until(s.rest, "/v1/submissions/status/"+id, "driverState", "KILLED")
	require.NoError(t, master.Process.Kill())
	require.Error(t, master.Wait(), "killed")
	names, err := filepath.Glob(filepath.Join(o.Data, "kept", "*"))
	require.NoError(t, err)
	require.Equal(t, []string{record, filepath.Join(o.Data, "kept", "term")}, names)
}

func TestMasterNeedsWhatItsRecoveryModeDoes(t *testing.T) {
	for setting, want := range map[string]string{
		"spark.deploy.recoveryMode=ZOOKEEPER":  "node: a master needs --zk",
		"spark.deploy.recoveryMode=FILESYSTEM": "node: a master with spark.deploy.recoveryMode=FILESYSTEM needs --data",
	} {
		set, err := conf.ParseAll([]string{setting})
		require.NoError(t, err)
		o := Options{Kind: "master", Listen: "127.0.0.1:0", REST: "none", Policy: policy.Hardened, Timers: scenarios.Fast, Conf: set, Incarnation: 1, Cores: 1, Memory: 1}
		require.EqualError(t, o.Check(), want)
	}
	set, err := conf.ParseAll([]string{"spark.deploy.recoveryMode=NONE"})
	require.NoError(t, err)
	o := Options{Kind: "master", Listen: "127.0.0.1:0", REST: "none", Policy: policy.Hardened, Timers: scenarios.Fast, Conf: set, Incarnation: 1, Cores: 1, Memory: 1}
	require.NoError(t, o.Check())
}
