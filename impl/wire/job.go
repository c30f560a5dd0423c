package wire

import "fmt"

// sideOfTask is how many columns of the lattice a task of [Pi] counts.
const sideOfTask = 100

// Side is how many points the square lattice of a [Pi] job has in a row: 100
// for each task of each stage.
func (j Job) Side() int64 { return sideOfTask * j.Stages * j.Tasks }

// Result is what a task computes. Of [Pi] it is how many points (x, y) of the
// task's columns, with 0 <= y < Side, have x*x + y*y < Side*Side, so that four
// times the sum over all tasks and stages, divided by the square of Side, is
// about pi. Of the other jobs it is 1.
func (j Job) Result(stage, task int64) int64 {
	if j.Kind != Pi {
		return 1
	}
	side := j.Side()
	first := (stage*j.Tasks + task) * sideOfTask
	sum, y := int64(0), side
	for x := first; x < first+sideOfTask; x++ {
		for y > 0 && x*x+(y-1)*(y-1) >= side*side {
			y--
		}
		sum += y
	}
	return sum
}

// Application says in words what the driver's application computes and what each
// of its executors takes; empty if it has none.
func (d Desc) Application() string {
	if d.Job.Kind == NoJob {
		return ""
	}
	return fmt.Sprintf("%s stages=%d tasks=%d ecores=%d ememory=%d", d.Job.Kind, d.Job.Stages, d.Job.Tasks, d.App.Cores, d.App.Memory)
}
