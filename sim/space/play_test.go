package space

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/simctl/simctl/checker/explore"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/model/trace"
)

func env(k string, def int) int {
	if v := os.Getenv(k); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil {
			panic(err)
		}
		return n
	}
	return def
}

func TestPlay(t *testing.T) {
	if os.Getenv("PLAY") == "" {
		t.Skip()
	}
	c := Config{
		Candidates: env("E", 0), Masters: env("M", 0), Workers: env("W", 0), Clients: env("C", 0), Jobs: env("JOBS", 1),
		Crashes: env("CR", 0), Cuts: env("CUT", 0), Expiries: env("EX", 0), Drops: env("DR", 0), Late: env("LATE", 0),
		Horizon: time.Duration(env("HOR", 0)) * time.Second, RunFor: time.Duration(env("RUN", 10)) * time.Second,
		Poll: time.Duration(env("POLL", 0)) * time.Second, Settled: os.Getenv("SETTLED") != "", InOrder: os.Getenv("ORD") != "", Grain: Grain(env("GRAIN", 0)), Crash: os.Getenv("CRASH"),
		Policy: policy.Hardened,
	}
	if os.Getenv("SPARK") != "" {
		c.Policy = policy.Spark
	}
	sys, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	if os.Getenv("WALK") != "" {
		w := sys.first(nil)
		seed := uint64(env("SEED", 0))
		for i := 0; i < env("WALK", 0); i++ {
			as := sys.Actions(w, nil)
			if len(as) == 0 {
				break
			}
			k := 0
			if seed > 0 {
				seed = seed*6364136223846793005 + 1442695040888963407
				k = int(seed>>33) % len(as)
			}
			fmt.Printf("%3d %v %s   (of %d)\n", i, w.Now(), w.describe(as[k]), len(as))
			next := w.begin()
			var ev []trace.Event
			next.out = &ev
			next.apply(as[k])
			w = next.end()
			for j := range ev {
				fmt.Println("        ", trace.Describe(&ev[j]))
			}
		}
		return
	}
	start := time.Now()
	r, err := explore.Search(context.Background(), explore.System[*World](sys), explore.Options{MaxStates: uint64(env("MAX", 200000)), SelfCheck: -1, Cores: env("CORES", 1)})
	if err != nil {
		t.Fatal(err)
	}
	d := time.Since(start)
	fmt.Printf("distinct %d transitions %d depth %d complete %v %s; %v, %.0f transitions/s\n", r.Distinct, r.Transitions, r.Depth, r.Complete, r.Why, d, float64(r.Transitions)/d.Seconds())
	fmt.Println(r.Levels)
	for _, f := range r.Findings {
		fmt.Println(f.Property, f.Detail)
		_, lines := sys.Run(f.Path)
		for i, l := range lines {
			fmt.Println(i, l)
		}
	}
}

func TestParts(t *testing.T) {
	if os.Getenv("PLAY") == "" {
		t.Skip()
	}
	c := Config{Masters: 2, Workers: 1, Clients: 1, Jobs: 1, Expiries: env("EX", 0), Crashes: env("CR", 0), Cuts: env("CUT", 0), Grain: Reads, Settled: true, Policy: policy.Hardened,
		Horizon: time.Duration(env("HOR", 0)) * time.Second, RunFor: 3 * time.Second}
	sys, _ := New(c)
	w0 := sys.first(nil)
	seen := map[uint64]bool{w0.sum: true}
	q := []*World{w0}
	parts := map[string]map[uint64]int{}
	add := func(k string, v uint64) {
		if parts[k] == nil {
			parts[k] = map[uint64]int{}
		}
		parts[k][v]++
	}
	for i := 0; i < len(q) && i < env("MAX", 100000); i++ {
		w := q[i]
		for _, p := range w.procs {
			add(string(p.id), p.sum)
			var d host.Digest
			p.digest(&d, w)
			add(string(p.id)+" all", d.Sum())
		}
		for _, s := range w.sess {
			var d host.Digest
			s.digest(&d, w.now)
			add(fmt.Sprintf("s%x", s.id), d.Sum())
		}
		add("tree", w.tree.sum())
		for _, a := range sys.Actions(w, nil) {
			n := sys.Apply(w, a)
			if !seen[n.sum] {
				seen[n.sum] = true
				q = append(q, n)
			}
		}
	}
	for _, k := range slices.Sorted(maps.Keys(parts)) {
		fmt.Println(k, len(parts[k]))
	}
}
