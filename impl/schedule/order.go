package schedule

import (
	"cmp"
	"slices"
)

// A Policy is an order of workers in which an application is offered them
// (spark.deploy.workerSelectionPolicy). The zero Policy is Spark's default.
type Policy uint8

// The policies. Equal workers stand in the order of their IDs: ascending
// where the policy is, else descending, because Spark sorts by both and then
// turns the list round.
const (
	CoresFreeDesc Policy = iota
	CoresFreeAsc
	MemoryFreeDesc
	MemoryFreeAsc
	WorkerID
)

var policyNames = [...]string{"CORES_FREE_DESC", "CORES_FREE_ASC", "MEMORY_FREE_DESC", "MEMORY_FREE_ASC", "WORKER_ID"}

// String returns the policy's name in Spark's configuration.
func (p Policy) String() string { return policyNames[p] }

// Policies returns the names of all policies, the default first.
func Policies() []string { return append([]string(nil), policyNames[:]...) }

// ParsePolicy reads a policy's name. ok is false if there is none of it.
func ParsePolicy(name string) (p Policy, ok bool) {
	i := slices.Index(policyNames[:], name)
	return Policy(max(i, 0)), i >= 0
}

// Order returns the indexes of workers in the order of the policy.
func Order(p Policy, workers []Worker) []int {
	out := ascending(len(workers))
	slices.SortFunc(out, func(i, j int) int {
		a, b := workers[i], workers[j]
		switch p {
		case CoresFreeDesc:
			return cmp.Or(cmp.Compare(b.Cores, a.Cores), cmp.Compare(b.ID, a.ID))
		case CoresFreeAsc:
			return cmp.Or(cmp.Compare(a.Cores, b.Cores), cmp.Compare(a.ID, b.ID))
		case MemoryFreeDesc:
			return cmp.Or(cmp.Compare(b.Memory, a.Memory), cmp.Compare(b.ID, a.ID))
		case MemoryFreeAsc:
			return cmp.Or(cmp.Compare(a.Memory, b.Memory), cmp.Compare(a.ID, b.ID))
		}
		return cmp.Compare(a.ID, b.ID)
	})
	return out
}

// Usable returns the workers on which one executor of app fits, in the order
// of the policy: what [Executors] is to be given. at holds their indexes in workers.
func Usable(app App, p Policy, workers []Worker) (usable []Worker, at []int) {
	for _, i := range Order(p, workers) {
		if app.Fits(workers[i]) {
			usable = append(usable, workers[i])
			at = append(at, i)
		}
	}
	return usable, at
}
