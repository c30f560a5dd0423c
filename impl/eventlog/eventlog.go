// Package eventlog is the log of an application: what a history server shows of
// it once it is over. It is a file of JSON lines with the names of Spark's
// listener events, written while the application runs under a name that ends
// in ".inprogress", which it loses when the application has ended.
package eventlog

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// InProgress ends the name of a log that is being written.
const InProgress = ".inprogress"

// A Kind is what an event tells.
type Kind string

// The kinds of events, with Spark's names (JsonProtocol.scala).
const (
	ApplicationStart Kind = "SparkListenerApplicationStart" // App, Name
	ExecutorAdded    Kind = "SparkListenerExecutorAdded"    // Executor, Worker, Cores
	ExecutorRemoved  Kind = "SparkListenerExecutorRemoved"  // Executor, Reason
	TaskEnd          Kind = "SparkListenerTaskEnd"          // Stage, Task, Attempt, Executor, Reason: "Success", or why not
	StageCompleted   Kind = "SparkListenerStageCompleted"   // Stage
	ApplicationEnd   Kind = "SparkListenerApplicationEnd"   // Reason: empty if it finished; Result
)

// An Event is one line.
type Event struct {
	Kind      Kind   `json:"Event"`
	Timestamp int64  `json:"Timestamp"` // wall clock, ms since 1970
	App       string `json:"App ID,omitempty"`
	Name      string `json:"App Name,omitempty"`
	Executor  string `json:"Executor ID,omitempty"`
	Worker    string `json:"Worker,omitempty"`
	Cores     int64  `json:"Total Cores,omitempty"`
	Stage     int64  `json:"Stage ID,omitempty"`
	Task      int64  `json:"Task ID,omitempty"`
	Attempt   int64  `json:"Attempt,omitempty"`
	Reason    string `json:"Reason,omitempty"`
	Result    int64  `json:"Result,omitempty"`
}

// Append appends the event's line to dst.
func (e Event) Append(dst []byte) []byte {
	b, err := json.Marshal(e)
	if err != nil {
		panic("eventlog: " + err.Error()) // a struct of strings and integers always has JSON
	}
	return append(append(dst, b...), '\n')
}

// Parse reads a log. A last line that was cut off, as by a crash, is left out;
// any other that is no event is an error, which names the line.
func Parse(data []byte) ([]Event, error) {
	var out []Event
	for n := 1; ; n++ {
		line, rest, whole := bytes.Cut(data, []byte("\n"))
		if !whole {
			return out, nil
		}
		var e Event
		d := json.NewDecoder(bytes.NewReader(line))
		d.DisallowUnknownFields()
		if err := d.Decode(&e); err != nil {
			return nil, fmt.Errorf("event log, line %d: %w", n, err)
		}
		out, data = append(out, e), rest
	}
}

// A Summary is what a history server lists of an application.
type Summary struct {
	App, Name  string
	Start, End int64  // wall clock, ms since 1970; End is 0 while it runs, or if it died
	Failed     string // why it failed; empty if it did not
	Result     int64
	Executors  int // that it had, one after another included
	Lost       int // of them, before the end
	Stages     int // complete
	Tasks      int // done
	Retried    int // tasks that failed or were lost, and were run again
}

// Summarize adds a log up.
func Summarize(events []Event) Summary {
	var s Summary
	for _, e := range events {
		switch e.Kind {
		case ApplicationStart:
			s.App, s.Name, s.Start = e.App, e.Name, e.Timestamp
		case ExecutorAdded:
			s.Executors++
		case ExecutorRemoved:
			s.Lost++
		case StageCompleted:
			s.Stages++
		case TaskEnd:
			if e.Reason == "Success" {
				s.Tasks++
			} else {
				s.Retried++
			}
		case ApplicationEnd:
			s.End, s.Failed, s.Result = e.Timestamp, e.Reason, e.Result
		}
	}
	return s
}
