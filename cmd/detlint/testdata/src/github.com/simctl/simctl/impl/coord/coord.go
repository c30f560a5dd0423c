// Package coord stands in for the real one: only the names matter here.
package coord

import "github.com/simctl/simctl/impl/host"

type (
	Result struct{}
	Event  struct{}
)

func Do[P, A any](done func(P, A, Result), a A)                         { host.BindResult(done, a) }
func Watch[P, A any](done func(P, A, Result), f func(P, A, Event), a A) { host.BindResult(f, a) }
