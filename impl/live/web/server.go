package web

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// A Server serves one process's pages.
type Server struct {
	// Addr is where it listens.
	Addr string
	http *http.Server
	done chan struct{}
}

// serve listens. An address without a host is one of loopback.
func serve(what, addr string, h http.Handler) (*Server, error) {
	name, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("serve %s at %s: %w", what, addr, err)
	}
	if name == "" {
		name = "127.0.0.1"
	}
	l, err := net.Listen("tcp", net.JoinHostPort(name, port))
	if err != nil {
		return nil, fmt.Errorf("serve %s: %w", what, err)
	}
	s := &Server{
		Addr: l.Addr().String(), done: make(chan struct{}),
		http: &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 30 * time.Second},
	}
	go func() {
		defer close(s.done)
		_ = s.http.Serve(l) // it ends with Close
	}()
	return s, nil
}

// Close ends the server.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.http.Close()
	}
	<-s.done
	return err
}

// ServeMaster serves GET /json/, GET /json/clusterutilization, one field at
// GET /json/FIELD, and a page for people at GET /. Read is called for each
// request and has to read on the process's loop; an error of it is answered
// with 503. Whoever sends POST /app/kill/ or POST /driver/kill/ with id and
// terminate=true is sent to the page again (MasterWebUI.scala), whatever came
// of it; with nil kills there is nothing there.
func ServeMaster(addr string, read func() (Master, error), kills *Kills) (*Server, error) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /json/{field...}", func(w http.ResponseWriter, r *http.Request) {
		m, err := read()
		name, _, _ := strings.Cut(r.PathValue("field"), "/")
		var shown any
		if m = m.complete(); name == "clusterutilization" {
			shown = m.utilization()
		} else if err == nil {
			shown, err = field(m, name)
		}
		answer(w, shown, err)
	})
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		m, err := read()
		m.Kills = kills != nil
		show(w, masterPage, m.complete(), err)
	})
	if kills != nil {
		kills.serve(mux, "/app/kill", kills.App)
		kills.serve(mux, "/driver/kill", kills.Driver)
	}
	return serve("status", addr, mux)
}

// Kills are how a master's page ends applications and drivers, by their IDs.
type Kills struct {
	App, Driver func(ctx context.Context, id string) error
}

func (k *Kills) serve(mux *http.ServeMux, path string, kill func(context.Context, string) error) {
	handle := func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			http.Error(w, "only POST kills", http.StatusMethodNotAllowed)
			return
		}
		if id := r.FormValue("id"); id != "" && r.FormValue("terminate") == "true" {
			_ = kill(r.Context(), id) // Spark's page does not tell either: it shows what is so
		}
		http.Redirect(w, r, "/", http.StatusFound)
	}
	mux.HandleFunc(path, handle)
	mux.HandleFunc(path+"/", handle)
}

// ServeWorker serves GET /json/ and a page for people at GET /, as
// [ServeMaster] does.
func ServeWorker(addr string, read func() (WorkerSelf, error)) (*Server, error) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /json/", func(w http.ResponseWriter, _ *http.Request) {
		s, err := read()
		answer(w, s.complete(), err)
	})
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		s, err := read()
		show(w, workerPage, s.complete(), err)
	})
	return serve("status", addr, mux)
}

// answer writes v as JSON, with the type of Spark's pages.
func answer(w http.ResponseWriter, v any, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Cache-Control", "no-cache, no-store, must-revalidate")
	writeJSON(w, http.StatusOK, "text/json;charset=utf-8", v)
}

func writeJSON(w http.ResponseWriter, status int, kind string, v any) {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(text.Bytes()) // the reader is gone: nobody is left to tell
}

// show writes a page for people.
func show(w http.ResponseWriter, page *template.Template, v any, err error) {
	var text bytes.Buffer
	if err == nil {
		err = page.Execute(&text, v)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache, no-store, must-revalidate")
	_, _ = w.Write(text.Bytes()) // likewise
}

var (
	//go:embed style.css
	style string
	//go:embed master.html
	masterText string
	//go:embed worker.html
	workerText string

	pages = template.FuncMap{
		"style": func() template.CSS { return template.CSS(style) },
		"rows":  func(kills bool, rows any) table { return table{kills, rows} },
		"kill": func(on bool, what, id, state string) button {
			return button{on && slices.Contains([]string{"WAITING", "RUNNING", "SUBMITTED"}, state), what, id}
		},
	}
	masterPage = template.Must(template.New("master").Funcs(pages).Parse(masterText))
	workerPage = template.Must(template.New("worker").Funcs(pages).Parse(workerText))
)

// A table is part of a page, with or without buttons that kill.
type table struct {
	Kills bool
	Rows  any
}

// A button kills what has an end to come: an application or a driver.
type button struct {
	On       bool
	What, ID string
}
