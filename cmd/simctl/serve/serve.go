// Package serve is the command serve: web pages over saved runs and systems to explore.
package serve

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/simctl/simctl/exploration"
	"github.com/simctl/simctl/reports/explorer"
	"github.com/simctl/simctl/reports/site"
)

// New returns the command, which prints its address to out; args wraps checks
// of arguments.
func New(out io.Writer, args func(cobra.PositionalArgs) cobra.PositionalArgs) *cobra.Command {
	var listen string
	cmd := &cobra.Command{
		Use:   "serve DIR",
		Short: "Show saved runs as web pages: timelines, plots, histories",
		Long: "Serve the runs below a directory as web pages until interrupted: a list with their verdicts, the timeline and history\n" +
			"of each, two of them laid one over the other, and the plots beside them. Its page explorer walks through the states\n" +
			"of every system that explore knows, action by action. Nothing is written, and nothing outside of the directory is\n" +
			"shown.",
		Example: "  simctl serve out\n  simctl serve out --listen=127.0.0.1:0",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := site.New(args[0])
			if err != nil {
				return err
			}
			defer s.Close()
			explorer.Add(s, exploration.Pages())
			l, err := (&net.ListenConfig{}).Listen(cmd.Context(), "tcp", listen)
			if err != nil {
				return fmt.Errorf("serve: --listen=%s: %w", listen, err)
			}
			if _, err := fmt.Fprintf(out, "http://%s/\n", l.Addr()); err != nil {
				return errors.Join(err, l.Close())
			}
			return until(cmd.Context(), &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}, l)
		},
	}
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:8321", "address; port 0 takes a free one")
	return cmd
}

// until serves until the context ends, and then lets answers that are on their
// way be finished for a second.
func until(ctx context.Context, srv *http.Server, l net.Listener) error {
	done := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(done)
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = srv.Shutdown(late) // what is not finished by then is cut off with the process
	})
	defer stop()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	<-done
	return nil
}
