package abstract

// Jobs. What a master decides is written under its fence, and acted on after that.

func create(y *System, s *State, x args) bool {
	return s.Masters[x.m].Mode == Alive && y.decide(s, x, Create, 0)
}

func ackSubmission(y *System, s *State, x args) bool {
	j := &s.Jobs[x.j]
	if s.Masters[x.m].Mode != Alive || j.Acked || (j.Phase == Unknown || j.By > s.Masters[x.m].Reign) && y.Broken != AckFirst {
		return false
	}
	j.Acked = true
	return true
}

func place(y *System, s *State, x args) bool {
	me, w, j := s.Masters[x.m], s.Workers[x.w], &s.Jobs[x.j]
	if me.Mode != Alive || !w.follows(me.Reign) || int(j.Attempt) >= y.Attempts || !s.over(y, j, me.Reign) ||
		!y.decide(s, x, Place, uint8(x.w+1)) {
		return false
	}
	j.Runs[j.Attempt-1].Worker = uint8(x.w + 1)
	return true
}

// over reports whether the last attempt of j can run no more, as far as a master
// can know: its worker's lease is over, it was ended for that, or its worker said
// that it does not have it.
func (s *State) over(y *System, j *Job, reign uint8) bool {
	if j.Attempt == 0 || y.Broken == NoHold {
		return true
	}
	r, w := j.Runs[j.Attempt-1], s.Workers[j.Worker-1]
	return !w.Lease || r.Progress == Expired || w.follows(reign) && r.Progress != Runs && r.Sent == 0
}

func launch(y *System, s *State, x args) bool {
	me, j := s.Masters[x.m], &s.Jobs[x.j]
	if me.Mode != Alive || j.By > me.Reign {
		return false
	}
	a := int(j.Attempt) - 1
	if y.Broken == LaunchFirst && j.Phase == Submitted {
		a = 0
		j.Runs[0].Worker = 1
	} else if j.Phase != Running || j.Kill {
		return false
	}
	bit := uint8(1) << me.Reign
	if j.Runs[a].Sent&bit != 0 {
		return false
	}
	j.Runs[a].Sent |= bit
	return true
}

// start is a launch that arrives; a supervised job needs a lease.
func start(y *System, s *State, x args) bool {
	a, t := x.x%MaxAttempts, uint8(x.x/MaxAttempts)
	j := &s.Jobs[x.j]
	r := &j.Runs[a]
	if r.Sent>>t&1 == 0 || r.Progress != NotStarted {
		return false
	}
	w := &s.Workers[r.Worker-1]
	if !s.reaches(int(r.Worker)-1) || j.Supervised && !w.Lease || t < w.Seen && y.Broken != ObeyAnyTerm {
		return false
	}
	s.Stale = s.Stale || t < w.Seen
	w.Seen = max(w.Seen, t)
	r.Progress = Runs
	return true
}

func endWell(_ *System, s *State, x args) bool { return s.Jobs[x.j].Runs[x.x].ends(HasFinished) }

// endBadly is of jobs that are not supervised: a worker starts others again.
func endBadly(_ *System, s *State, x args) bool {
	return !s.Jobs[x.j].Supervised && s.Jobs[x.j].Runs[x.x].ends(HasFailed)
}

// takeEnd is the report of the present attempt's end.
func takeEnd(y *System, s *State, x args) bool {
	j := &s.Jobs[x.j]
	if s.Masters[x.m].Mode < Recovering || j.Attempt == 0 {
		return false
	}
	r := j.Runs[j.Attempt-1]
	d := [...]Decision{HasFinished: Finish, HasFailed: Fail, WasKilled: Stop, Expired: Lose, Gone: 0}[r.Progress]
	return d != 0 && s.reaches(int(r.Worker)-1) && y.decide(s, x, d, 0)
}

// lose decides about a job whose worker was given up.
func lose(y *System, s *State, x args) bool {
	mode := s.Masters[x.m].Mode
	return (mode == Recovering || mode == Alive) && s.orphan(&s.Jobs[x.j]) && y.decide(s, x, Lose, 0)
}

// adopt takes over an attempt that runs although it was taken for lost.
func adopt(y *System, s *State, x args) bool {
	me, j := s.Masters[x.m], &s.Jobs[x.j]
	if me.Mode < Recovering || j.Attempt == 0 || j.Runs[j.Attempt-1].Progress != Runs {
		return false
	}
	w := s.Workers[j.Worker-1]
	return s.reaches(int(j.Worker)-1) && w.follows(me.Reign) && y.decide(s, x, Adopt, 0)
}

func wishKill(_ *System, s *State, x args) bool {
	j := &s.Jobs[x.j]
	if !j.Acked || j.Wished {
		return false
	}
	j.Wished = true
	return true
}

func kill(y *System, s *State, x args) bool {
	return s.Masters[x.m].Mode == Alive && s.Jobs[x.j].Wished && y.Broken != ForgetKill && y.decide(s, x, Kill, 0)
}

func ackKill(y *System, s *State, x args) bool {
	me, j := s.Masters[x.m], &s.Jobs[x.j]
	if me.Mode != Alive || !j.Wished || j.KillAcked || j.By > me.Reign || !j.Kill && y.Broken != ForgetKill {
		return false
	}
	j.KillAcked = true
	return true
}

// stop is a kill that arrives: of what is to end, or of an attempt that another follows.
// What never came is known as killed from then on.
func stop(_ *System, s *State, x args) bool {
	me, j := s.Masters[x.m], &s.Jobs[x.j]
	r := &j.Runs[x.x]
	if r.Worker == 0 || me.Mode != Alive || j.By > me.Reign || !j.Kill && x.x+1 == int(j.Attempt) || r.Progress > Runs {
		return false
	}
	w := &s.Workers[r.Worker-1]
	if !s.reaches(int(r.Worker)-1) || me.Reign < w.Seen {
		return false
	}
	w.Seen = me.Reign
	r.Progress = WasKilled
	return true
}

// drop and revive are mistakes alone.

func drop(y *System, s *State, x args) bool {
	j := &s.Jobs[x.j]
	if y.Broken != DropQueued || s.Masters[x.m].Mode != Recovering || j.Phase != Submitted || !y.fence(s, x.m) {
		return false
	}
	j.Record = Record{}
	return true
}

func revive(y *System, s *State, x args) bool {
	j := &s.Jobs[x.j]
	if y.Broken != ReviveEnded || s.Masters[x.m].Mode != Recovering || j.Phase != Lost || !y.fence(s, x.m) {
		return false
	}
	j.Phase = Relaunching
	return true
}
