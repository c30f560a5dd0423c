package live

// Password returns the secret of the session with the number, with which
// another connection can take it over.
func (h *Host) Password(number int64) (password []byte) {
	_ = h.Call(func() {
		for _, s := range h.sessions {
			s.mu.Lock()
			if s.number == number {
				password = s.password
			}
			s.mu.Unlock()
		}
	})
	return password
}
