package reports

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func calibrationRows() []CalibrationRow {
	const ms = 1_000_000
	rows := []CalibrationRow{
		{What: "killed", Servers: 3, Tick: 2000 * ms, Real: [6]int64{358, 403, 420, 495, 651, 1007}, Source: "7.1",
			Samples: []int64{500 * ms, 400 * ms, 410 * ms, 440 * ms, 430 * ms}},
		{What: "silent", Servers: 1, Tick: 500 * ms, Real: [6]int64{2780, 0, 2955, 0, 0, 3130}, Source: "7.2", Samples: []int64{3000 * ms}},
	}
	for i := range rows {
		rows[i].Sort()
	}
	return rows
}

func TestCalibrationComparesMedians(t *testing.T) {
	var out strings.Builder
	require.NoError(t, CalibrationTable(&out, calibrationRows()))
	require.Contains(t, out.String(), "| killed | 3 | 2000 | 358/403/**420**/495/651/1007 | 400/410/**430**/440/500/500 | 5 | +2.4 % | 7.1 |\n")
	require.Contains(t, out.String(), "| silent | 1 | 500 | 2780/-/**2955**/-/-/3130 | 3000/3000/**3000**/3000/3000/3000 | 1 | +1.5 % | 7.2 |\n")
	empty := CalibrationRow{Real: [6]int64{1, 1, 1, 1, 1, 1}}
	require.Greater(t, empty.Off(), 1e9, "nothing simulated is no median that fits")
}

func TestCalibrationIsDrawnWhole(t *testing.T) {
	dir := t.TempDir() + "/new"
	files, err := WriteCalibration(dir, calibrationRows())
	require.NoError(t, err)
	require.Len(t, files, 3)
	svg, err := os.ReadFile(dir + "/calibration.svg")
	require.NoError(t, err)
	for _, words := range []string{"killed (3 servers, tick 2000 ms)", "silent (1 server, tick 500 ms)", "real ZooKeeper 3.8.0"} {
		require.Contains(t, string(svg), words)
	}
	_, err = WriteCalibration(dir, nil)
	require.ErrorContains(t, err, "nothing to draw")

	line := CalibrationLatency(calibrationRows())
	require.Len(t, line, 4)
	require.Equal(t, LatencyRow{Cause: "killed (3 servers, tick 2000 ms)", Phase: "total", Count: 5, P50: 430e6, P90: 500e6, P99: 500e6, Max: 500e6}, line[0])
	require.True(t, line[1].Live)
}
