package zktest_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/simctl/simctl/zktest"
)

func TestMain(m *testing.M) {
	// Close of a session that hung up waits for a second, and nobody for it.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/go-zookeeper/zk.(*Conn).Close"))
}

// loadEnv is how many clients and operations TestUnderLoad has, as
// SIMCTL_LOAD=500x200000.
const loadEnv = "SIMCTL_LOAD"

func loadOf(t *testing.T) (clients, ops int) {
	clients, ops = 20, 3000
	if text := os.Getenv(loadEnv); text != "" {
		_, err := fmt.Sscanf(text, "%dx%d", &clients, &ops)
		require.NoError(t, err, loadEnv)
	}
	return clients, ops
}

// A load is clients at work, each on znodes of its own, and what they were
// told.
type load struct {
	t       *testing.T
	e       *zktest.Ensemble
	left    atomic.Int64 // operations
	kills   atomic.Int64 // of servers
	done    [kinds]atomic.Int64
	unknown atomic.Int64
	wrong   atomic.Pointer[string]
}

// The kinds of operation.
const (
	opSet = iota
	opGet
	opCreate
	opDelete
	opMulti
	opChildren
	opSequential
	opSync
	kinds
)

// weights are in hundredths.
var weights = [kinds]int{35, 30, 10, 5, 5, 5, 5, 5}

// fail keeps the first thing that is wrong, and ends the load.
func (l *load) fail(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	l.wrong.CompareAndSwap(nil, &text)
	l.left.Store(0)
	l.kills.Store(leastKills)
}

// leastKills is how many servers die before the load ends, however quickly its
// operations are done.
const leastKills = 3

// require fails the test if something was wrong.
func (l *load) require() {
	l.t.Helper()
	if text := l.wrong.Load(); text != nil {
		require.Fail(l.t, *text)
	}
}

// A worker is one client. It waits for each answer before it goes on, so of a
// key it knows what the last acknowledged operation left, and what those may
// have left that were never answered.
type worker struct {
	*load
	c    *zk.Conn
	rnd  *rand.Rand
	home string

	sets, maybeSets int      // acknowledged, and perhaps
	value           int      // of the last acknowledged set
	asked           int      // of the last set
	session         int64    // of the last acknowledged set
	keys            []string // of creates that were acknowledged
	deleted         []string // and of deletes
	next            int
}

func (l *load) start(i int) (*worker, error) {
	c, _, err := zk.Connect(l.e.Addrs(), 30*time.Second, zk.WithLogger(quiet{}), zk.WithMaxBufferSize(256<<10), zk.WithMaxConnBufferSize(64<<10))
	if err != nil {
		return nil, err
	}
	return &worker{load: l, c: c, rnd: rand.New(rand.NewPCG(1, uint64(i))), home: fmt.Sprintf("/c%d", i)}, nil
}

// run works until there is nothing left to do.
func (w *worker) run() {
	for w.left.Add(-1) >= 0 || w.kills.Load() < leastKills {
		kind, x := 0, w.rnd.IntN(100)
		for x >= weights[kind] {
			x -= weights[kind]
			kind++
		}
		err := w.do(kind)
		switch {
		case err == nil:
			w.done[kind].Add(1)
		case lost(err) || errors.Is(err, zk.ErrSessionExpired) || os.IsTimeout(err):
			w.unknown.Add(1)
			time.Sleep(time.Duration(1+w.rnd.IntN(20)) * time.Millisecond)
		default:
			w.fail("%s: operation %d: %v", w.home, kind, err)
		}
	}
}

func (w *worker) do(kind int) (err error) {
	acl := zk.WorldACL(zk.PermAll)
	switch kind {
	case opSet:
		return w.set(func(data []byte) error { _, err := w.c.Set(w.home, data, -1); return err })
	case opMulti:
		key := w.key()
		return w.set(func(data []byte) error {
			_, err := w.c.Multi(&zk.SetDataRequest{Path: w.home, Data: data, Version: -1}, &zk.CreateRequest{Path: key, Data: data, Acl: acl})
			if err == nil {
				w.keys = append(w.keys, key)
			}
			return err
		})
	case opGet:
		return w.get()
	case opCreate:
		key := w.key()
		if _, err = w.c.Create(key, []byte(key), 0, acl); err == nil {
			w.keys = append(w.keys, key)
		}
	case opSequential:
		_, err = w.c.Create(w.home+"/e", nil, zk.FlagEphemeral|zk.FlagSequence, acl)
	case opDelete:
		if n := len(w.keys); n > 0 {
			key := w.keys[n-1]
			w.keys = w.keys[:n-1] // it may be there or not, from now on
			if err = w.c.Delete(key, -1); err == nil {
				w.deleted = append(w.deleted, key)
			}
		}
	case opChildren:
		_, _, err = w.c.Children(w.home)
	case opSync:
		_, err = w.c.Sync(w.home)
	}
	return err
}

func (w *worker) key() string {
	w.next++
	return w.home + "/k" + strconv.Itoa(w.next)
}

func (w *worker) set(f func(data []byte) error) error {
	w.asked++
	w.maybeSets++
	err := f([]byte(strconv.Itoa(w.asked)))
	if err == nil {
		w.sets++
		w.value, w.session = w.asked, w.c.SessionID()
	}
	return err
}

// get reads what the worker itself has written. Within a session that is never
// older than what it was told.
func (w *worker) get() error {
	session := w.c.SessionID()
	data, _, err := w.c.Get(w.home)
	if err != nil {
		return err
	}
	if got, err := strconv.Atoi(string(data)); err != nil || session == w.session && w.c.SessionID() == session && got < w.value {
		w.fail("%s: read %q after %d was acknowledged", w.home, data, w.value)
	}
	return nil
}

// check compares what the servers hold with what they have acknowledged.
func (w *worker) check(c *zk.Conn) {
	var data []byte
	var st *zk.Stat
	retry(w.t, func() (err error) { data, st, err = c.Get(w.home); return err })
	got, err := strconv.Atoi(string(data))
	if err != nil || got < w.value || got > w.asked || int(st.Version) < w.sets || int(st.Version) > w.maybeSets {
		w.fail("%s: %q at version %d; acknowledged were %d sets, the last of %d; asked for were %d, the last of %d",
			w.home, data, st.Version, w.sets, w.value, w.maybeSets, w.asked)
	}
	var kids []string
	retry(w.t, func() (err error) { kids, _, err = c.Children(w.home); return err })
	there := make(map[string]bool, len(kids))
	for _, k := range kids {
		there[w.home+"/"+k] = true
	}
	for _, k := range w.keys {
		if !there[k] {
			w.fail("%s was acknowledged, and is not there", k)
		}
	}
	for _, k := range w.deleted {
		if there[k] {
			w.fail("%s: its deletion was acknowledged, and it is there", k)
		}
	}
}

// harass kills and restarts servers, the leader every other time, until stop.
func (l *load) harass(stop <-chan struct{}) {
	rnd := rand.New(rand.NewPCG(2, 0))
	for {
		select {
		case <-stop:
			return
		case <-time.After(time.Duration(500+rnd.IntN(1500)) * time.Millisecond):
		}
		id := 1 + rnd.IntN(len(l.e.Addrs()))
		if leader := l.e.Leader(); l.kills.Load()%2 == 0 && leader != 0 {
			id = leader
		}
		err := l.e.Kill(id)
		time.Sleep(time.Duration(rnd.IntN(500)) * time.Millisecond)
		err = errors.Join(err, l.e.Restart(id), l.e.Await())
		if err != nil {
			l.fail("kill and restart server %d: %v", id, err)
			return
		}
		l.kills.Add(1)
	}
}

// heap is how many bytes are in use once the garbage is gone.
func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// peak watches the heap until stop.
func peak(stop <-chan struct{}) (most uint64) {
	var m runtime.MemStats
	for {
		runtime.ReadMemStats(&m)
		most = max(most, m.HeapAlloc)
		select {
		case <-stop:
			return most
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func TestUnderLoad(t *testing.T) {
	clients, ops := loadOf(t)
	others := goleak.IgnoreCurrent()
	before := heap()
	e, err := zktest.Start(zktest.Options{Servers: 3, TCP: true, Tick: time.Second, MaxSession: time.Minute, Data: t.TempDir()})
	require.NoError(t, err)
	l := &load{t: t, e: e}
	l.left.Store(int64(ops))
	workers := make([]*worker, clients)
	for i := range workers {
		workers[i], err = l.start(i)
		require.NoError(t, err)
		retry(t, func() error {
			_, err := workers[i].c.Create(workers[i].home, []byte("0"), 0, zk.WorldACL(zk.PermAll))
			return err
		})
	}
	begin, stop := time.Now(), make(chan struct{})
	var most uint64
	var work, watching sync.WaitGroup
	watching.Go(func() { l.harass(stop) })
	watching.Go(func() { most = peak(stop) })
	for _, w := range workers {
		work.Go(w.run)
	}
	work.Wait()
	took := time.Since(begin)
	close(stop)
	watching.Wait()
	l.require()
	l.verify(workers)
	working := heap()
	l.end(workers)
	goleak.VerifyNone(t, others)
	after := heap()
	t.Logf("%d clients, %d operations in %v: %v done, %d without an answer; %d kills", clients, ops, took.Round(time.Millisecond), l.counts(), l.unknown.Load(), l.kills.Load())
	t.Logf("heap: %d MiB before, %d at most, %d at the end of work, %d after", before>>20, most>>20, working>>20, after>>20)
	l.require()
	// A client's buffers take 128 KiB at least, an operation leaves at most a
	// znode on three servers and a record in their windows.
	require.Less(t, most, before+64<<20+uint64(clients)<<20+uint64(ops)*4<<10)
	require.Less(t, after, before+16<<20, "what the servers and clients had is free again")
}

func (l *load) counts() (n [kinds]int64) {
	for i := range n {
		n[i] = l.done[i].Load()
	}
	return n
}

// verify reads everything behind a sync at one server after the other, and
// has every client told of a change.
func (l *load) verify(workers []*worker) {
	require.NoError(l.t, l.e.Await())
	for _, addr := range l.e.Addrs() {
		c, _, err := zk.Connect([]string{addr}, 30*time.Second, zk.WithLogger(quiet{}))
		require.NoError(l.t, err)
		retry(l.t, func() error { _, err := c.Sync("/"); return err })
		for _, w := range workers {
			w.check(c)
		}
		c.Close()
	}
	watches := make([]<-chan zk.Event, len(workers))
	for i, w := range workers {
		retry(l.t, func() (err error) { _, _, watches[i], err = w.c.ExistsW("/news"); return err })
	}
	_, err := workers[0].c.Create("/news", nil, 0, zk.WorldACL(zk.PermAll))
	require.NoError(l.t, err)
	for i, told := range watches {
		select {
		case ev := <-told:
			require.Equal(l.t, zk.EventNodeCreated, ev.Type)
		case <-time.After(30 * time.Second):
			l.fail("client %d was not told", i)
		}
	}
}

// end closes every client and the ensemble.
func (l *load) end(workers []*worker) {
	var all sync.WaitGroup
	for _, w := range workers {
		all.Go(w.c.Close)
		w.c = nil
	}
	all.Wait()
	require.NoError(l.t, l.e.Close())
	l.e = nil
}
