// Package history is what clients asked and were told, operation by operation.
// It is built from the events of a trace, so that a simulated, an explored and
// a live run yield the same thing.
package history

// A Kind says what an operation is.
type Kind string

// The operations of a history. Submit, Kill and Status are a client's;
// Finish is a worker's report of a driver's end, from the moment the driver
// ends to the moment a master accepts it.
const (
	Submit Kind = "submit"
	KillOp Kind = "kill"
	Status Kind = "status"
	Finish Kind = "finish"
)

// Open as the Return of an operation says that it was never answered: it may
// take effect at any later time, or never.
const Open = int64(-1)

// An Op is one operation, all retries of it included: from the first call to
// the answer.
type Op struct {
	Lane   string `json:"lane"` // who asked: "c1"; for Finish the driver's process
	N      int64  `json:"n"`    // the operation's number in its lane
	Kind   Kind   `json:"kind"`
	Key    string `json:"key"`              // the job's tag: histories are judged key by key
	Call   int64  `json:"call"`             // nanoseconds since the run began
	Return int64  `json:"return"`           // likewise, or Open
	Arg    string `json:"arg,omitempty"`    // Finish: the state reported
	Answer string `json:"answer,omitempty"` // Submit: driver ID; Status: state; Kill: "ok"; or "error: ..."
	// Narrowed: nobody was answered, Return and Answer are from the log of
	// transactions.
	Narrowed             bool   `json:"narrowed,omitempty"`
	CallStep, ReturnStep uint64 `json:"-"`
}

// A History is every operation of a run, ordered by Call, ties by Lane and N.
type History []Op

// The operations of one worker's registrations, keyed by the worker's ID. They
// are a master's: Register and Remove are its writes of the worker's record,
// Known is what it shows to know: Answer is "known" or "unknown".
const (
	Register Kind = "register"
	Remove   Kind = "remove"
	Known    Kind = "known"
)
