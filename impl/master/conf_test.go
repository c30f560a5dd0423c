package master_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/conf"
	"github.com/simctl/simctl/impl/hosttest"
	"github.com/simctl/simctl/impl/master"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/impl/wire"
)

func TestRecordsAreKeptInTheRecoveryDirectory(t *testing.T) {
	for directory, settings := range map[string][]string{
		"recovery/":  {"spark.deploy.recoveryMode=FILESYSTEM"},
		"elsewhere/": {"spark.deploy.recoveryMode=FILESYSTEM", "spark.deploy.recoveryDirectory=elsewhere"},
	} {
		c, err := conf.ParseAll(settings)
		require.NoError(t, err)
		cfg := config("m:7077", policy.Hardened)
		c.Master(&cfg)
		h := hosttest.New("m1", 1)
		h.Files = hosttest.NewFiles()
		h.Start(master.New(cfg))
		h.Advance(0) // it claims the directory
		settle(h)
		h.Accept("w1")
		h.Receive("w1", wire.RegisterWorker{Worker: wire.WorkerRecord{ID: "worker-w1-1", Addr: "w1:7078", Cores: 2, Memory: 1024}})
		settle(h)
		files := slices.Sorted(maps.Keys(h.Files.Data))
		require.True(t, slices.ContainsFunc(files, func(name string) bool { return strings.Contains(name, "worker-w1-1") }), "%v", files)
		for _, name := range files {
			require.True(t, strings.HasPrefix(name, directory), name)
		}
	}
}

// settle answers all that the disk was asked.
func settle(h *hosttest.Host) {
	for h.Answer() {
	}
}
