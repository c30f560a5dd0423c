package abstract

import "fmt"

// ParseSize reads a line of testdata/counts: how many masters, workers, jobs,
// attempts, crashes, expiries and cuts, and the states that they make.
func ParseSize(line string) (y System, states int, err error) {
	_, err = fmt.Sscan(line, &y.Masters, &y.Workers, &y.Jobs, &y.Attempts, &y.Budget.Crashes, &y.Budget.Expiries, &y.Budget.Cuts, &states)
	return y, states, err
}

func (x args) action(rule int) Action {
	return Action(rule)<<32 | Action(x.m)<<24 | Action(x.w)<<16 | Action(x.j)<<8 | Action(x.x)
}

func (a Action) split() (rule int, x args) {
	return int(a >> 32), args{int(a >> 24 & 255), int(a >> 16 & 255), int(a >> 8 & 255), int(a & 255)}
}

// Actions appends what may happen in s, in a fixed order.
func (y *System) Actions(s State, dst []Action) []Action {
	t := s
	for i := range rules {
		n := y.ranges(rules[i].over, &s)
		for m := range n.m {
			for w := range n.w {
				for j := range n.j {
					for x := range n.x {
						at := args{m, w, j, x}
						if (n.x == 1 || x%MaxAttempts < y.Attempts) && rules[i].do(y, &t, at) {
							dst = append(dst, at.action(i))
							t = s
						}
					}
				}
			}
		}
	}
	return dst
}

// ranges is how many values each argument of a rule has; 1 for those that it has not.
func (y *System) ranges(over string, s *State) args {
	n := args{1, 1, 1, 1}
	for _, c := range over {
		switch c {
		case 'm':
			n.m = y.Masters
		case 'w':
			n.w = y.Workers
		case 'j':
			n.j = y.Jobs
		case 'a':
			n.x = y.Attempts
		case 't':
			n.x = MaxAttempts * int(s.Term+1)
		}
	}
	return n
}

// Apply is the state after an action that may happen in s.
func (y *System) Apply(s State, a Action) State {
	rule, x := a.split()
	if !rules[rule].do(y, &s, x) {
		panic("abstract: " + y.Describe(s, a) + " is not enabled")
	}
	return s
}

// Describe tells an action in a line.
func (*System) Describe(_ State, a Action) string {
	rule, x := a.split()
	return describe(rules[rule].name, rules[rule].over, x)
}

// Acts reports whether some master acts in s.
func (y *System) Acts(s State) bool { return s.acting(y) }

// Digest is a sum of the whole of s: equal for equal states.
func (*System) Digest(s State) uint64 {
	d := digest(0xcbf29ce484222325)
	d.add(uint64(s.Term)<<24 | uint64(s.Owner)<<16 | bit(s.Late)<<8 | bit(s.Stale))
	d.add(uint64(s.Left.Crashes)<<16 | uint64(s.Left.Expiries)<<8 | uint64(s.Left.Cuts))
	for _, m := range s.Masters {
		d.add(uint64(m.Mode)<<8 | uint64(m.Reign))
	}
	for _, w := range s.Workers {
		d.add(bit(w.Up)<<32 | bit(w.Cut)<<24 | bit(w.Lease)<<16 | bit(w.Entry)<<40 | uint64(w.Fresh)<<8 | uint64(w.Seen))
	}
	for i := range s.Jobs {
		j := &s.Jobs[i]
		d.add(uint64(j.Phase)<<40 | uint64(j.Attempt)<<32 | uint64(j.Worker)<<24 | uint64(j.By)<<16 | uint64(j.Ended)<<8 |
			bit(j.Kill)<<4 | bit(j.Supervised)<<3 | bit(j.Acked)<<2 | bit(j.Wished)<<1 | bit(j.KillAcked))
		for _, r := range j.Runs {
			d.add(uint64(r.Progress)<<16 | uint64(r.Worker)<<8 | uint64(r.Sent))
		}
	}
	return uint64(d)
}

type digest uint64

// add folds a word: FNV-1a by words, with a finaliser that spreads it.
func (d *digest) add(w uint64) {
	x := (uint64(*d) ^ w) * 0x100000001b3
	x ^= x >> 29
	x *= 0x9e3779b97f4a7c15
	*d = digest(x ^ x>>32)
}

func bit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}
