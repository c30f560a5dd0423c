package meter_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/sim/zk/meter"
)

func TestMetersSayWhatTheyCounted(t *testing.T) {
	var l meter.Latency
	require.Equal(t, "0/0.0/0", l.String())
	for _, ns := range []int64{3_500_000, 1_000_000, 2_000_050} {
		l.Took(ns)
	}
	require.Equal(t, "1/2.1666/3", l.String())
	l = meter.Latency{}
	l.Took(2_000_000)
	require.Equal(t, "2/2.0/2", l.String())
	var z meter.Sizes
	require.Equal(t, "-1/-1/-1", z.String())
	for _, n := range []int{90, 48, 60} {
		z.Made(n)
	}
	require.Equal(t, "60/48/90", z.String())
}
