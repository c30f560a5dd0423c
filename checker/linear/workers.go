package linear

import (
	"fmt"

	"github.com/simctl/simctl/model/history"
	"github.com/simctl/simctl/model/spec"
)

// judgeRegistered judges the registrations of one worker, or of one application. Beyond acked-is-recovered
// it forgives no worker that came to harm: only a removal in the log of
// transactions explains why a later master does not know it. And it judges the
// other direction: a master must not come to know a worker whose removal was
// committed before its election, unless it registered again.
func (j *Judge) judgeRegistered(what string, h history.History) verdict {
	key := h[0].Key
	switch spec.Registrations().Check(h, j.budget) {
	case spec.Legal:
		return verdict{}
	case spec.Exhausted:
		return verdict{nil, fmt.Sprintf("%s %s, %d ops: no verdict within %d steps", what, key, len(h), j.budget)}
	}
	op := firstIllegal(spec.Registrations(), h, j.budget)
	return verdict{op, fmt.Sprintf("%s %s, %d ops: no order of them explains %s%s", what, key, len(h), op, before(h, op))}
}

// judgeRegistrations judges those of every worker and every application.
func (j *Judge) judgeRegistrations() verdict {
	worst := verdict{}
	for _, r := range []struct {
		what string
		of   *history.Registrations
	}{{"worker", &j.workers}, {"application", &j.apps}} {
		h := r.of.History()
		if h == nil {
			continue
		}
		for _, part := range h.Split() {
			worst = worst.or(j.judgeRegistered(r.what, part))
		}
	}
	return worst
}
