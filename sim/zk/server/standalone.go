package server

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"
	"time"

	"github.com/simctl/simctl/impl/host"
)

// The files of a standalone server. The snapshot holds the state as of some
// zxid; the log, in two files used in turn, every transaction behind it.
const (
	snapFile  = "snapshot"
	snapTemp  = "snapshot.new"
	logFirst  = "log.0"
	logSecond = "log.1"
)

// snapEvery is how many transactions the log may hold before a snapshot is
// made, ZooKeeper's snapCount.
const snapEvery = 100_000

// A Standalone replicates nothing: it logs each transaction to the disk,
// syncs, and commits it. Transactions proposed during a sync share the next.
type Standalone struct {
	h     host.Host
	m     Machine
	zxid  int64 // of the last proposal
	queue []Txn // proposed, not yet written
	flush []Txn // being synced

	recovered [2][]Txn // what the log files held, until recovery is over
	serving   bool
	second    bool // the log goes to logSecond
	logged    int  // transactions since the last snapshot
	every     int
	snapping  bool
}

var _ Replicator = (*Standalone)(nil)

// NewStandalone returns the replicator of a server on its own.
func NewStandalone() *Standalone { return &Standalone{every: snapEvery} }

// SnapEvery says how many transactions the log may hold before a snapshot is
// made, ZooKeeper's snapCount; 0 means 100,000.
func (r *Standalone) SnapEvery(n int) { r.every = cmp.Or(n, snapEvery) }

// Start reads the snapshot and both logs.
func (r *Standalone) Start(h host.Host, m Machine) {
	r.h, r.m = h, m
	h.ReadFile(snapFile, host.BindResult((*Standalone).readSnap, struct{}{}))
	h.ReadFile(logFirst, host.BindResult((*Standalone).readLog, 0))
	h.ReadFile(logSecond, host.BindResult((*Standalone).readLog, 1))
}

func (r *Standalone) failed(what, err string) bool {
	if err == "" {
		return false
	}
	r.h.Note(host.Note{Kind: host.NoteFailed, Subject: what, Value: err})
	r.h.Exit(1)
	return true
}

func (r *Standalone) readSnap(_ struct{}, res host.ReadResult) {
	if res.Err == "not exist" {
		return
	}
	if r.failed("read snapshot", res.Err) {
		return
	}
	txns := decodeLog(res.Data)
	if len(txns) != 1 {
		r.failed("read snapshot", "it is damaged")
		return
	}
	if err := r.m.Restore(txns[0]); err != nil {
		r.failed("read snapshot", err.Error())
		return
	}
	r.zxid = txns[0].Zxid
}

func (r *Standalone) readLog(i int, res host.ReadResult) {
	if res.Err != "not exist" && r.failed("read log", res.Err) {
		return
	}
	r.recovered[i] = decodeLog(res.Data)
	if i == 1 {
		r.replay()
	}
}

// replay applies what the logs hold behind the snapshot, as far as it has no
// gap, and begins a new log behind a new snapshot: the end of the old log may
// be torn.
func (r *Standalone) replay() {
	txns := slices.Concat(r.recovered[0], r.recovered[1])
	r.recovered = [2][]Txn{}
	slices.SortStableFunc(txns, func(a, b Txn) int { return int(a.Zxid - b.Zxid) })
	for _, t := range txns {
		if t.Zxid <= r.zxid {
			continue
		}
		if t.Zxid != r.zxid+1 {
			r.failed("read log", fmt.Sprintf("0x%x follows 0x%x", t.Zxid, r.zxid))
			return
		}
		r.m.Committed(t)
		r.zxid = t.Zxid
	}
	r.snapshot()
}

// roll lets what is proposed from now on go to the other log, whose old
// content the last snapshot holds, and makes a snapshot.
func (r *Standalone) roll() {
	r.second = !r.second
	r.h.RemoveFile(r.log(), host.BindResult((*Standalone).ignore, struct{}{}))
	r.snapshot()
}

// snapshot writes the state as it is.
func (r *Standalone) snapshot() {
	r.snapping, r.logged = true, 0
	r.h.RemoveFile(snapTemp, host.BindResult((*Standalone).ignore, struct{}{}))
	r.h.AppendFile(snapTemp, appendTxn(nil, r.m.Snapshot()), host.BindResult((*Standalone).step, "write snapshot"))
	r.h.SyncFile(snapTemp, host.BindResult((*Standalone).step, "sync snapshot"))
	r.h.RenameFile(snapTemp, snapFile, host.BindResult((*Standalone).step, "rename snapshot"))
	r.h.SyncFile(snapFile, host.BindResult((*Standalone).snapped, struct{}{}))
}

func (r *Standalone) ignore(struct{}, host.DiskResult) {}

func (r *Standalone) step(what string, res host.DiskResult) { r.failed(what, res.Err) }

func (r *Standalone) snapped(_ struct{}, res host.DiskResult) {
	if r.failed("sync snapshot", res.Err) {
		return
	}
	r.snapping = false
	if !r.serving {
		r.serving = true
		r.h.RemoveFile(logFirst, host.BindResult((*Standalone).ignore, struct{}{}))
		r.h.RemoveFile(logSecond, host.BindResult((*Standalone).ignore, struct{}{}))
		r.m.Became(Leading, r.zxid)
	}
}

func (r *Standalone) log() string {
	if r.second {
		return logSecond
	}
	return logFirst
}

// Propose queues a transaction for the log.
func (r *Standalone) Propose(data []byte) int64 {
	r.zxid++
	r.queue = append(r.queue, Txn{r.zxid, data})
	if r.flush == nil {
		r.write()
	}
	return r.zxid
}

// write logs everything queued and syncs it.
func (r *Standalone) write() {
	r.flush, r.queue = r.queue, nil
	size := 0
	for _, t := range r.flush {
		size += recordHead + len(t.Data)
	}
	buf := make([]byte, 0, size)
	for _, t := range r.flush {
		buf = appendTxn(buf, t)
	}
	r.h.AppendFile(r.log(), buf, host.BindResult((*Standalone).step, "write log"))
	r.h.SyncFile(r.log(), host.BindResult((*Standalone).written, struct{}{}))
}

// written commits what was synced. The machine may propose more meanwhile.
func (r *Standalone) written(_ struct{}, res host.DiskResult) {
	if r.failed("sync log", res.Err) {
		return
	}
	done := r.flush
	for _, t := range done {
		r.m.Committed(t)
	}
	r.flush = nil
	if r.logged += len(done); r.logged >= r.every && !r.snapping {
		r.roll()
	}
	if len(r.queue) > 0 {
		r.write()
	}
}

// Forward is never asked of a server on its own, nor are Sync, Revalidate and
// what concerns other servers.
func (r *Standalone) Forward([]byte) {}

// Sync does nothing: see Forward.
func (r *Standalone) Sync(uint64) {}

// Revalidate does nothing: see Forward.
func (r *Standalone) Revalidate(int64, time.Duration) {}

// Connected does nothing: see Forward.
func (r *Standalone) Connected(host.ConnID) {}

// Received closes a connection that speaks neither protocol.
func (r *Standalone) Received(c host.ConnID, _ host.Message) { r.h.Close(c) }

// Closed does nothing: see Forward.
func (r *Standalone) Closed(host.ConnID, host.Reason) {}

// Gauges returns nothing.
func (r *Standalone) Gauges() []Gauge { return nil }

// Part returns r.
func (r *Standalone) Part(i int) any {
	if i == 0 {
		return r
	}
	return nil
}

// Clone returns a deep copy.
func (r *Standalone) Clone(h host.Host, m Machine) Replicator {
	c := *r
	c.h, c.m = h, m
	c.queue, c.flush = slices.Clone(r.queue), slices.Clone(r.flush)
	for i := range c.recovered {
		c.recovered[i] = slices.Clone(r.recovered[i])
	}
	return &c
}

// Digest writes the state into d.
func (r *Standalone) Digest(d *host.Digest) {
	d.Int(r.zxid)
	d.Any(r.queue)
	d.Any(r.flush)
	d.Any(r.recovered)
	d.Bool(r.serving)
	d.Bool(r.second)
	d.Bool(r.snapping)
	d.Int(int64(r.logged))
	d.Int(int64(r.every))
}

// A record of the log is a checksum of what follows, the length of the data,
// the zxid and the data.
const recordHead = 16

func appendTxn(dst []byte, t Txn) []byte {
	at := len(dst)
	dst = binary.BigEndian.AppendUint32(dst, 0)
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(t.Data)))
	dst = binary.BigEndian.AppendUint64(dst, uint64(t.Zxid))
	dst = append(dst, t.Data...)
	binary.BigEndian.PutUint32(dst[at:], crc32.ChecksumIEEE(dst[at+4:]))
	return dst
}

// decodeLog returns the records up to the first that is torn.
func decodeLog(b []byte) []Txn {
	var txns []Txn
	for len(b) >= recordHead {
		n := int(binary.BigEndian.Uint32(b[4:]))
		if n > len(b)-recordHead || binary.BigEndian.Uint32(b) != crc32.ChecksumIEEE(b[4:recordHead+n]) {
			break
		}
		txns = append(txns, Txn{int64(binary.BigEndian.Uint64(b[8:])), b[recordHead : recordHead+n : recordHead+n]})
		b = b[recordHead+n:]
	}
	return txns
}
