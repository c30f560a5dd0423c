package exploration_test

import (
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/exploration"
	"github.com/simctl/simctl/reports/explorer"
	"github.com/simctl/simctl/reports/site"
)

// A counterexample's line in the list of runs leads to the page of its last state.
func TestACounterexampleIsWalked(t *testing.T) {
	s := exploration.Search{System: "abstract", Bounds: map[string]string{"without": "AckFirst"}}
	l := run(t, s)
	dir := t.TempDir()
	require.NoError(t, exploration.Save(dir, s, l))
	pages, err := site.New(dir)
	require.NoError(t, err)
	defer pages.Close()
	explorer.Add(pages, exploration.Pages())
	get := func(address string) (page string, at *url.URL) {
		w := httptest.NewRecorder()
		pages.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, address, nil))
		at, err := url.Parse(address)
		require.NoError(t, err)
		if to := w.Header().Get("Location"); to != "" {
			w = httptest.NewRecorder()
			pages.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, to, nil))
			at, err = url.Parse(to)
			require.NoError(t, err)
		}
		require.Equal(t, http.StatusOK, w.Code, w.Body.String())
		return html.UnescapeString(w.Body.String()), at
	}
	list, _ := get("/")
	link := regexp.MustCompile(`<a href="(/explore/abstract[^"]*)"[^>]*>walk<`).FindStringSubmatch(list)
	require.NotNil(t, link, list)
	page, at := get(link[1])
	require.Equal(t, "AckFirst", at.Query().Get("without"))
	require.NotEmpty(t, at.Query().Get("path"))
	f := l.Findings[0]
	require.Contains(t, page, "<b>✗ "+f.Property+"</b>: "+f.Detail)
	for _, step := range f.Story {
		require.Contains(t, page, "<span>"+step+"</span>")
	}
}

// What an address says wrongly is refused with the reason.
func TestAddressesOfSystems(t *testing.T) {
	for _, s := range exploration.Pages() {
		w, err := s.Start(url.Values{})
		require.NoError(t, err, s.Name)
		require.NotEmpty(t, w.Actions(), s.Name)
		require.NotEmpty(t, w.Text(), s.Name)
		property, detail := w.Violation()
		require.Empty(t, property, s.Name+": "+detail)
		for _, c := range []struct{ name, value, want string }{
			{"moons", "1", `has no bound "moons"; it has`}, {"policy", "lunar", "lunar"}, {s.Bounds[0].Name, "99", s.Bounds[0].Name + "=99: want a number from "},
		} {
			_, err := s.Start(url.Values{c.name: {c.value}})
			require.ErrorContains(t, err, c.want, s.Name)
		}
	}
}
