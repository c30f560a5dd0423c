package hosttest

import "fmt"

// Twins is a machine and a clone of it, to which the same things happen. They
// must go on alike, and neither may notice what happens to the other.
type Twins struct {
	H    *Host // the machine
	twin *Host
}

// Split makes a new clone of the machine, the other twin from now on.
func (t *Twins) Split() { t.twin = t.H.Clone() }

// Do lets something happen to both twins, and returns what the machine did. It
// returns an error if they are not alike afterwards.
func (t *Twins) Do(f func(h *Host)) (string, error) {
	if t.twin == nil {
		t.Split()
	}
	before := t.H.Sum()
	f(t.twin)
	if t.H.Sum() != before {
		return "", fmt.Errorf("what happened to the clone changed the original")
	}
	f(t.H)
	did, twinDid := t.H.Take(), t.twin.Take()
	if did != twinDid {
		return did, fmt.Errorf("the original did\n%sthe clone did\n%s", did, twinDid)
	}
	if t.H.Sum() != t.twin.Sum() {
		return did, fmt.Errorf("the original and the clone did the same and digest differently")
	}
	return did, nil
}
