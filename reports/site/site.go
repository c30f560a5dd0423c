// Package site shows a directory of saved runs as web pages: a list of bundles
// with their verdicts, the timeline, history and files of each, two of them laid
// one over the other, and the plots beside them. It reads and never writes.
package site

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/simctl/simctl/reports"
)

// A Site serves one directory. Nothing outside of it can be asked for, by no
// path and by no link.
type Site struct {
	dir   string
	root  *os.Root
	mux   *http.ServeMux
	links []link
}

// A link is an entry of every page's head.
type link struct{ Path, Title string }

// New returns the site of a directory, which must be there.
func New(dir string) (*Site, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("serve %s: %w", dir, err)
	}
	s := &Site{dir: dir, root: root, mux: http.NewServeMux()}
	s.Add("/", "runs", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			s.fail(w, http.StatusNotFound, "there is no page "+r.URL.Path)
			return
		}
		s.list(w, r)
	})
	s.Add("/plots", "plots", s.plots)
	s.mux.HandleFunc("GET /run/{name...}", s.run)
	s.mux.HandleFunc("GET /history/{name...}", s.history)
	s.mux.HandleFunc("GET /file/{name...}", s.file)
	s.mux.HandleFunc("GET /compare", s.compare)
	return s, nil
}

// Add adds a page that every page links to.
func (s *Site) Add(path, title string, page http.HandlerFunc) {
	s.mux.HandleFunc("GET "+path, page)
	s.links = append(s.links, link{path, title})
}

// Close lets go of the directory.
func (s *Site) Close() error { return s.root.Close() }

// ServeHTTP answers GET and HEAD. On a loopback address it answers no request
// that was meant for another name, so that no page of the web can read along.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-cache")
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	if !meant(r) {
		s.fail(w, http.StatusForbidden, "this is not "+r.Host)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// meant reports whether a request's Host fits the address that it came to.
func meant(r *http.Request) bool {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if !ok || !local.IP.IsLoopback() {
		return true
	}
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// errNoBundle says that a name is none of a bundle.
var errNoBundle = errors.New("there is no such run")

// bundleFiles are what a bundle is read from.
var bundleFiles = []string{"run.json", "trace.ndjson", "events.ndjson", "history.ndjson", "findings.json"}

// path is where a bundle lies, once it is known that all of it lies below the
// directory.
func (s *Site) path(name string) (string, error) {
	if !fs.ValidPath(name) {
		return "", errNoBundle
	}
	for _, file := range bundleFiles {
		if info, err := s.root.Stat(path.Join(name, file)); err != nil || !info.Mode().IsRegular() {
			return "", errNoBundle
		}
	}
	return filepath.Join(s.dir, filepath.FromSlash(name)), nil
}

func (s *Site) bundle(name string) (*reports.Bundle, error) {
	dir, err := s.path(name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return reports.ReadBundle(dir)
}

// run is a bundle's timeline as it was written; one that has none gets one.
func (s *Site) run(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimSuffix(r.PathValue("name"), "/")
	if _, err := s.path(name); err != nil {
		s.fail(w, http.StatusNotFound, name+": "+err.Error())
		return
	}
	if html, err := s.read(path.Join(name, "timeline.html")); err == nil {
		s.send(w, html)
		return
	}
	s.drawn(w, name, func(b *reports.Bundle) ([]byte, error) { return reports.Timeline(b) })
}

// compare lays one run over another.
func (s *Site) compare(w http.ResponseWriter, r *http.Request) {
	a, b := r.FormValue("a"), r.FormValue("b")
	if a == "" || b == "" {
		s.fail(w, http.StatusBadRequest, "choose two runs to compare: A and B")
		return
	}
	other, err := s.bundle(b)
	if err != nil {
		s.fail(w, http.StatusNotFound, err.Error())
		return
	}
	s.drawn(w, a, func(one *reports.Bundle) ([]byte, error) { return reports.Compare(one, other) })
}

func (s *Site) drawn(w http.ResponseWriter, name string, draw func(*reports.Bundle) ([]byte, error)) {
	b, err := s.bundle(name)
	if err != nil {
		s.fail(w, http.StatusNotFound, err.Error())
		return
	}
	html, err := draw(b)
	if err != nil {
		s.fail(w, http.StatusInternalServerError, err.Error())
		return
	}
	s.send(w, html)
}

// most is the longest file that is served, in bytes.
const most = 1 << 30

// file is a file of the directory as it is. Nothing of it is run by a browser
// but what simctl wrote as a page.
func (s *Site) file(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	f, err := s.root.Open(filepath.FromSlash(name))
	if err != nil || !fs.ValidPath(name) {
		s.fail(w, http.StatusNotFound, "there is no file "+name)
		return
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() > most {
		s.fail(w, http.StatusNotFound, "there is no file "+name)
		return
	}
	kind := types[path.Ext(name)]
	if kind == "" {
		kind = "text/plain; charset=utf-8"
	}
	w.Header().Set("Content-Type", kind)
	if kind != types[".html"] {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")
	}
	http.ServeContent(w, r, "", info.ModTime(), f)
}

// types are those of files that are not shown as text.
var types = map[string]string{
	".png": "image/png", ".svg": "image/svg+xml", ".html": "text/html; charset=utf-8", ".json": "application/json",
}

func (s *Site) read(name string) ([]byte, error) {
	info, err := s.root.Stat(name)
	if err != nil || !info.Mode().IsRegular() {
		return nil, errNoBundle
	}
	return s.root.ReadFile(name)
}

func (s *Site) send(w http.ResponseWriter, html []byte) {
	w.Header().Set("Content-Type", types[".html"])
	_, _ = w.Write(html) // who has gone needs no answer
}
