package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// SparkVersion is the version whose answers these are.
const SparkVersion = "4.0.1"

// UnknownProtocol is the HTTP status of a request in a version of the protocol
// that is not spoken here.
const UnknownProtocol = 468

// A Refusal is why a master does not do what it is asked to.
type Refusal string

// Error is the reason.
func (r Refusal) Error() string { return string(r) }

// NotAlive is the refusal of a master in such a state; clients look for its
// beginning to know that they should ask another one.
func NotAlive(state, only string) Refusal {
	return Refusal(fmt.Sprintf("Current state is not alive: %s. Can only %s in ALIVE state.", state, only))
}

// What only an ALIVE master does, as refusals say it.
const (
	AcceptSubmissions = "accept driver submissions"
	KillDrivers       = "kill drivers"
	RequestStatus     = "request driver status"
)

// A Submission is a driver that somebody wants to run in the cluster.
type Submission struct {
	AppResource, MainClass string
	AppArgs                []string
	Properties             map[string]string // sparkProperties
	Environment            map[string]string
	Cores, Memory          int64 // spark.driver.cores and, in MiB, spark.driver.memory
	Supervise              bool  // spark.driver.supervise
	// Key is the header Idempotency-Key: the same for every attempt to submit
	// the same driver. Spark has no such thing.
	Key string
}

// A DriverState is how a driver is.
type DriverState struct {
	Found                    bool
	State                    string
	WorkerID, WorkerHostPort string // empty without a worker
}

// A Gateway does what submission requests ask of one master. An error that is
// a [Refusal] is the master's answer; any other says that there was none.
type Gateway interface {
	Submit(ctx context.Context, s Submission) (id string, err error)
	Kill(ctx context.Context, id string) error
	KillAll(ctx context.Context) error
	Status(ctx context.Context, id string) (DriverState, error)
	Clear(ctx context.Context) error
	Ready(ctx context.Context) (bool, error)
}

// A reply is every answer of the server: the fields that do not belong to its
// action are left out.
type reply struct {
	Action                 string   `json:"action"`
	DriverState            string   `json:"driverState,omitempty"`
	HighestProtocolVersion string   `json:"highestProtocolVersion,omitempty"`
	Message                *string  `json:"message,omitempty"`
	ServerSparkVersion     string   `json:"serverSparkVersion"`
	SubmissionID           string   `json:"submissionId,omitempty"`
	Success                *bool    `json:"success,omitempty"`
	UnknownFields          []string `json:"unknownFields,omitempty"`
	WorkerHostPort         string   `json:"workerHostPort,omitempty"`
	WorkerID               string   `json:"workerId,omitempty"`
}

const (
	submitHere = "Please submit requests through http://[host]:[port]/v1/submissions/..."
	base       = "/v1/submissions/"
)

// ServeSubmissions serves the REST submission protocol, version v1, at addr.
func ServeSubmissions(addr string, g Gateway) (*Server, error) {
	return serve("submissions", addr, submissions{g})
}

// submissions routes as Spark's servlets do: what stands behind the part that
// a request needs is ignored.
type submissions struct{ g Gateway }

// A call is one kind of request.
type call struct {
	method string
	do     func(s submissions, r *http.Request, id string) (int, reply)
	needs  string // its name in the complaint that the ID is missing; empty: it needs none
}

func (s submissions) call(name string) (call, bool) {
	switch name {
	case "create":
		return call{http.MethodPost, submissions.create, ""}, true
	case "kill":
		return call{http.MethodPost, submissions.kill, "kill"}, true
	case "killall":
		return call{http.MethodPost, submissions.killAll, ""}, true
	case "clear":
		return call{http.MethodPost, submissions.clear, ""}, true
	case "status":
		return call{http.MethodGet, submissions.status, "status"}, true
	case "readyz":
		return call{http.MethodGet, submissions.ready, ""}, true
	}
	return call{}, false
}

// ServeHTTP implements [http.Handler].
func (s submissions) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	code, answer := s.route(r)
	if code == http.StatusMethodNotAllowed {
		http.Error(w, fmt.Sprintf("HTTP method %s is not supported by this URL", r.Method), code)
		return
	}
	answer.ServerSparkVersion = SparkVersion
	writeJSON(w, code, "application/json;charset=utf-8", answer)
}

func (s submissions) route(r *http.Request) (int, reply) {
	rest, ours := strings.CutPrefix(r.URL.Path, base)
	if !ours && r.URL.Path+"/" != base {
		return wrongProtocol(r.URL.Path)
	}
	name, id, _ := strings.Cut(rest, "/")
	c, ok := s.call(name)
	if !ok {
		return refuse(http.StatusBadRequest,
			"Missing an action: please specify one of /create, /kill, /killall, /clear, /status, or /readyz. "+submitHere)
	}
	if r.Method != c.method {
		return http.StatusMethodNotAllowed, reply{}
	}
	id, _, _ = strings.Cut(id, "/")
	if c.needs != "" && id == "" {
		return refuse(http.StatusBadRequest, "Submission ID is missing in "+c.needs+" request.")
	}
	return c.do(s, r, id)
}

// wrongProtocol answers whoever speaks another version, or none.
func wrongProtocol(path string) (int, reply) {
	version, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if version == "" {
		return refuse(http.StatusBadRequest, "Missing protocol version. "+submitHere)
	}
	code, answer := refuse(UnknownProtocol, fmt.Sprintf("Unknown protocol version '%s'. %s", version, submitHere))
	answer.HighestProtocolVersion = "v1"
	return code, answer
}

func refuse(code int, why string) (int, reply) {
	return code, reply{Action: "ErrorResponse", Message: &why}
}

// told is the answer to a request that the master answered, or did not.
func told(answer reply, err error, message string) (int, reply) {
	var no Refusal
	if err != nil && !errors.As(err, &no) {
		return refuse(http.StatusInternalServerError, err.Error())
	}
	success := err == nil
	if !success {
		message = no.Error()
	}
	answer.Message, answer.Success = &message, &success
	return http.StatusOK, answer
}

func (s submissions) create(r *http.Request, _ string) (int, reply) {
	sub, unknown, code, err := readSubmission(r)
	if err != nil {
		return refuse(code, "Malformed request: "+err.Error())
	}
	id, err := s.g.Submit(r.Context(), sub)
	return told(reply{Action: "CreateSubmissionResponse", SubmissionID: id, UnknownFields: unknown}, err,
		"Driver successfully submitted as "+id)
}

func (s submissions) kill(r *http.Request, id string) (int, reply) {
	return told(reply{Action: "KillSubmissionResponse", SubmissionID: id}, s.g.Kill(r.Context(), id),
		"Kill request for "+id+" submitted")
}

func (s submissions) killAll(r *http.Request, _ string) (int, reply) {
	return told(reply{Action: "KillAllSubmissionResponse"}, s.g.KillAll(r.Context()), "Kill request for all drivers submitted")
}

func (s submissions) clear(r *http.Request, _ string) (int, reply) {
	return told(reply{Action: "ClearResponse"}, s.g.Clear(r.Context()), "")
}

func (s submissions) ready(r *http.Request, _ string) (int, reply) {
	ready, err := s.g.Ready(r.Context())
	if err == nil && !ready {
		return refuse(http.StatusServiceUnavailable, "Master is not ready.")
	}
	return told(reply{Action: "ReadyzResponse"}, err, "")
}

// status tells how a driver is. Spark puts a refusal, as it does a driver's
// exception, behind "Exception from the cluster".
func (s submissions) status(r *http.Request, id string) (int, reply) {
	d, err := s.g.Status(r.Context(), id)
	answer := reply{
		Action: "SubmissionStatusResponse", SubmissionID: id,
		DriverState: d.State, WorkerID: d.WorkerID, WorkerHostPort: d.WorkerHostPort,
	}
	var no Refusal
	if errors.As(err, &no) {
		err = Refusal("Exception from the cluster:\njava.lang.Exception: " + no.Error())
	}
	code, answer := told(answer, err, "")
	if err == nil {
		answer.Message, answer.Success = nil, &d.Found
	}
	return code, answer
}
