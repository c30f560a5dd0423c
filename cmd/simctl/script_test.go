package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets scripts call simctl as a process of its own: "simctl" on the
// real library, "fakectl" on an engine that answers as it is told.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"simctl": main,
		"fakectl": func() {
			e := machine()
			e.engine = &fake{}
			os.Exit(run(context.Background(), e, os.Args[1:]))
		},
	})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       os.Getenv("SIMCTL_UPDATE") != "",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"status": wantStatus,
			"slain":  slain,
		},
	})
}

// slain is the script's command "slain N FILE COMMAND ...": it kills the command
// (SIGKILL) as soon as the file has N lines.
func slain(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: slain N FILE COMMAND ...")
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	cmd := exec.Command(firstOnPath(ts, args[2]), args[3:]...)
	cmd.Dir, cmd.Env = ts.MkAbs("."), append(os.Environ(), "PATH="+ts.Getenv("PATH"), "HOME="+ts.Getenv("HOME"))
	ts.Check(cmd.Start())
	for tick, began := time.NewTicker(2*time.Millisecond), time.Now(); time.Since(began) < time.Minute; <-tick.C {
		if text, _ := os.ReadFile(ts.MkAbs(args[1])); bytes.Count(text, []byte("\n")) >= n {
			break
		}
	}
	ts.Check(cmd.Process.Kill())
	if err := cmd.Wait(); err == nil || err.Error() != "signal: killed" {
		ts.Fatalf("it had ended: %v", err)
	}
}

// firstOnPath is where the script finds a command.
func firstOnPath(ts *testscript.TestScript, name string) string {
	for dir := range strings.SplitSeq(ts.Getenv("PATH"), string(os.PathListSeparator)) {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return filepath.Join(dir, name)
		}
	}
	ts.Fatalf("no command %s", name)
	return ""
}

// wantStatus is the script's command "status N COMMAND ...": it runs the command
// and wants exit status N.
func wantStatus(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N COMMAND ...")
	}
	want := args[0]
	err := ts.Exec(args[1], args[2:]...)
	got := "0"
	if err != nil {
		got = exitStatus(err)
	}
	if got != want {
		ts.Fatalf("exit status %s, want %s: %v", got, want, err)
	}
}
