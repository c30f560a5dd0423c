// Package raised tells of a panic of a process in an explored world.
package raised

import (
	"fmt"
	"runtime/debug" //det:allow the frames of a panic, without addresses

	"github.com/simctl/simctl/sim/kernel"
)

// Text is what the value of a panic says and where it was raised, as the
// simulation tells it. It is called by the function that recovered the value.
func Text(value any) string {
	p := kernel.Panic{Value: fmt.Sprint(value), Stack: string(debug.Stack())}
	return p.Value + "\n" + p.Frames()
}
