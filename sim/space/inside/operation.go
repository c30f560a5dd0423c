package inside

import (
	"fmt"
	"strings"

	"github.com/simctl/simctl/impl/coord"
)

// Operation is what is asked of the service, with a space before it; empty if
// nothing is.
func Operation(op *coord.Op) string {
	if op.Kind == 0 {
		return ""
	}
	if op.Kind != coord.Multi {
		return fmt.Sprintf(" %s %s", op.Kind, op.Path)
	}
	var parts []string
	for i := range op.Ops {
		parts = append(parts, fmt.Sprintf("%s %s", op.Ops[i].Kind, op.Ops[i].Path))
	}
	return " " + strings.Join(parts, " and ")
}

// Failed is why an operation failed, behind a colon; empty if it did not.
func Failed(r *coord.Result) string {
	if r.Err == nil {
		return ""
	}
	return ": " + r.Err.Error()
}
