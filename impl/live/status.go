package live

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"strings"
	"time"
)

// A MasterStatus is what a master's status page shows, with the field names of
// Spark's GET /json/ (deploy/JsonProtocol.scala), so that tools made for Spark
// can poll it. Memory is in MiB.
type MasterStatus struct {
	URL              string            `json:"url"`
	Workers          []WorkerOnPage    `json:"workers"`
	AliveWorkers     int               `json:"aliveworkers"`
	Cores            int64             `json:"cores"`
	CoresUsed        int64             `json:"coresused"`
	Memory           int64             `json:"memory"`
	MemoryUsed       int64             `json:"memoryused"`
	ActiveApps       []json.RawMessage `json:"activeapps"`
	CompletedApps    []json.RawMessage `json:"completedapps"`
	ActiveDrivers    []DriverOnPage    `json:"activedrivers"`
	CompletedDrivers []DriverOnPage    `json:"completeddrivers"`
	// Status is STANDBY, RECOVERING, COMPLETING_RECOVERY or ALIVE.
	Status string `json:"status"`
	// Term is the master's reign, 0 without. Spark has no such field.
	Term int64 `json:"term"`
}

// A WorkerOnPage is one worker of a [MasterStatus].
type WorkerOnPage struct {
	ID            string `json:"id"`
	Host          string `json:"host"`
	Port          int    `json:"port"`
	WebUIAddress  string `json:"webuiaddress"`
	Cores         int64  `json:"cores"`
	CoresUsed     int64  `json:"coresused"`
	CoresFree     int64  `json:"coresfree"`
	Memory        int64  `json:"memory"`
	MemoryUsed    int64  `json:"memoryused"`
	MemoryFree    int64  `json:"memoryfree"`
	State         string `json:"state"` // ALIVE, DEAD or UNKNOWN
	LastHeartbeat int64  `json:"lastheartbeat"`
}

// A DriverOnPage is one driver of a [MasterStatus].
type DriverOnPage struct {
	ID         string `json:"id"`
	StartTime  string `json:"starttime"`
	State      string `json:"state"`
	Cores      int64  `json:"cores"`
	Memory     int64  `json:"memory"`
	SubmitDate string `json:"submitdate"`
	Worker     string `json:"worker"` // "None" if it has none
	MainClass  string `json:"mainclass"`
}

// SetTotals computes the sums from the workers: those that are ALIVE count.
func (s *MasterStatus) SetTotals() {
	s.AliveWorkers, s.Cores, s.CoresUsed, s.Memory, s.MemoryUsed = 0, 0, 0, 0, 0
	for _, w := range s.Workers {
		if w.State == "ALIVE" {
			s.AliveWorkers++
			s.Cores += w.Cores
			s.CoresUsed += w.CoresUsed
			s.Memory += w.Memory
			s.MemoryUsed += w.MemoryUsed
		}
	}
}

// full has every list in it, for JSON that says [] and not null.
func (s MasterStatus) full() MasterStatus {
	s.Workers = append([]WorkerOnPage{}, s.Workers...)
	s.ActiveApps = append([]json.RawMessage{}, s.ActiveApps...)
	s.CompletedApps = append([]json.RawMessage{}, s.CompletedApps...)
	s.ActiveDrivers = append([]DriverOnPage{}, s.ActiveDrivers...)
	s.CompletedDrivers = append([]DriverOnPage{}, s.CompletedDrivers...)
	return s
}

// A StatusServer serves a master's status over HTTP.
type StatusServer struct {
	// Addr is where it listens.
	Addr string
	http *http.Server
	done chan struct{}
}

// ServeStatus serves GET /json/, one of its fields at GET /json/FIELD, and a
// page for people at GET /. An address without a host is one of loopback. Read
// is called for each request and has to read on the process's loop: see
// [Host.Call]; an error of it is answered with 503.
func ServeStatus(addr string, read func() (MasterStatus, error)) (*StatusServer, error) {
	at, err := loopback(addr)
	if err != nil {
		return nil, fmt.Errorf("serve status at %s: %w", addr, err)
	}
	l, err := net.Listen("tcp", at)
	if err != nil {
		return nil, fmt.Errorf("serve status: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /json/{field...}", func(w http.ResponseWriter, r *http.Request) {
		answer(w, read, func(s MasterStatus) { writeJSON(w, s, strings.Trim(r.PathValue("field"), "/")) })
	})
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, read, func(s MasterStatus) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_ = page.Execute(w, s) // the reader is gone: nobody is left to tell
		})
	})
	s := &StatusServer{
		Addr: l.Addr().String(), done: make(chan struct{}),
		http: &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 30 * time.Second},
	}
	go func() {
		defer close(s.done)
		_ = s.http.Serve(l) // it ends with Close
	}()
	return s, nil
}

func answer(w http.ResponseWriter, read func() (MasterStatus, error), write func(MasterStatus)) {
	s, err := read()
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	write(s.full())
}

// writeJSON writes s, or one field of it: nothing if there is no such field,
// as Spark does.
func writeJSON(w http.ResponseWriter, s MasterStatus, field string) {
	text, err := json.Marshal(s)
	if err == nil && field != "" {
		var fields map[string]json.RawMessage
		err = json.Unmarshal(text, &fields)
		text = fields[field]
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_, _ = w.Write(text) // the reader is gone: nobody is left to tell
}

// Close ends the server.
func (s *StatusServer) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.http.Close()
	}
	<-s.done
	return err
}

//go:embed status.html
var pageText string

var page = template.Must(template.New("status").Parse(pageText))
