// Package calibration measures how long the simulated ZooKeeper takes to come
// back from a loss, beside what was measured on real servers.
package calibration

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/reports"
	"github.com/simctl/simctl/scenarios"
	"github.com/simctl/simctl/sim/cluster"
)

// Scenario is the scenario whose latency is that of ZooKeeper's own
// failovers.
const Scenario = "zk/leader-lost"

// spans are measured milliseconds: least, lower quartile, median, upper
// quartile, nine tenths, most; 0 where it was not recorded.
type spans [6]int64

// A calibrationCase is one way to lose a server or a client, and what real
// servers of ZooKeeper 3.8.0 took (experiments of
// section 7 of the study of ZooKeeper: two processors, loopback, initLimit 10,
// syncLimit 5).
type calibrationCase struct {
	what    string // as in tables
	world   string // cases of one world are measured in the same runs
	servers int
	tick    time.Duration
	fault   string // without its time
	lines   string // what else the scenario holds
	took    func(v *calibrationView) (ns int64, ok bool)
	real    spans
	source  string // section
}

const tick2000, tick500, tick200 = 2 * time.Second, 500 * time.Millisecond, 200 * time.Millisecond

// calibrationCases is every distribution that was measured.
func calibrationCases() []calibrationCase {
	var out []calibrationCase
	add := func(what string, servers int, tick time.Duration, fault, lines string, took func(*calibrationView) (int64, bool), source string, real spans) {
		out = append(out, calibrationCase{what, fmt.Sprint(servers, tick, fault, lines), servers, tick, fault, lines, took, real, source})
	}
	const kill, pause, cut = "kill zk-leader", "pause zk-leader", "partition zk-leader | servers"
	for _, c := range []struct {
		servers         int
		tick            time.Duration
		service, client spans
	}{
		{3, tick2000, spans{358, 403, 420, 495, 651, 1007}, spans{1021, 1029, 1032, 1054, 1065, 1065}},
		{3, tick500, spans{411, 443, 479, 511, 595, 667}, spans{1023, 1034, 1038, 1043, 1053, 1064}},
		{3, tick200, spans{391, 409, 444, 496, 564, 585}, spans{1020, 1028, 1030, 1047, 1050, 1051}},
		{5, tick2000, spans{490, 590, 621, 710, 749, 828}, spans{1035, 1063, 1078, 1099, 1110, 1126}},
		{5, tick500, spans{477, 516, 541, 680, 763, 812}, spans{1047, 1062, 1072, 1090, 1125, 1128}},
		{5, tick200, spans{471, 509, 541, 580, 764, 1194}, spans{1036, 1062, 1066, 1075, 1102, 2162}},
	} {
		add("leader killed: first write of a new client", c.servers, c.tick, kill, "probe p1\n", (*calibrationView).service, "7.1", c.service)
		add("leader killed: go-zookeeper connected again", c.servers, c.tick, kill, "probe p1\n", (*calibrationView).client, "7.1", c.client)
	}
	// Of silent leaders only the range of four runs was recorded, and its middle
	// stands for the median.
	add("leader stands still: first write of a new client", 3, tick2000, pause, "", (*calibrationView).service, "7.2", spans{10260, 0, 10385, 0, 0, 10510})
	add("leader stands still: first write of a new client", 3, tick500, pause, "", (*calibrationView).service, "7.2", spans{2780, 0, 2955, 0, 0, 3130})
	add("leader stands still: first write of a new client", 3, tick200, pause, "", (*calibrationView).service, "7.2", spans{1470, 0, 1605, 0, 0, 1740})
	add("leader cut off: first write at the majority", 3, tick2000, cut, "", (*calibrationView).service, "7.6", spans{9840, 0, 10010, 0, 0, 10360})
	add("leader cut off: first write at the majority", 3, tick500, cut, "", (*calibrationView).service, "7.6", spans{2560, 0, 2750, 0, 0, 3060})
	add("leader cut off: first write at the majority", 3, tick200, cut, "", (*calibrationView).service, "7.6", spans{1170, 0, 1270, 0, 0, 1660})
	add("leader cut off: it closes its clients", 3, tick2000, cut, "", (*calibrationView).gaveUp, "7.6", spans{10580, 0, 10740, 0, 0, 11350})
	add("leader cut off: it closes its clients", 3, tick500, cut, "", (*calibrationView).gaveUp, "7.6", spans{2490, 0, 2730, 0, 0, 3010})
	add("leader cut off: it closes its clients", 3, tick200, cut, "", (*calibrationView).gaveUp, "7.6", spans{920, 0, 1040, 0, 0, 1130})
	return append(out, expiryCases()...)
}

// expiryCases are how long an ephemeral outlives its client, a process of
// go-zookeeper that is killed.
func expiryCases() []calibrationCase {
	var out []calibrationCase
	for _, c := range []struct {
		at      string
		servers int
		tick, t time.Duration
		real    spans
	}{
		{"alone", 1, tick2000, 4 * time.Second, spans{3214, 4133, 4627, 5001, 5312, 5939}},
		{"alone", 1, tick2000, 10 * time.Second, spans{7219, 8899, 9673, 10338, 10728, 11925}},
		{"leader", 3, tick2000, 4 * time.Second, spans{2978, 3973, 4512, 4959, 5398, 5936}},
		{"leader", 3, tick2000, 10 * time.Second, spans{7348, 8731, 9455, 10250, 10863, 11596}},
		{"follower", 3, tick2000, 4 * time.Second, spans{3928, 4925, 5302, 5802, 6427, 6592}},
		{"follower", 3, tick2000, 10 * time.Second, spans{7935, 9551, 10345, 11272, 11821, 12606}},
		{"follower", 3, tick500, 4 * time.Second, spans{2805, 3364, 3756, 4076, 4264, 4613}},
	} {
		took := map[string]func(*calibrationView) (int64, bool){
			"alone": (*calibrationView).expired, "leader": (*calibrationView).expiredAtLeader, "follower": (*calibrationView).expiredAtFollower,
		}[c.at]
		via := c.servers // the leader is almost always the server of the largest id
		if c.at == "follower" {
			via = 1
		}
		lines := fmt.Sprintf("probe p1 via=z%d timeout=%s\nop at=15s p1 create /e ephemeral\n", via, c.t)
		out = append(out, calibrationCase{
			what:  fmt.Sprintf("client killed, session %s, server %s: its ephemeral goes", c.t, c.at),
			world: fmt.Sprint(c.servers, c.tick, c.t, via), servers: c.servers, tick: c.tick, fault: "kill p1", lines: lines,
			took: took, real: c.real, source: "7.3",
		})
	}
	return out
}

// scenario is the one in which a case is measured: servers that begin at any
// phase of their clocks' ticks, and the loss at any phase too.
func (c *calibrationCase) scenario(at time.Duration) (scenarios.Scenario, error) {
	text := fmt.Sprintf(`scenario %s
topology servers=%d
timers fast
safety 60s
delay 200us..800us tail=1000ppm:20ms
ensemble tick=%s
%sat=0s for=1s..5s kill servers
at=%s %s
`, Scenario, c.servers, c.tick, c.lines, at, c.fault)
	return scenarios.Parse(c.what, []byte(text))
}

// calibrationView is one run of a world.
type calibrationView struct {
	lost   int64
	leader string // when it happened
	events []trace.Event
}

func (v *calibrationView) first(is func(e *trace.Event) bool) (int64, bool) {
	for i := range v.events {
		if e := &v.events[i]; e.At >= v.lost && is(e) {
			return e.At - v.lost, true
		}
	}
	return 0, false
}

func (v *calibrationView) service() (int64, bool) {
	return v.first(func(e *trace.Event) bool { return e.Kind == trace.ZReturn && e.Process == "k1" })
}

func (v *calibrationView) client() (int64, bool) {
	return v.first(func(e *trace.Event) bool {
		return e.Kind == trace.Session && e.Process == "p1" && e.Value == "connected"
	})
}

func (v *calibrationView) gaveUp() (int64, bool) {
	return v.first(func(e *trace.Event) bool {
		return e.Kind == trace.Role && e.Process == v.leader && e.Value == "looking"
	})
}

func (v *calibrationView) expired() (int64, bool) {
	return v.first(func(e *trace.Event) bool { return e.Kind == trace.SessionExpired && e.Value == "expired" })
}

func (v *calibrationView) expiredAtLeader() (int64, bool) {
	if v.leader != "z3" {
		return 0, false
	}
	return v.expired()
}

func (v *calibrationView) expiredAtFollower() (int64, bool) {
	if v.leader == "z1" {
		return 0, false
	}
	return v.expired()
}

// Measure measures how long ZooKeeper's own failovers take, for each way in
// which real servers were measured, once a seed; jobs runs at once, 0 meaning
// one a core.
func Measure(ctx context.Context, seeds iter.Seq[uint64], jobs int) ([]reports.CalibrationRow, error) {
	c := calibration{cases: calibrationCases()}
	for _, k := range c.cases {
		c.rows = append(c.rows, reports.CalibrationRow{What: k.what, Servers: k.servers, Tick: int64(k.tick), Real: [6]int64(k.real), Source: k.source})
	}
	if jobs <= 0 {
		jobs = runtime.GOMAXPROCS(0)
	}
	items := make(chan calibrationItem)
	var wg sync.WaitGroup
	for range jobs {
		wg.Go(func() {
			for it := range items {
				v, err := calibrateOne(&c.cases[it.of], it.seed)
				c.add(it, v, err)
			}
		})
	}
	worlds := map[string]bool{}
	for i := range c.cases {
		if worlds[c.cases[i].world] {
			continue
		}
		worlds[c.cases[i].world] = true
		for seed := range seeds {
			if ctx.Err() == nil {
				items <- calibrationItem{i, seed}
			}
		}
	}
	close(items)
	wg.Wait()
	for i := range c.rows {
		c.rows[i].Sort()
	}
	return c.rows, cmp.Or(c.err, ctx.Err())
}

// calibration gathers what was measured.
type calibration struct {
	cases []calibrationCase
	mu    sync.Mutex
	rows  []reports.CalibrationRow // one a case
	err   error
}

// calibrationItem is one run: of the world of a case, from a seed.
type calibrationItem struct {
	of   int
	seed uint64
}

// add takes one run: every case of its world is measured in it.
func (c *calibration) add(it calibrationItem, v *calibrationView, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err = cmp.Or(c.err, err); err != nil {
		return
	}
	for i := range c.cases {
		if c.cases[i].world != c.cases[it.of].world {
			continue
		}
		if ns, ok := c.cases[i].took(v); ok {
			c.rows[i].Samples = append(c.rows[i].Samples, ns)
		}
	}
}

// calibrateOne makes one run.
func calibrateOne(c *calibrationCase, seed uint64) (*calibrationView, error) {
	at := 20*time.Second + time.Duration(seed*7919%4001)*time.Millisecond
	s, err := c.scenario(at)
	if err != nil {
		return nil, err
	}
	rec, err := cluster.Run(s, cluster.Options{Seed: seed, Policy: policy.Hardened, Ensemble: true, Knock: at})
	if err != nil {
		return nil, err
	}
	v := &calibrationView{lost: int64(at), events: rec.Events}
	for i := range rec.Events {
		e := &rec.Events[i]
		if e.At >= int64(at) {
			break
		}
		if e.Kind == trace.Serving && e.Value == "leading" {
			v.leader = e.Process
		}
	}
	return v, nil
}

// Line measures, writes a picture and a table into dir, and
// returns what latency prints.
func Line(ctx context.Context, seeds iter.Seq[uint64], jobs int, dir string) (*reports.LatencyLine, error) {
	rows, err := Measure(ctx, seeds, jobs)
	if err != nil {
		return nil, err
	}
	line := &reports.LatencyLine{Scenario: Scenario, Policy: policy.Hardened.String(), Rows: reports.CalibrationLatency(rows)}
	for _, r := range rows {
		line.Runs += int64(len(r.Samples))
	}
	var table strings.Builder
	if err := reports.CalibrationTable(&table, rows); err != nil {
		return nil, err
	}
	line.Table = table.String()
	line.Files, err = reports.WriteCalibration(dir, rows)
	return line, err
}
