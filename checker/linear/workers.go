package linear

import (
	"fmt"

	"github.com/simctl/simctl/model/history"
	"github.com/simctl/simctl/model/spec"
)

// judgeWorker judges the registrations of one worker. Beyond acked-is-recovered
// it forgives no worker that came to harm: only a removal in the log of
// transactions explains why a later master does not know it. And it judges the
// other direction: a master must not come to know a worker whose removal was
// committed before its election, unless it registered again.
func (j *Judge) judgeWorker(h history.History) verdict {
	key := h[0].Key
	switch spec.Registrations().Check(h, j.budget) {
	case spec.Legal:
		return verdict{}
	case spec.Exhausted:
		return verdict{nil, fmt.Sprintf("worker %s, %d ops: no verdict within %d steps", key, len(h), j.budget)}
	}
	op := firstIllegal(spec.Registrations(), h, j.budget)
	return verdict{op, fmt.Sprintf("worker %s, %d ops: no order of them explains %s%s", key, len(h), op, before(h, op))}
}

// judgeWorkers judges every worker's registrations.
func (j *Judge) judgeWorkers() verdict {
	worst := verdict{}
	if j.workers.History() == nil {
		return worst
	}
	for _, part := range j.workers.History().Split() {
		worst = worst.or(j.judgeWorker(part))
	}
	return worst
}
