package lab

import (
	"time"

	"github.com/simctl/simctl/impl/live/lab/proc"
)

// endAll ends everything that was started, gracefully if that is quick.
func (s *soak) endAll() {
	if s.onlooker != nil {
		s.onlooker.End()
	}
	var left []*proc.Proc
	for _, m := range s.members {
		if m.proc != nil && !m.proc.Ended() {
			_ = m.proc.Stop() // it may be gone by now
			_ = m.proc.Resume()
			left = append(left, m.proc)
		}
	}
	limit := time.After(3 * time.Second)
	for _, p := range left {
		select {
		case <-p.Done():
		case <-limit:
			limit = time.After(0)
			_ = p.Kill() // likewise
			p.Wait()
		}
	}
	s.mesh.Close()
	if s.ensemble != nil {
		s.ensemble.Stop()
		s.ensemble = nil
	}
}

// close forgets the record files.
func (s *soak) close() {
	s.ports.Release()
	for _, m := range s.members {
		for _, t := range m.tails {
			t.Close()
		}
	}
	for _, t := range s.noted {
		t.Close()
	}
}
