package zkserver

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	lab "github.com/simctl/simctl/impl/live/lab/ensemble"
	"github.com/simctl/simctl/impl/live/load"
)

// BenchOptions say what to measure beside Debian's ZooKeeper.
type BenchOptions struct {
	Program string        // a simctl program, as in [Options]
	For     time.Duration // wall time of each cell, half of it ours; 0 means 10 s
	Servers []int         // sizes of ensembles; nil means 1 and 3
	NoSync  bool          // both sides write their log and do not sync it
	// File, if not empty, keeps the rows, one a line of JSON. What it has
	// already is not measured again.
	File string
}

// A BenchRow is one cell: what was asked for, and how much of it a second.
type BenchRow struct {
	Schema   string  `json:"schema"` // "simctl/bench-zk/v1"
	Op       string  `json:"op"`     // "setData" or "getData"
	Size     int     `json:"size"`   // bytes of a value
	Servers  int     `json:"servers"`
	Clients  int     `json:"clients"`
	InFlight int     `json:"inFlight"` // requests of a client that are under way at a time
	Sync     bool    `json:"sync"`     // both sides sync their log to the disk before they answer
	Ours     float64 `json:"ours"`     // operations a second, the median of the pairs
	Theirs   float64 `json:"theirs"`
	Ratio    float64 `json:"ratio"` // the median of the pairs' ratios
	Least    float64 `json:"least"` // the least of them
	Most     float64 `json:"most"`
	Pairs    int     `json:"pairs"`
}

// benchSchema is that of [BenchRow].
const benchSchema = "simctl/bench-zk/v1"

// benchPairs is how often ours and theirs are measured in turn.
const benchPairs = 7

// warmJVM is what a server on the JVM gets: the defaults of the virtual
// machine, with its optimizing compiler, and room.
var warmJVM = []string{"-Xms256m", "-Xmx1g"}

// cells returns what is measured on ensembles of a size.
func cells(servers int, sync bool) (rows []BenchRow) {
	for _, op := range []string{"setData", "getData"} {
		for _, size := range []int{100, 1024} {
			for _, by := range [][2]int{{1, 1}, {50, 1}, {1, 50}} {
				rows = append(rows, BenchRow{
					Schema: benchSchema, Op: op, Size: size, Servers: servers, Clients: by[0], InFlight: by[1], Sync: sync, Pairs: benchPairs,
				})
			}
		}
	}
	return rows
}

// cell is the row without what was measured.
func (r BenchRow) cell() BenchRow {
	r.Ours, r.Theirs, r.Ratio, r.Least, r.Most = 0, 0, 0, 0, 0
	return r
}

// Bench measures servers of Program and Debian's in turn, in pairs, under the
// same load by the same clients, and tells each row.
func Bench(ctx context.Context, o BenchOptions, each func(BenchRow)) error {
	o.For = cmp.Or(o.For, 10*time.Second)
	if o.Servers == nil {
		o.Servers = []int{1, 3}
	}
	if err := lab.HaveZooKeeper(); err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	have, err := readRows(o.File)
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	for _, servers := range o.Servers {
		var left []BenchRow
		for _, cell := range cells(servers, !o.NoSync) {
			if i := slices.IndexFunc(have, func(r BenchRow) bool { return r.cell() == cell }); i >= 0 {
				each(have[i])
			} else {
				left = append(left, cell)
			}
		}
		if len(left) == 0 {
			continue
		}
		if err := benchEnsembles(ctx, &o, servers, left, each); err != nil {
			return fmt.Errorf("bench: %w", err)
		}
	}
	return nil
}

// benchEnsembles measures cells on one pair of ensembles.
func benchEnsembles(ctx context.Context, o *BenchOptions, servers int, cells []BenchRow, each func(BenchRow)) error {
	var both [2]*lab.Ensemble
	for i := range both {
		dir, err := os.MkdirTemp("", "simctl-bench-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		lo := lab.Options{Servers: servers, Tick: 2 * time.Second, Dir: dir, Java: warmJVM}
		if i == 0 {
			lo.Program = o.Program
		}
		if o.NoSync {
			lo.Lines = []string{"forceSync=no"}
		}
		if both[i], err = lab.Start(ctx, lo); err != nil {
			return err
		}
		defer both[i].End()
	}
	for _, cell := range cells {
		if err := measure(ctx, &cell, both, o.For); err != nil {
			return err
		}
		if err := appendRow(o.File, cell); err != nil {
			return err
		}
		each(cell)
	}
	return nil
}

// measure fills a cell in. Each side is warmed up first.
func measure(ctx context.Context, cell *BenchRow, both [2]*lab.Ensemble, d time.Duration) error {
	var loads [2]*load.Load
	for i, e := range both {
		lo := load.Options{Clients: cell.Clients, InFlight: cell.InFlight, Write: cell.Op == "setData", Size: cell.Size}
		for _, a := range e.Addrs() {
			lo.Servers = append(lo.Servers, string(a))
		}
		l, err := load.Open(lo)
		if err != nil {
			return err
		}
		defer l.Close()
		loads[i] = l
	}
	slot := d / (2 * (benchPairs + 1))
	var rates [2][]float64
	var ratios []float64
	for pair := range benchPairs + 1 {
		var got [2]float64
		for turn := range 2 {
			side := (pair + turn) % 2 // who goes first changes
			if err := ctx.Err(); err != nil {
				return err
			}
			var err error
			if got[side], err = loads[side].Run(slot); err != nil {
				return err
			}
		}
		if pair == 0 {
			continue // warm-up
		}
		for side := range 2 {
			rates[side] = append(rates[side], got[side])
		}
		ratios = append(ratios, got[0]/got[1])
	}
	for _, x := range [][]float64{rates[0], rates[1], ratios} {
		slices.Sort(x)
	}
	cell.Ours, cell.Theirs = rates[0][benchPairs/2], rates[1][benchPairs/2]
	cell.Ratio, cell.Least, cell.Most = ratios[benchPairs/2], ratios[0], ratios[benchPairs-1]
	return nil
}

func readRows(file string) (rows []BenchRow, err error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for line := range strings.Lines(string(text)) {
		var r BenchRow
		if json.Unmarshal([]byte(line), &r) == nil && r.Schema == benchSchema { // the last line may be torn
			rows = append(rows, r)
		}
	}
	return rows, err
}

func appendRow(file string, r BenchRow) error {
	if file == "" {
		return nil
	}
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(append(text, '\n'))
	return errors.Join(err, f.Close())
}
