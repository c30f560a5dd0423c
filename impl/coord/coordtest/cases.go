package coordtest

import "github.com/simctl/simctl/impl/coord"

// A testCase is one behaviour; its name is a sentence.
type testCase struct {
	name string
	run  func(w *world)
}

var cases = []testCase{
	{"a created znode holds its data and a fresh stat", createdIsFresh},
	{"a create that cannot be is refused", createRefused},
	{"sequential names count the creations under their parent", sequentialNames},
	{"sequence numbers start again with a new parent", sequenceRestarts},
	{"a delete needs the version and no children", deleteRefused},
	{"a set counts versions and refuses others", setCountsVersions},
	{"a parent's stat tells of its children", parentStat},
	{"children are listed sorted", childrenSorted},
	{"reads of a missing znode say so", missingReads},
	{"a failed write consumes a zxid", failedWriteConsumesZxid},
	{"a read shows the zxid of the last write", readZxid},

	{"a multi is one transaction", multiIsOne},
	{"a multi sees its own earlier operations", multiSeesItself},
	{"a failed multi changes nothing and says which operation failed", multiFails},
	{"a multi checks versions", multiChecks},
	{"an empty multi is a transaction", multiEmpty},
	{"a multi fires its watches in order before its answer", multiFires},

	{"a data watch fires once", dataWatchOnce},
	{"an exists watch waits for a missing znode", existsWatchMissing},
	{"a get of a missing znode leaves no watch", getLeavesNoWatch},
	{"a child watch sees children come and go and nothing else", childWatch},
	{"a deletion fires data and child watches", deletionFiresBoth},
	{"two watches on one znode both fire", twoWatches},
	{"a watch event comes before the answer that shows the change", eventBeforeAnswer},

	{"a session gets an identity and a timeout within the bounds", sessionTimeouts},
	{"operations asked before the connection stands are done", askedEarly},
	{"operations are done and answered in the order asked", inOrder},
	{"an ephemeral belongs to its session", ephemeralOwner},
	{"two sessions of one process live apart", twoSessions},
	{"a closed session's ephemerals go at once", closeRemoves},
	{"a closed session answers closed", closedAnswers},
	{"a dropped session's ephemerals live until it expires", dropExpires},

	{"an expired session says so for ever", expiredSays},
	{"watches end with their session", watchesEnd},
	{"a session resumes after its connection broke", resumes},
	{"watches survive a reconnection", watchesSurvive},
	{"a change during an outage is told after it", changeDuringOutage},
	{"what is in flight when the connection is lost is answered so", lossAnswers},
	{"a session that is cut off for too long has expired", cutExpires},
}

func create(path, data string) coord.Op {
	return coord.Op{Kind: coord.Create, Path: path, Data: []byte(data)}
}

func createMode(path string, mode coord.Mode) coord.Op {
	return coord.Op{Kind: coord.Create, Path: path, Mode: mode}
}

func remove(path string) coord.Op {
	return coord.Op{Kind: coord.Delete, Path: path, Version: coord.AnyVersion}
}

func set(path, data string, version int32) coord.Op {
	return coord.Op{Kind: coord.Set, Path: path, Data: []byte(data), Version: version}
}

func check(path string, version int32) coord.Op {
	return coord.Op{Kind: coord.Check, Path: path, Version: version}
}

func get(path string) coord.Op      { return coord.Op{Kind: coord.Get, Path: path} }
func exists(path string) coord.Op   { return coord.Op{Kind: coord.Exists, Path: path} }
func children(path string) coord.Op { return coord.Op{Kind: coord.Children, Path: path} }
func multi(ops ...coord.Op) coord.Op {
	return coord.Op{Kind: coord.Multi, Ops: ops}
}
