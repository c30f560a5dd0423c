package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/simctl/simctl"
	"github.com/simctl/simctl/reports"
)

func newVersion(e *env) *cobra.Command {
	var json bool
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "Say which build this is",
		Example: "  simctl version --json",
		Args:    args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			v := buildVersion()
			if json {
				return reports.WriteLine(e.Stdout, v)
			}
			_, err := fmt.Fprintf(e.Stdout, "simctl %s commit %s%s %s %s\n", v.Version, v.Commit,
				map[bool]string{true: "+"}[v.Modified], v.Go, v.Platform)
			return err
		},
	}
	addJSON(cmd, &json)
	return cmd
}

// buildVersion is what the go command wrote into this program.
func buildVersion() versionLine {
	v := versionLine{
		Schema: "simctl/version/v1", Version: simctl.Version, Commit: "unknown",
		Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Commit = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		}
	}
	return v
}
