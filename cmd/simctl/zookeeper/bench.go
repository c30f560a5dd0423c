package zookeeper

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/simctl/simctl"
)

// NewBench returns the command bench zk. See [New] for its arguments.
func NewBench(out io.Writer, noArgs cobra.PositionalArgs, strict func(*pflag.FlagSet)) *cobra.Command {
	var o simctl.ZooKeeperBenchOptions
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "zk",
		Short: "Measure simctl zk beside Debian's ZooKeeper",
		Long: "Measure simctl zk and Debian's ZooKeeper in turn, in pairs, in one run on this machine: setData and getData by\n" +
			"go-zookeeper's clients, one at a time (1 or 50 clients) and 50 requests of one client at a time. Both sides\n" +
			"sync their log before they answer. What counts is the ratio, ours to theirs.",
		Example: "  simctl bench zk\n  simctl bench zk --servers=3 --for=4s --file=out/bench/zk.jsonl",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if o.For <= 0 {
				return fmt.Errorf("bench zk: --for=%s: want more than nothing", o.For)
			}
			if o.Program, err = os.Executable(); err != nil {
				return err
			}
			if !asJSON {
				fmt.Fprint(out, "| operation | bytes | servers | clients | in flight | log | ours/s | ZooKeeper/s | ratio | least to most |\n"+
					"|---|--:|--:|--:|--:|---|--:|--:|--:|---|\n")
			}
			return simctl.BenchZooKeeper(cmd.Context(), o, func(r simctl.ZooKeeperBenchRow) { printRow(out, &r, asJSON) })
		},
	}
	f := cmd.Flags()
	f.BoolVar(&asJSON, "json", false, "one JSON object a line")
	f.DurationVar(&o.For, "for", 10*time.Second, "wall time of each cell")
	f.IntSliceVar(&o.Servers, "servers", []int{1, 3}, "sizes of the ensembles")
	f.BoolVar(&o.NoSync, "no-sync", false, "neither side syncs its log to the disk")
	f.StringVar(&o.File, "file", "", "keep the rows here, and do not measure again what it has")
	cmd.DisableFlagsInUseLine = true
	strict(f)
	return cmd
}

func printRow(out io.Writer, r *simctl.ZooKeeperBenchRow, asJSON bool) {
	if asJSON {
		_ = json.NewEncoder(out).Encode(r)
		return
	}
	log := "synced"
	if !r.Sync {
		log = "written"
	}
	fmt.Fprintf(out, "| %s | %d | %d | %d | %d | %s | %.0f | %.0f | %.2f | %.2f to %.2f |\n",
		r.Op, r.Size, r.Servers, r.Clients, r.InFlight, log, r.Ours, r.Theirs, r.Ratio, r.Least, r.Most)
}
