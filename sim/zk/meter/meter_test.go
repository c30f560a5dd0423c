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
	c := meter.Connection{Cxid: -1}
	require.Equal(t, ",lzxid=0x0,lresp=0,llat=0,minlat=0,avglat=0,maxlat=0", c.String())
	c.Answered(3, 5, 1<<32, 7_000_000, 2_000_000)
	c.Answered(3, 6, 1<<32, 9_000_000, 1_000_000)
	require.Equal(t, ",lcxid=0x6,lzxid=0x100000000,lresp=9,llat=1,minlat=1,avglat=1,maxlat=2", c.String())
}
