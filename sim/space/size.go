package space

import "github.com/simctl/simctl/sim/space/sums"

// own is the bytes that the state has of its own, now that it is made: what it
// shares with others is theirs, or that of states that have gone.
func (w *World) own() uint32 {
	n := sums.Bytes[World](1) + sums.Bytes[*proc](len(w.procs)+len(w.sess))
	for i, p := range w.procs {
		if w.fresh&(1<<i) != 0 {
			n += sums.Bytes[proc](1) + sums.Bytes[machine](1) + sums.Bytes[timer](len(p.timers)) + sums.Bytes[end](len(p.ends))
			for j := range p.ends {
				n += sums.Bytes[item](len(p.ends[j].in))
			}
		}
	}
	for i, s := range w.sess {
		if i < 64 && w.freshSess&(1<<i) != 0 {
			n += sums.Bytes[session](1) + sums.Bytes[request](len(s.reqs)) + sums.Bytes[reply](len(s.reps)) + sums.Bytes[armed](len(s.watches))
		}
	}
	return n
}

// shared is how many times what states have of their own they hold in all, with
// what is kept for one of them alone since those that made it have gone: as
// measured in searches of whole clusters, 3 without judges.
const shared = 4

// Size implements explore.Sized.
func (s *System) Size(w *World) int { return shared * int(w.size) }
