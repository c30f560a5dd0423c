package suite_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/checker/suite"
	"github.com/simctl/simctl/model/trace"
)

func property(t testing.TB, name string) checker.Property {
	for _, p := range suite.Properties() {
		if p.Name == name {
			return p
		}
	}
	t.Fatalf("no property %q", name)
	return checker.Property{}
}

// TestEveryPropertyJudgesItsScripts runs testdata/PROPERTY.txt: each script is
// a run, one event a line, and a step is the number of its line.
func TestEveryPropertyJudgesItsScripts(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		name := strings.TrimSuffix(filepath.Base(path), ".txt")
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			if d.Cmd != "judge" {
				d.Fatalf(t, "unknown command %s", d.Cmd)
			}
			events, err := trace.ParseEvents(d.Input)
			if err != nil {
				return err.Error()
			}
			return tell(suite.Judge([]checker.Property{property(t, name)}, events)[0])
		})
	})
}

func tell(f checker.Finding) string {
	if f.Step != 0 {
		return fmt.Sprintf("%s in step %d: %s", f.Verdict, f.Step, f.Detail)
	}
	return fmt.Sprintf("%s: %s", f.Verdict, f.Detail)
}

// A judge that never said no is not trusted.
func TestEveryPropertyHasAnInputItRejectsAndOneItAccepts(t *testing.T) {
	for _, p := range suite.Properties() {
		script, err := os.ReadFile(filepath.Join("testdata", p.Name+".txt"))
		require.NoError(t, err, p.Name)
		require.Contains(t, string(script), "----\nviolation in step ", p.Name)
		require.Contains(t, string(script), "----\npass: ", p.Name)
	}
}

func TestPropertiesAreNamedAndExplained(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range suite.Properties() {
		require.Regexp(t, `^[a-z]+(-[a-z]+)+$`, p.Name)
		require.False(t, seen[p.Name], p.Name)
		seen[p.Name] = true
		require.True(t, strings.HasSuffix(p.Says, "."), p.Name)
		require.NotEmpty(t, p.Source, p.Name)
		require.Equal(t, p.Name, p.New().Finding().Property)
	}
}

// A monitor may be asked at any moment, and asking changes nothing.
func TestAskingAMonitorChangesNothing(t *testing.T) {
	events, err := trace.ParseEvents(goodRun)
	require.NoError(t, err)
	for _, p := range suite.Properties() {
		quiet, asked := p.New(), p.New()
		for i := range events {
			quiet.Observe(&events[i])
			asked.Observe(&events[i])
			asked.Finding()
		}
		require.Equal(t, quiet.Finding(), asked.Finding(), p.Name)
	}
}

func TestAGoodRunPassesEveryProperty(t *testing.T) {
	events, err := trace.ParseEvents(goodRun)
	require.NoError(t, err)
	for _, f := range suite.Judge(suite.Properties(), events) {
		require.Equal(t, checker.Pass, f.Verdict, "%s: %s", f.Property, f.Detail)
	}
}

const goodRun = `
0s - require at-most-one-alive-master
0s - bound no-needless-failover - "4s a session lives" n=4000000000
0s m1 started master
0s m2 started master
0s w1 started worker
0s m1 elected term=1 zxid=10
1s m1 state Alive term=1
1s m1 acked register worker-w1 term=1 zxid=11
1s w1 registered worker-w1 m1:7077 term=1
2s c1 call a submit n=1 m=1 p=512
2s m1 intent driver/d1 put term=1 n=2
2s m1 commit /spark/master_status/driver_d1 create term=1 m=2 zxid=12
2s m1 written driver/d1 put term=1 n=2 zxid=12
2s m1 acked submit d1 term=1 zxid=12
2s c1 return a submit d1 n=1
3s m1 intent driver/d1 put term=1 n=3
3s m1 written driver/d1 put term=1 n=3 zxid=13
3s m1 usage worker-w1 n=1 m=4 p=512 q=4096
3s w1 obeyed launch d1 term=1 n=1 zxid=13
3s w1/d1#1 started driver
3s w1/d1#1 job d1 started n=1
3s w1 usage worker-w1 n=1 m=4 p=512 q=4096
4s - fault kill begin "at=4s kill m1"
4s m1 killed
8s - session-expired - expired n=7
8s m2 elected term=2 zxid=20
8s m2 state Recovering term=2
8s w1 obeyed master m2:7077 term=2
8s w1 registered worker-w1 m2:7077 term=2
9s m2 recovered driver/d1 RUNNING a term=2 n=1
9s m2 recovered worker/worker-w1 ALIVE term=2
9s m2 usage worker-w1 n=1 m=4 p=512 q=4096
9s m2 state CompletingRecovery term=2
9s m2 state Alive term=2
10s - healed "m2 w1 c1"
10s - bound one-alive-after-heal - "the session expires" n=5000000000
10s - bound recovery-ends - "the session expires" n=5000000000
10s - bound worker-rejoins - "the session expires" n=5000000000
10s - bound no-orphans - "the session expires" n=5000000000
10s - bound runnable-runs - "the session expires" n=5000000000
10s - bound clients-find-the-master - "the session expires" n=5000000000
11s c1 call a status n=2
11s c1 return a status RUNNING n=2
12s w1/d1#1 job d1 finished n=1
12s w1 usage worker-w1 n=0 m=4 p=0 q=4096
12s m2 intent driver/d1 put term=2 n=1
12s m2 written driver/d1 put term=2 n=1 zxid=21
12s m2 accepted d1 FINISHED term=2 n=1 zxid=21
12s m2 usage worker-w1 n=0 m=4 p=0 q=4096
13s c1 call a status n=3
13s c1 return a status FINISHED n=3
20s - ended
`

// The judges' share of a run, in ns an event.
func BenchmarkEveryPropertyPerEvent(b *testing.B) {
	events, err := trace.ParseEvents(goodRun)
	require.NoError(b, err)
	events = events[:len(events)-1] // the judges conclude at the end
	var monitors []checker.Monitor
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%len(events) == 0 {
			monitors = monitors[:0]
			for _, p := range suite.Properties() {
				monitors = append(monitors, p.New())
			}
		}
		for _, m := range monitors {
			m.Observe(&events[i%len(events)])
		}
	}
}
