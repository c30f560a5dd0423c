package driver_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/driver"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/hosttest"
	"github.com/simctl/simctl/impl/wire"
)

func start(t *testing.T, status int64) (*hosttest.Host, *driver.Driver) {
	d, err := driver.New(wire.DriverArgs{Driver: "d1", Attempt: 2, RunFor: 5 * time.Second, Status: status}.JSON(), driver.Config{})
	require.NoError(t, err)
	h := hosttest.New("w1/d1#2", 1)
	h.Start(d)
	require.Equal(t, "note job d1 started n=2\n", h.Take())
	return h, d
}

func TestADriverRunsItsTimeAndExits(t *testing.T) {
	for status, want := range map[int64]string{
		0: "note job d1 finished n=2\nexit 0\n",
		3: "note job d1 failed n=2\nexit 3\n",
	} {
		h, _ := start(t, status)
		h.Advance(5*time.Second - 1)
		require.Empty(t, h.Take())
		h.Advance(1)
		require.Equal(t, want, h.Take())
	}
}

func TestADriverEndsAtOnceWhenAsked(t *testing.T) {
	h, d := start(t, 0)
	d.Signalled(host.Kill) // never delivered, and not obeyed
	require.Empty(t, h.Take())
	h.Terminate()
	require.Equal(t, "note job d1 killed n=2\nexit 143\n", h.Take())
	h.Advance(time.Minute)
	require.Empty(t, h.Take())
}

func TestADriverNeedsItsArguments(t *testing.T) {
	for _, args := range []string{
		``, `{}`, `{"driver":"d1"`, `{"driver":"d1","attempt":"x"}`, `{"driver":"d1","run_for_ns":-1}`,
		`{"driver":"d1","more":1}`, `{"driver":"d1"} {"driver":"d2"}`,
	} {
		_, err := driver.New(args, driver.Config{})
		require.ErrorContains(t, err, "driver arguments", args)
	}
}

func TestCloneAndDigestKnowEveryField(t *testing.T) {
	d, err := driver.New(wire.DriverArgs{Driver: "d1"}.JSON(), driver.Config{})
	require.NoError(t, err)
	hosttest.CheckState(t, d, "h", "cfg")
}
