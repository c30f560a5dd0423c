package shown

// A State is a master's recovery state, with Spark's names (RecoveryState.scala)
// and one more.
type State uint8

// The states of a master.
const (
	Standby            State = iota // it does not lead, or has not read the store yet
	Recovering                      // it asks the stored workers what they run
	CompletingRecovery              // it decides about what nobody runs
	Alive                           // it acts
	Suspended                       // it holds its latch and does not act
)

var stateNames = [...]string{"Standby", "Recovering", "CompletingRecovery", "Alive", "Suspended"}
var sparkNames = [...]string{"STANDBY", "RECOVERING", "COMPLETING_RECOVERY", "ALIVE", "SUSPENDED"}

// String returns the state's name in notes.
func (s State) String() string { return stateNames[s] }

// Spark returns the state's name on Spark's status page.
func (s State) Spark() string { return sparkNames[s] }
