package spec

import "github.com/simctl/simctl/model/history"

// Registrations is the machine of one worker as the masters know it, one after
// another: registered or not. A register makes it known and a removal unknown;
// what a master shows to know is what is so.
func Registrations() Model[bool] {
	return Model[bool]{
		Step: stepRegistration,
		Hash: func(known bool) uint64 {
			if known {
				return 1
			}
			return 0
		},
		Blind: func(*history.Op) bool { return false },
	}
}

func stepRegistration(known bool, op *history.Op) (bool, bool) {
	switch op.Kind {
	case history.Register:
		return true, true
	case history.Remove:
		return false, true
	case history.Known:
		return known, op.Return == history.Open || known == (op.Answer == "known")
	}
	return known, false
}
