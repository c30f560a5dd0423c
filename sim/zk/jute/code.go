package jute

import "fmt"

// The operations' numbers in a request header.
const (
	OpNotify          = 0
	OpCreate          = 1
	OpDelete          = 2
	OpExists          = 3
	OpGetData         = 4
	OpSetData         = 5
	OpGetACL          = 6
	OpSetACL          = 7
	OpGetChildren     = 8
	OpSync            = 9
	OpPing            = 11
	OpGetChildren2    = 12
	OpCheck           = 13
	OpMulti           = 14
	OpCreate2         = 15
	OpReconfig        = 16
	OpCheckWatches    = 17
	OpRemoveWatches   = 18
	OpCreateContainer = 19
	OpDeleteContainer = 20
	OpCreateTTL       = 21
	OpMultiRead       = 22
	OpAuth            = 100
	OpSetWatches      = 101
	OpSASL            = 102
	OpGetEphemerals   = 103
	OpGetAllChildren  = 104
	OpSetWatches2     = 105
	OpAddWatch        = 106
	OpWhoAmI          = 107
	OpCreateSession   = -10
	OpCloseSession    = -11
	OpError           = -1
)

var opNames = map[int32]string{
	OpCreateSession: "SESS", OpCloseSession: "CLOS", OpCreate: "CREA", OpCreate2: "CREA", OpCreateTTL: "CREA", OpCreateContainer: "CREA", OpDelete: "DELE",
	OpExists: "EXIS", OpGetData: "GETD", OpSetData: "SETD", OpGetACL: "GETA", OpSetACL: "SETA", OpGetChildren: "GETC", OpGetChildren2: "GETC",
	OpSync: "SYNC", OpPing: "PING", OpCheck: "CHEC", OpMulti: "MULT", OpMultiRead: "MLTR", OpReconfig: "RECO", OpCheckWatches: "CHKW",
	OpRemoveWatches: "REMW", OpSetWatches: "SETW", OpSetWatches2: "STW2", OpGetEphemerals: "GETE", OpGetAllChildren: "GETACN", OpAddWatch: "ADDW",
	OpWhoAmI: "HOMI",
}

// OpName is an operation as the four-letter word cons abbreviates it, "NA" for
// one that it has no name for.
func OpName(op int32) string {
	if name, ok := opNames[op]; ok {
		return name
	}
	return "NA"
}

// The xids that mean something.
const (
	XidNotification = -1
	XidPing         = -2
	XidAuth         = -4
	XidSetWatches   = -8
)

// A Code is a result in a reply header; 0 is success.
type Code int32

// The codes.
const (
	OK                      Code = 0
	SystemError             Code = -1
	RuntimeInconsistency    Code = -2
	MarshallingError        Code = -5
	Unimplemented           Code = -6
	BadArguments            Code = -8
	UnknownSession          Code = -12
	APIError                Code = -100
	NoNode                  Code = -101
	NoAuth                  Code = -102
	BadVersion              Code = -103
	NoChildrenForEphemerals Code = -108
	NodeExists              Code = -110
	NotEmpty                Code = -111
	SessionExpired          Code = -112
	InvalidACL              Code = -114
	AuthFailed              Code = -115
	SessionMoved            Code = -118
	NotReadOnly             Code = -119
	EphemeralOnLocalSession Code = -120
	NoWatcher               Code = -121
	ReconfigDisabled        Code = -123
	QuotaExceeded           Code = -125
)

// Error returns the code in words; OK is an error too, of that value.
func (c Code) Error() string { return fmt.Sprintf("ZooKeeper code %d", int32(c)) }

// The flags of a create.
const (
	FlagEphemeral  = 1
	FlagSequential = 2
	FlagContainer  = 4
	FlagTTL        = 5
	FlagTTLSeq     = 6
)

// The types of a watch event.
const (
	EventCreated               = 1
	EventDeleted               = 2
	EventDataChanged           = 3
	EventChildrenChanged       = 4
	StateConnected       int32 = 3 // the state in every event about a znode
)

// The permissions of an ACL, to be added up.
const (
	PermRead   = 1
	PermWrite  = 2
	PermCreate = 4
	PermDelete = 8
	PermAdmin  = 16
	PermAll    = 31
)

// The modes of addWatch.
const (
	AddPersistent = 0
	AddRecursive  = 1
)

// What kinds of watch removeWatches and checkWatches mean.
const (
	WatcherChildren = 1
	WatcherData     = 2
	WatcherAny      = 3
)
