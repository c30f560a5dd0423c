// Package load puts a ZooKeeper ensemble under load, by the client that users
// run, and counts what it carries out.
package load

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-zookeeper/zk"
)

// Options say what is asked for, by whom.
type Options struct {
	Servers  []string // where clients connect, as HOST:PORT; each takes the next one
	Clients  int      // sessions
	InFlight int      // requests of one session that are under way at a time; 0 means 1
	Write    bool     // setData; otherwise getData
	Size     int      // bytes of a value
}

// A Load is clients that are connected, each with a znode of its own.
type Load struct {
	o     Options
	value []byte
	conns []*zk.Conn
	paths []string
}

const session = 20 * time.Second

type quiet struct{}

// Printf drops what clients log.
func (quiet) Printf(string, ...any) {}

// Open connects the clients and makes their znodes.
func Open(o Options) (_ *Load, err error) {
	l := &Load{o: o, value: make([]byte, o.Size)}
	l.o.InFlight = max(o.InFlight, 1)
	defer func() {
		if err != nil {
			l.Close()
		}
	}()
	for i := range o.Clients {
		c, _, err := zk.Connect([]string{o.Servers[i%len(o.Servers)]}, session, zk.WithLogger(quiet{}))
		if err != nil {
			return nil, fmt.Errorf("load: %w", err)
		}
		l.conns, l.paths = append(l.conns, c), append(l.paths, fmt.Sprintf("/load%d", i))
		_, err = c.Create(l.paths[i], l.value, 0, zk.WorldACL(zk.PermAll))
		if errors.Is(err, zk.ErrNodeExists) {
			_, err = c.Set(l.paths[i], l.value, -1)
		}
		if err != nil {
			return nil, fmt.Errorf("load: create %s: %w", l.paths[i], err)
		}
	}
	return l, nil
}

// Close ends the clients.
func (l *Load) Close() {
	var all sync.WaitGroup
	for _, c := range l.conns {
		all.Go(c.Close)
	}
	all.Wait()
}

// Run asks for about d and returns how many operations were carried out a
// second. The first error ends it.
func (l *Load) Run(d time.Duration) (float64, error) {
	var done atomic.Int64
	var over atomic.Bool
	errs := make(chan error, len(l.conns)*l.o.InFlight)
	var all sync.WaitGroup
	begin := time.Now()
	for i, c := range l.conns {
		for range l.o.InFlight {
			all.Go(func() {
				n := int64(0)
				for !over.Load() {
					if err := l.one(c, l.paths[i]); err != nil {
						over.Store(true)
						errs <- err
						break
					}
					n++
				}
				done.Add(n)
			})
		}
	}
	for time.Since(begin) < d && !over.Load() {
		time.Sleep(min(5*time.Millisecond, d-time.Since(begin)))
	}
	over.Store(true)
	took := time.Since(begin)
	all.Wait()
	select {
	case err := <-errs:
		return 0, fmt.Errorf("load: %w", err)
	default:
		return float64(done.Load()) / took.Seconds(), nil
	}
}

func (l *Load) one(c *zk.Conn, path string) error {
	if l.o.Write {
		_, err := c.Set(path, l.value, -1)
		return err
	}
	data, _, err := c.Get(path)
	if err == nil && len(data) != l.o.Size {
		err = fmt.Errorf("get %s: %d bytes, want %d", path, len(data), l.o.Size)
	}
	return err
}
