// Package spec is how things ought to be, as sequential machines: what one
// client alone with one perfect master would see. [Model.Check] asks porcupine
// whether a history of many clients is one that such a machine could have
// given.
package spec

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/anishathalye/porcupine"

	"github.com/simctl/simctl/model/history"
)

// A Model is a sequential machine over states S. It is deterministic: what an
// operation may do but need not do yet is part of the state, and decided by
// the first operation that shows it.
type Model[S comparable] struct {
	Init S
	// Step says whether op may happen in s with the answer it got, and the
	// state after it.
	Step func(s S, op *history.Op) (S, bool)
	// Hash gives equal states equal numbers.
	Hash func(s S) uint64
	// Blind reports that op is legal in every state and changes none.
	Blind func(op *history.Op) bool
}

// A Result is what Check says.
type Result uint8

// The results of [Model.Check].
const (
	Legal     Result = iota + 1 // some order explains every answer
	Illegal                     // none does
	Exhausted                   // the budget ran out first
)

// Check asks whether some order of h, which respects that an operation
// answered before another was called comes first, is legal. Budget is how many
// steps of the machine it may try: a count, never a time, so that the answer
// depends on the history alone.
func (m Model[S]) Check(h history.History, budget int) Result {
	ops := make([]porcupine.Operation, 0, len(h))
	for i := range h {
		if op := &h[i]; !m.Blind(op) {
			ret := op.Return
			if ret == history.Open {
				ret = math.MaxInt64
			}
			ops = append(ops, porcupine.Operation{Input: op, Call: op.Call, Return: ret})
		}
	}
	if len(ops) <= budget && m.witness(ops) {
		return Legal
	}
	steps := 0
	model := porcupine.Model{
		Init: func() any { return m.Init },
		Step: func(state, input, _ any) (bool, any) {
			if steps++; steps > budget {
				return false, state // the search then ends by itself
			}
			next, ok := m.Step(state.(S), input.(*history.Op))
			if !ok {
				return false, state
			}
			return true, next
		},
		Equal: func(a, b any) bool { return a.(S) == b.(S) },
		Hash:  func(state any) uint64 { return m.Hash(state.(S)) },
	}
	switch legal := porcupine.CheckOperations(model, ops); {
	case legal:
		return Legal
	case steps > budget:
		return Exhausted
	}
	return Illegal
}

// witness tries the two orders that explain most histories without a search:
// that of the answers and that of the calls. Both respect real time.
func (m Model[S]) witness(ops []porcupine.Operation) bool {
	order := slices.Clone(ops)
	slices.SortStableFunc(order, func(a, b porcupine.Operation) int {
		return cmp.Or(cmp.Compare(a.Return, b.Return), cmp.Compare(a.Call, b.Call))
	})
	if m.explains(order) {
		return true
	}
	slices.SortStableFunc(order, func(a, b porcupine.Operation) int { return cmp.Compare(a.Call, b.Call) })
	return m.explains(order)
}

// explains reports whether the operations are legal one after another.
func (m Model[S]) explains(ops []porcupine.Operation) bool {
	s, ok := m.Init, true
	for i := range ops {
		if s, ok = m.Step(s, ops[i].Input.(*history.Op)); !ok {
			return false
		}
	}
	return true
}

// Until returns the history as it stood at time t: what was called by then,
// with answers that came later still open. If h is legal, so is each of these.
func Until(h history.History, t int64) history.History {
	var out history.History
	for _, op := range h {
		if op.Call > t {
			continue
		}
		if op.Return > t {
			op.Return, op.ReturnStep = history.Open, 0
			if op.Kind != history.Finish {
				op.Answer = ""
			}
		}
		out = append(out, op)
	}
	return out
}

// IsError reports whether an answer is a refusal.
func IsError(answer string) bool { return strings.HasPrefix(answer, "error") }
