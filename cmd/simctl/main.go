// Command simctl runs, sweeps, replays and judges scenarios, simulated and
// live. It parses flags, calls the library and prints; it decides nothing.
// Its names, flags, exit statuses and JSON fields may grow, not change.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/term"

	"github.com/simctl/simctl/cmd/simctl/exit"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	os.Exit(run(ctx, machine(), os.Args[1:]))
}

// An env is what the machine gives the command.
type env struct {
	Stdin  io.Reader
	Stdout io.Writer // data, and nothing else
	Stderr io.Writer // progress and prose
	IsTTY  func(stream any) bool
	Getenv func(string) string // only NO_COLOR, TERM and SIMCTL_OUT are asked for
	engine engine
}

// machine is the env of a real process.
func machine() *env {
	return &env{
		Stdin: os.Stdin, Stdout: &sink{File: os.Stdout}, Stderr: os.Stderr, Getenv: os.Getenv, engine: library(),
		IsTTY: func(stream any) bool {
			if s, is := stream.(*sink); is {
				stream = s.File
			}
			f, ok := stream.(*os.File)
			return ok && term.IsTerminal(int(f.Fd()))
		},
	}
}

// A sink is a file that remembers the first error of writing to it: a full
// disk must not look like success.
type sink struct {
	*os.File
	err error
}

// Write writes to the file.
func (s *sink) Write(data []byte) (int, error) {
	n, err := s.File.Write(data)
	if s.err == nil {
		s.err = err
	}
	return n, err
}

// run carries out one command line and returns the exit status.
func run(ctx context.Context, e *env, args []string) int {
	root := newRoot(e)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if out, ok := e.Stdout.(*sink); ok && out.err != nil {
		err = fmt.Errorf("standard output: %w", out.err)
	}
	var s status
	var own ownStatus
	switch {
	case errors.As(err, &own):
		return int(own)
	case err == nil && ctx.Err() == nil:
		return int(held)
	case errors.As(err, &s):
		return int(exit.Worse(s, exit.Interruption(ctx)))
	case err == nil, errors.Is(err, context.Canceled):
		return int(interrupted)
	}
	fmt.Fprintf(e.Stderr, "simctl: %v\n", err)
	return int(exit.Worse(unjudged, exit.Interruption(ctx)))
}
