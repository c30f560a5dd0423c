package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// maxRequest bounds what is read of a request: 1 MiB.
const maxRequest = 1 << 20

// maxDrained bounds what is thrown away of one that is too long: 64 MiB.
const maxDrained = 64 << 20

// request is a CreateSubmissionRequest. Values that Spark takes as text may
// be written as numbers or truth values too.
type request struct {
	Action      *string          `json:"action"`
	AppResource *text            `json:"appResource"`
	MainClass   *text            `json:"mainClass"`
	AppArgs     []text           `json:"appArgs"`
	Client      *text            `json:"clientSparkVersion"`
	Properties  map[string]*text `json:"sparkProperties"`
	Environment map[string]*text `json:"environmentVariables"`
}

// fields are the names of request's fields.
var fields = []string{
	"action", "appArgs", "appResource", "clientSparkVersion", "environmentVariables", "mainClass", "sparkProperties",
}

// text is a JSON text, number or truth value, as text.
type text string

// UnmarshalJSON implements [json.Unmarshaler].
func (t *text) UnmarshalJSON(b []byte) error {
	if bytes.ContainsAny(b[:1], "{[") {
		return fmt.Errorf("want a text, not %s", b)
	}
	var s string
	if json.Unmarshal(b, &s) != nil {
		s = string(b)
	}
	*t = text(s)
	return nil
}

// What is wrong with a request, in Spark's words but for the last.
const (
	errInvalid   = Refusal("Validation of message CreateSubmissionRequest failed!")
	errNoClass   = Refusal("Main class is missing.")
	errNoAction  = Refusal("Action field not found in JSON")
	errOtherKind = Refusal("not a CreateSubmissionRequest")
)

// readSubmission reads what is to be created. On an error, status is the HTTP
// status. The fields that are not known are listed.
func readSubmission(r *http.Request) (s Submission, unknown []string, status int, err error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxRequest+1))
	if err != nil {
		return s, nil, http.StatusBadRequest, err
	}
	if len(body) > maxRequest {
		// A client that is still sending when its connection closes is told of a
		// reset, not of what was wrong.
		_, _ = io.CopyN(io.Discard, r.Body, maxDrained)
		return s, nil, http.StatusRequestEntityTooLarge, fmt.Errorf("more than %d bytes", maxRequest)
	}
	var all map[string]json.RawMessage
	var q request
	switch err = json.Unmarshal(body, &all); {
	case err != nil && json.Valid(body), err == nil && all["action"] == nil:
		return s, nil, http.StatusBadRequest, errNoAction
	case err == nil:
		err = json.Unmarshal(body, &q)
	}
	if err != nil {
		return s, nil, http.StatusBadRequest, err
	}
	if q.Action == nil || *q.Action != "CreateSubmissionRequest" { // Spark finds no class of that name
		return s, nil, http.StatusInternalServerError, errOtherKind
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if !slices.Contains(fields, name) {
			unknown = append(unknown, name)
		}
	}
	s, err = q.submission()
	s.Key = r.Header.Get("Idempotency-Key")
	return s, unknown, http.StatusBadRequest, err
}

// What a driver gets that does not say what it needs.
const (
	defaultCores  = 1
	defaultMemory = 1024 // MiB
)

func (q *request) submission() (s Submission, err error) {
	switch {
	case q.Client == nil || q.AppResource == nil || q.Properties == nil:
		return s, errInvalid
	case q.MainClass == nil:
		return s, errNoClass
	}
	s = Submission{
		AppResource: string(*q.AppResource), MainClass: string(*q.MainClass), Properties: texts(q.Properties),
		Environment: texts(q.Environment), Cores: defaultCores, Memory: defaultMemory,
	}
	for _, a := range q.AppArgs {
		s.AppArgs = append(s.AppArgs, string(a))
	}
	if v, ok := s.Properties["spark.driver.cores"]; ok {
		if s.Cores, err = strconv.ParseInt(v, 10, 32); err != nil || s.Cores < 1 {
			return s, errInvalid
		}
	}
	if v, ok := s.Properties["spark.driver.memory"]; ok {
		if s.Memory, err = mebibytes(v); err != nil {
			return s, errInvalid
		}
	}
	if v, ok := s.Properties["spark.driver.supervise"]; ok {
		if v = strings.ToLower(v); v != "true" && v != "false" {
			return s, errInvalid
		}
		s.Supervise = v == "true"
	}
	return s, nil
}

func texts(in map[string]*text) map[string]string {
	out := map[string]string{}
	for k, v := range in {
		if v != nil {
			out[k] = string(*v)
		}
	}
	return out
}

// mebibytes reads an amount of memory as Spark writes it: 512m, 2g, and bytes
// without a unit.
func mebibytes(v string) (int64, error) {
	v = strings.TrimSuffix(strings.ToLower(strings.TrimSpace(v)), "b")
	digits := strings.TrimRight(v, "kmgt")
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("memory %q: want as 512m or 2g", v)
	}
	shift, ok := map[string]int{"": 0, "k": 10, "m": 20, "g": 30, "t": 40}[v[len(digits):]]
	if !ok || n > 1<<62>>shift {
		return 0, fmt.Errorf("memory %q: want as 512m or 2g", v)
	}
	if n = n << shift >> 20; n < 1 {
		return 0, fmt.Errorf("memory %q is less than 1 MiB", v)
	}
	return n, nil
}
