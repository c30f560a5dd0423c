// Package work judges what jobs were run for: that a failover leaves them
// alone, that their results are right and their effects happen once.
package work

import (
	"strconv"
	"strings"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/trace"
)

// Properties lists the properties of this package.
func Properties() []checker.Property {
	return []checker.Property{workSurvives, effectsOnce, resultRight}
}

// A job is what its submission told of it.
type job struct {
	kind          string
	stages, tasks int64
}

// jobOf reads what the submission of an application, or its begin in client
// mode, tells behind its tag, as "pi stages=2 tasks=8"; false if the event is
// none of these.
func jobOf(e *trace.Event) (job, bool) {
	submitted := e.Kind == trace.Call && e.Value == "submit" || e.Kind == trace.App && e.Value == "begun"
	if !submitted || e.Detail == "" {
		return job{}, false
	}
	j := job{stages: 1, tasks: 1}
	for i, w := range strings.Fields(e.Detail) {
		key, value, _ := strings.Cut(w, "=")
		n, err := strconv.ParseInt(value, 10, 64)
		switch {
		case i == 0:
			j.kind = w
		case err != nil:
		case key == "stages":
			j.stages = n
		case key == "tasks":
			j.tasks = n
		}
	}
	return j, true
}
