// Package web is what masters and workers show and take over HTTP, as Spark's
// do: status pages in JSON and for people (deploy/JsonProtocol.scala), and the
// REST submission server (deploy/rest). Field names, status texts and HTTP
// statuses are those that Spark 4.0.1 was seen to answer with.
package web

import (
	"encoding/json"
	"time"
)

// Resources are amounts of resources other than cores and memory, by name. No
// worker here has any, so they are always empty.
type Resources map[string]int

// A Worker is one worker on a master's page. Memory is in MiB.
type Worker struct {
	ID            string    `json:"id"`
	Host          string    `json:"host"`
	Port          int       `json:"port"`
	WebUIAddress  string    `json:"webuiaddress"`
	Cores         int64     `json:"cores"`
	CoresUsed     int64     `json:"coresused"`
	CoresFree     int64     `json:"coresfree"`
	Memory        int64     `json:"memory"`
	MemoryUsed    int64     `json:"memoryused"`
	MemoryFree    int64     `json:"memoryfree"`
	Resources     Resources `json:"resources"`
	ResourcesUsed Resources `json:"resourcesused"`
	ResourcesFree Resources `json:"resourcesfree"`
	State         string    `json:"state"`         // ALIVE, DEAD, DECOMMISSIONED or UNKNOWN
	LastHeartbeat int64     `json:"lastheartbeat"` // Unix time in ms; 0: not known
}

// An App is one application on a master's page. The fields of "slaves" repeat
// those of executors, for old readers.
type App struct {
	ID                   string      `json:"id"`
	StartTime            int64       `json:"starttime"` // Unix time in ms; 0: not known
	Name                 string      `json:"name"`
	Cores                int64       `json:"cores"` // that it has now
	User                 string      `json:"user"`
	MemoryPerExecutor    int64       `json:"memoryperexecutor"` // MiB
	MemoryPerSlave       int64       `json:"memoryperslave"`
	ResourcesPerExecutor []Resources `json:"resourcesperexecutor"`
	ResourcesPerSlave    []Resources `json:"resourcesperslave"`
	SubmitDate           string      `json:"submitdate"`
	State                string      `json:"state"`    // WAITING, RUNNING, FINISHED, FAILED, KILLED or UNKNOWN
	Duration             int64       `json:"duration"` // ms; 0: not known
}

// A Driver is one driver on a master's page. No record keeps when it was
// submitted: a master that took it over from another shows "0" and an empty
// submitdate.
type Driver struct {
	ID         string    `json:"id"`
	StartTime  string    `json:"starttime"` // Unix time in ms, as text
	State      string    `json:"state"`
	Cores      int64     `json:"cores"`
	Memory     int64     `json:"memory"` // MiB
	Resources  Resources `json:"resources"`
	SubmitDate string    `json:"submitdate"`
	Worker     string    `json:"worker"` // "None" if it has none
	MainClass  string    `json:"mainclass"`
}

// A Master is what a master shows of itself. Memory is in MiB.
type Master struct {
	URL              string      `json:"url"`
	Workers          []Worker    `json:"workers"`
	AliveWorkers     int         `json:"aliveworkers"`
	Cores            int64       `json:"cores"`
	CoresUsed        int64       `json:"coresused"`
	Memory           int64       `json:"memory"`
	MemoryUsed       int64       `json:"memoryused"`
	Resources        []Resources `json:"resources"` // of each worker that is ALIVE
	ResourcesUsed    []Resources `json:"resourcesused"`
	ActiveApps       []App       `json:"activeapps"`
	CompletedApps    []App       `json:"completedapps"`
	ActiveDrivers    []Driver    `json:"activedrivers"`
	CompletedDrivers []Driver    `json:"completeddrivers"`
	// Status is STANDBY, RECOVERING, COMPLETING_RECOVERY or ALIVE, and
	// SUSPENDED, which Spark does not have.
	Status string `json:"status"`
	// Term is the master's reign, 0 without. Spark has no such field.
	Term int64 `json:"term"`
	// WaitingDrivers have no worker yet. They stand in [Utilization].
	WaitingDrivers int `json:"-"`
	// RestURL is where submissions are taken; empty: nowhere.
	RestURL string `json:"-"`
	// Kills: the page takes kills.
	Kills bool `json:"-"`
}

// A Utilization is what GET /json/clusterutilization tells. Shares are whole
// per cents, 100 of nothing.
type Utilization struct {
	WaitingDrivers    int   `json:"waitingDrivers"`
	Cores             int64 `json:"cores"`
	CoresUsed         int64 `json:"coresused"`
	CoresUtilization  int64 `json:"coresutilization"`
	Memory            int64 `json:"memory"`
	MemoryUsed        int64 `json:"memoryused"`
	MemoryUtilization int64 `json:"memoryutilization"`
}

// Date is a moment as Spark writes it, in the time of this machine: text of
// the form "Sat Nov 21 15:13:48 UTC 2026", and empty for 0, which is not known.
// It is in ms since 1970.
func Date(ms int64) string {
	if ms == 0 {
		return ""
	}
	return time.UnixMilli(ms).Format("Mon Jan 02 15:04:05 MST 2006")
}

// complete computes the sums from the workers, of which those that are ALIVE
// count, and fills in empty lists, which JSON shows as [] and not as null.
func (m Master) complete() Master {
	m.AliveWorkers, m.Cores, m.CoresUsed, m.Memory, m.MemoryUsed = 0, 0, 0, 0, 0
	m.Resources, m.ResourcesUsed = []Resources{}, []Resources{}
	m.Workers = append([]Worker{}, m.Workers...)
	for i := range m.Workers {
		w := &m.Workers[i]
		w.Resources, w.ResourcesUsed, w.ResourcesFree = Resources{}, Resources{}, Resources{}
		w.CoresFree, w.MemoryFree = w.Cores-w.CoresUsed, w.Memory-w.MemoryUsed
		if w.State == "ALIVE" {
			m.AliveWorkers++
			m.Cores, m.CoresUsed = m.Cores+w.Cores, m.CoresUsed+w.CoresUsed
			m.Memory, m.MemoryUsed = m.Memory+w.Memory, m.MemoryUsed+w.MemoryUsed
			m.Resources, m.ResourcesUsed = append(m.Resources, Resources{}), append(m.ResourcesUsed, Resources{})
		}
	}
	m.ActiveApps, m.CompletedApps = completeApps(m.ActiveApps), completeApps(m.CompletedApps)
	m.ActiveDrivers, m.CompletedDrivers = completeDrivers(m.ActiveDrivers), completeDrivers(m.CompletedDrivers)
	return m
}

func completeApps(in []App) []App {
	out := append([]App{}, in...)
	for i := range out {
		a := &out[i]
		a.MemoryPerSlave = a.MemoryPerExecutor
		a.ResourcesPerExecutor, a.ResourcesPerSlave = []Resources{}, []Resources{}
	}
	return out
}

func completeDrivers(in []Driver) []Driver {
	out := append([]Driver{}, in...)
	for i := range out {
		d := &out[i]
		d.Resources = Resources{}
		if d.Worker == "" {
			d.Worker = "None"
		}
		if d.StartTime == "" {
			d.StartTime = "0"
		}
	}
	return out
}

func (m Master) utilization() Utilization {
	return Utilization{
		WaitingDrivers: m.WaitingDrivers,
		Cores:          m.Cores, CoresUsed: m.CoresUsed, CoresUtilization: share(m.CoresUsed, m.Cores),
		Memory: m.Memory, MemoryUsed: m.MemoryUsed, MemoryUtilization: share(m.MemoryUsed, m.Memory),
	}
}

func share(used, of int64) int64 {
	if of == 0 {
		return 100
	}
	return 100 * used / of
}

// An Executor is one executor on a worker's page.
type Executor struct {
	ID        int64     `json:"id"`
	Memory    int64     `json:"memory"` // MiB
	Resources Resources `json:"resources"`
	AppID     string    `json:"appid"`
	AppDesc   AppDesc   `json:"appdesc"`
}

// An AppDesc is what an executor's application asked for.
type AppDesc struct {
	Name                 string      `json:"name"`
	Cores                int64       `json:"cores,omitempty"` // at most, of all executors; absent: no limit
	MemoryPerExecutor    int64       `json:"memoryperexecutor"`
	ResourcesPerExecutor []Resources `json:"resourcesperexecutor"`
	MemoryPerSlave       int64       `json:"memoryperslave"`
	ResourcesPerSlave    []Resources `json:"resourcesperslave"`
	User                 string      `json:"user"`
	Command              string      `json:"command"`
}

// A WorkerSelf is what a worker shows of itself. Its drivers are on its page
// for people only, as Spark's.
type WorkerSelf struct {
	ID                string     `json:"id"`
	MasterURL         string     `json:"masterurl"`      // empty before it follows one
	MasterWebUIURL    string     `json:"masterwebuiurl"` // empty: no message tells it
	Cores             int64      `json:"cores"`
	CoresUsed         int64      `json:"coresused"`
	Memory            int64      `json:"memory"` // MiB
	MemoryUsed        int64      `json:"memoryused"`
	Resources         Resources  `json:"resources"`
	ResourcesUsed     Resources  `json:"resourcesused"`
	Executors         []Executor `json:"executors"`
	FinishedExecutors []Executor `json:"finishedexecutors"`

	Drivers []Driver `json:"-"`
}

func (w WorkerSelf) complete() WorkerSelf {
	w.Resources, w.ResourcesUsed = Resources{}, Resources{}
	w.Executors, w.FinishedExecutors = completeExecutors(w.Executors), completeExecutors(w.FinishedExecutors)
	w.Drivers = completeDrivers(w.Drivers)
	return w
}

func completeExecutors(in []Executor) []Executor {
	out := append([]Executor{}, in...)
	for i := range out {
		x := &out[i]
		x.Resources = Resources{}
		x.AppDesc.MemoryPerSlave = x.AppDesc.MemoryPerExecutor
		x.AppDesc.ResourcesPerExecutor, x.AppDesc.ResourcesPerSlave = []Resources{}, []Resources{}
	}
	return out
}

// field is v, or, if a name is given, an object with one field of it: the
// empty text if there is none of that name.
func field(v any, name string) (any, error) {
	if name == "" {
		return v, nil
	}
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil {
		return nil, err
	}
	one, ok := fields[name]
	if !ok {
		one = json.RawMessage(`""`)
	}
	return map[string]json.RawMessage{name: one}, nil
}
