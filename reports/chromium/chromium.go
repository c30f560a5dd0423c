// Package chromium looks at pages in a headless browser, for the tests of those
// who make pages.
package chromium

import (
	"context"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// A Frame is a page in a window of some width.
type Frame struct {
	Page  []byte
	Width int    // pixels
	Data  string // what the looker finds in the frame's data-script; may be empty
}

// Look shows all frames to one browser, and returns what the looker saw: a page
// with %s where the frames stand, and a script that writes into the element
// "seen". Without a browser the test is skipped.
func Look(t *testing.T, looker string, frames []Frame) string {
	t.Helper()
	program := find()
	if program == "" {
		t.Skip("no Chromium to look at pages with")
	}
	var all strings.Builder
	mux := http.NewServeMux()
	for i, f := range frames {
		mux.HandleFunc(fmt.Sprintf("/page/%d/", i), func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(f.Page) })
		fmt.Fprintf(&all, `<iframe src="/page/%d/" data-script="%s" style="border:0;width:%dpx;height:900px"></iframe>`, i, html.EscapeString(f.Data), f.Width)
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, looker, all.String()) })
	srv := httptest.NewServer(mux)
	defer srv.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
		"--user-data-dir="+t.TempDir(), "--window-size=1500,1000", "--virtual-time-budget=8000", "--dump-dom", srv.URL)
	cmd.WaitDelay = time.Second
	dom, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", program, err)
	}
	_, rest, _ := strings.Cut(string(dom), `<pre id="seen">`)
	seen, _, _ := strings.Cut(rest, "</pre>")
	return html.UnescapeString(seen)
}

// find is the browser's path, empty if there is none.
func find() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			return found
		}
	}
	return ""
}
