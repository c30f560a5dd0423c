package serve_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/cmd/simctl/serve"
)

func plain(check cobra.PositionalArgs) cobra.PositionalArgs { return check }

// TestServeAnswersUntilItIsInterrupted: the address is printed, pages are
// there, and the end of the context is the end.
func TestServeAnswersUntilItIsInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out, in := io.Pipe()
	cmd := serve.New(in, plain)
	cmd.SetArgs([]string{t.TempDir(), "--listen=127.0.0.1:0"})
	done := make(chan error, 1)
	go func() { done <- cmd.ExecuteContext(ctx) }()
	address, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSpace(address), nil)
	require.NoError(t, err)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.Contains(t, string(body), "There are no bundles here.")
	require.Contains(t, string(body), `href="/explore/"`)
	http.DefaultClient.CloseIdleConnections()
	cancel()
	require.NoError(t, <-done)
}

func TestServeRefuses(t *testing.T) {
	for name, args := range map[string][]string{
		"no directory":                  {},
		"a directory that is not there": {"nowhere"},
		"an address that is none":       {t.TempDir(), "--listen=nonsense"},
	} {
		cmd := serve.New(io.Discard, plain)
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		cmd.SetArgs(args)
		require.Error(t, cmd.ExecuteContext(t.Context()), name)
	}
}
