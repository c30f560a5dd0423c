package space

import "unsafe" //det:allow the sizes of types, not addresses

const (
	worldBytes   = uint32(unsafe.Sizeof(World{}))
	procBytes    = uint32(unsafe.Sizeof(proc{}) + unsafe.Sizeof(machine{}))
	timerBytes   = uint32(unsafe.Sizeof(timer{}))
	endBytes     = uint32(unsafe.Sizeof(end{}))
	itemBytes    = uint32(unsafe.Sizeof(item{}))
	sessionBytes = uint32(unsafe.Sizeof(session{}))
	requestBytes = uint32(unsafe.Sizeof(request{}))
	replyBytes   = uint32(unsafe.Sizeof(reply{}))
	armedBytes   = uint32(unsafe.Sizeof(armed{}))
)

// own is the bytes that the state has of its own, now that it is made: what it
// shares with others is theirs, or that of states that have gone.
func (w *World) own() uint32 {
	n := worldBytes + 8*uint32(len(w.procs)+len(w.sess))
	for i, p := range w.procs {
		if w.fresh&(1<<i) == 0 {
			continue
		}
		n += procBytes + timerBytes*uint32(len(p.timers))
		for j := range p.ends {
			n += endBytes + itemBytes*uint32(len(p.ends[j].in))
		}
	}
	for i, s := range w.sess {
		if i < 64 && w.freshSess&(1<<i) != 0 {
			n += sessionBytes + requestBytes*uint32(len(s.reqs)) + replyBytes*uint32(len(s.reps)) + armedBytes*uint32(len(s.watches))
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
