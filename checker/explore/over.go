package explore

import "fmt"

// notPure is why a search ends whose system breaks its promises.
const notPure = "the system is not what a search needs: see the finding"

// reasons are what may end a search.
type reasons struct {
	interrupted bool
	impure      bool // a promise of the system is broken
	res         *Result
	deep        bool        // nothing is left that is not too deep
	full        func() bool // the memory bound is passed; asked last
}

// over says which of the reasons ends a search with these options, or "".
func (o *Options) over(r reasons) string {
	switch {
	case r.interrupted:
		return "interrupted"
	case r.impure:
		return notPure
	case len(r.res.Findings) > 0 && !o.KeepGoing:
		return r.res.Findings[0].Property + " is violated"
	case o.MaxStates > 0 && r.res.Distinct >= o.MaxStates:
		return fmt.Sprintf("%d states and no more were asked for", o.MaxStates)
	case r.deep:
		return fmt.Sprintf("depth %d and no more was asked for", o.MaxDepth)
	case r.full():
		return fmt.Sprintf("%d bytes of memory and no more were asked for", o.Memory)
	}
	return ""
}
