package space_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/model/trace"
)

// kinds gives the name in the trace of each kind of note, as sim/cluster's.
var kinds = [...]trace.Kind{
	host.NoteState: trace.State, host.NoteElected: trace.Elected, host.NoteIntent: trace.Intent,
	host.NoteWritten: trace.Written, host.NoteRecovered: trace.Recovered, host.NoteAcked: trace.Acked,
	host.NoteObeyed: trace.Obeyed, host.NoteRefused: trace.Refused, host.NoteAccepted: trace.Accepted,
	host.NoteUsage: trace.Usage, host.NoteRegistered: trace.Registered, host.NoteJob: trace.Job,
	host.NoteCall: trace.Call, host.NoteReturn: trace.Return, host.NoteGaveUp: trace.GaveUp,
	host.NoteSession: trace.Session, host.NoteFailed: trace.Failed,
	host.NoteRole: trace.Role, host.NoteServing: trace.Serving, host.NoteLogged: trace.Logged,
	host.NoteDelivered: trace.Delivered, host.NoteRestored: trace.Restored, host.NoteAnswered: trace.Answered,
	host.NoteZCall: trace.ZCall, host.NoteZReturn: trace.ZReturn, host.NoteZWatch: trace.ZWatch,
	host.NoteRecipe: trace.Recipe, host.NoteVote: trace.Vote,
	host.NoteApp: trace.App, host.NoteExecutor: trace.Executor, host.NoteTask: trace.Task, host.NoteEffect: trace.Effect,
	host.NoteReady: trace.Ready,
}

// What processes tell has the same name in both worlds.
func TestANotesKindIsItsEventsKind(t *testing.T) {
	for k := host.NoteState; k <= host.NoteReady; k++ {
		require.Equal(t, kinds[k], trace.Kind(k.String()))
	}
}
