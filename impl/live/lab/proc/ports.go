package proc

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
)

// Ports are taken below the range from which the kernel gives connections
// theirs, because a server needs a second to bind and must find its port free.
const (
	firstPort = 12_000
	lastPort  = 32_000
)

// Ports are ports of loopback that are nobody else's who asks here, in this
// process or another, until they are released.
type Ports struct {
	locks []*os.File
}

// Take finds n ports that nobody uses now and nobody has taken.
func (p *Ports) Take(n int) ([]int, error) {
	dir := filepath.Join(os.TempDir(), "simctl-ports")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("find free ports: %w", err)
	}
	var out []int
	for port := firstPort; port < lastPort && len(out) < n; port++ {
		lock, err := os.OpenFile(filepath.Join(dir, fmt.Sprint(port)), os.O_CREATE|os.O_RDWR, 0o666)
		if err != nil {
			continue // another user's
		}
		if syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil || !isFree(port) {
			lock.Close()
			continue
		}
		p.locks = append(p.locks, lock)
		out = append(out, port)
	}
	if len(out) < n {
		p.Release()
		return nil, errors.New("find free ports: too few between 12000 and 32000")
	}
	return out, nil
}

// Release gives back what was taken.
func (p *Ports) Release() {
	for _, lock := range p.locks {
		lock.Close()
	}
	p.locks = nil
}

func isFree(port int) bool {
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return false
	}
	return l.Close() == nil
}
