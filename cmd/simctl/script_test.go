package main

import (
	"context"
	"os"
	"testing"

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
		},
	})
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
