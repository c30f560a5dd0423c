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

// jobOf reads what the submission of an application tells behind its tag, as
// "pi stages=2 tasks=8 mode=client"; false if the job is no application.
func jobOf(e *trace.Event) (job, bool) {
	if e.Kind != trace.Call || e.Value != "submit" || e.Detail == "" {
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
