// Package ledger is the process that keeps accounts: what jobs have an effect
// on. A deposit is on its disk before it is answered, so an answer is never
// taken back. One with a key counts once, however often it is asked.
package ledger

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/wire"
)

// file is where deposits are kept, a line of JSON each.
const file = "ledger"

// terminated is the exit status of a ledger that was asked to end: 128 + 15.
const terminated = 143

// A Config says where a ledger listens.
type Config struct {
	Listen host.Addr
}

// A Ledger implements [host.Process].
type Ledger struct {
	h   host.Host
	cfg Config

	accounts map[string]int64
	keys     map[key]bool
	queue    []asked // the first is being written
	writing  bool
}

// A key makes deposits to an account one.
type key struct{ Account, Key string }

// An asked is a deposit that is not answered.
type asked struct {
	conn host.ConnID
	m    wire.Deposit
}

// A line is a deposit in the file.
type line struct {
	Account string `json:"account"`
	Key     string `json:"key,omitempty"`
	Amount  int64  `json:"amount"`
}

// New makes a ledger.
func New(c Config) *Ledger {
	return &Ledger{cfg: c, accounts: map[string]int64{}, keys: map[key]bool{}}
}

// Start implements [host.Process]: it reads its file, and listens then.
func (l *Ledger) Start(h host.Host) {
	l.h = h
	h.ReadFile(file, host.BindResult((*Ledger).read, struct{}{}))
}

// read takes in what was deposited before. A last line that was cut off was
// never answered and does not count; the next is written behind it.
func (l *Ledger) read(_ struct{}, r host.ReadResult) {
	if r.Err != "" && r.Err != host.FileNotExist {
		l.fail("read", r.Err)
		return
	}
	data := r.Data
	for {
		text, rest, whole := bytes.Cut(data, []byte("\n"))
		if !whole {
			break
		}
		var d line
		if err := json.Unmarshal(text, &d); err == nil {
			l.apply(d)
		}
		data = rest
	}
	if len(data) > 0 {
		// All but the end of the line may be there: it must not become a deposit.
		l.h.AppendFile(file, []byte("torn\n"), host.BindResult((*Ledger).mended, struct{}{}))
		return
	}
	l.listen()
}

func (l *Ledger) mended(_ struct{}, r host.DiskResult) {
	if r.Err != "" {
		l.fail("mend", r.Err)
		return
	}
	l.listen()
}

func (l *Ledger) listen() {
	if err := l.h.Listen(l.cfg.Listen, wire.Codec{}); err != nil {
		l.fail("listen", err.Error())
	}
}

func (l *Ledger) fail(what, why string) {
	l.h.Note(host.Note{Kind: host.NoteFailed, Value: fmt.Sprintf("%s: %s", what, why)})
	l.h.Exit(1)
}

// apply adds a deposit to its account.
func (l *Ledger) apply(d line) {
	l.accounts[d.Account] += d.Amount
	if d.Key != "" {
		l.keys[key{d.Account, d.Key}] = true
	}
}

// Received implements [host.Process]. Deposits are written one after another.
func (l *Ledger) Received(c host.ConnID, m host.Message) {
	if d, ok := m.(wire.Deposit); ok {
		l.queue = append(l.queue, asked{c, d})
		l.next()
	}
}

// next writes the first deposit that waits; those whose key is known are only
// answered.
func (l *Ledger) next() {
	for len(l.queue) > 0 && !l.writing {
		m := l.queue[0].m
		if m.Key != "" && l.keys[key{m.Account, m.Key}] {
			l.answer(true)
			continue
		}
		b, err := json.Marshal(line{m.Account, m.Key, m.Amount})
		if err != nil {
			panic("ledger: " + err.Error()) // a struct of strings and integers always has JSON
		}
		l.writing = true
		l.h.AppendFile(file, append(b, '\n'), host.BindResult((*Ledger).appended, struct{}{}))
	}
}

func (l *Ledger) appended(_ struct{}, r host.DiskResult) {
	if r.Err != "" {
		l.fail("write", r.Err)
		return
	}
	l.h.SyncFile(file, host.BindResult((*Ledger).synced, struct{}{}))
}

// synced makes a deposit count. Whether one that the disk refused counts, its
// next start shows.
func (l *Ledger) synced(_ struct{}, r host.DiskResult) {
	if r.Err != "" {
		l.fail("sync", r.Err)
		return
	}
	l.writing = false
	m := l.queue[0].m
	l.apply(line{m.Account, m.Key, m.Amount})
	l.answer(false)
	l.next()
}

// answer tells of the first deposit, and answers it.
func (l *Ledger) answer(again bool) {
	a := l.queue[0]
	l.queue = slices.Delete(l.queue, 0, 1)
	n := host.Note{
		Kind: host.NoteEffect, Subject: a.m.Account, Value: a.m.Key, Detail: string(a.m.Driver), N: a.m.Amount,
		M: l.accounts[a.m.Account], P: a.m.Attempt,
	}
	if again {
		n.N = 0
	}
	l.h.Note(n)
	l.h.Send(a.conn, wire.DepositResponse{Req: a.m.Req, Balance: l.accounts[a.m.Account], Again: again})
}

// Balance is what an account holds, 0 if there is none.
func (l *Ledger) Balance(account string) int64 { return l.accounts[account] }

// Signalled implements [host.Process].
func (l *Ledger) Signalled(s host.Signal) {
	if s == host.Terminate {
		l.h.Exit(terminated)
	}
}

// Accepted implements [host.Process].
func (l *Ledger) Accepted(host.ConnID, host.Addr) {}

// Connected implements [host.Process]. A ledger dials nobody.
func (l *Ledger) Connected(host.ConnID) {}

// Closed implements [host.Process]. What was asked is done all the same.
func (l *Ledger) Closed(host.ConnID, host.Reason) {}

// Exited implements [host.Process]. A ledger has no children.
func (l *Ledger) Exited(host.ProcessID, int) {}

// Clone implements [host.Process].
func (l *Ledger) Clone(h host.Host) host.Process {
	c := *l
	c.h = h
	c.accounts, c.keys, c.queue = maps.Clone(l.accounts), maps.Clone(l.keys), slices.Clone(l.queue)
	return &c
}

// Digest implements [host.Process]. The configuration never changes and is not
// part of it.
func (l *Ledger) Digest(d *host.Digest) {
	d.Uint(uint64(len(l.accounts)))
	for _, name := range slices.Sorted(maps.Keys(l.accounts)) {
		d.Str(name)
		d.Int(l.accounts[name])
	}
	keys := slices.SortedFunc(maps.Keys(l.keys), key.compare)
	d.Uint(uint64(len(keys)))
	for _, k := range keys {
		d.Str(k.Account)
		d.Str(k.Key)
		d.Bool(l.keys[k])
	}
	d.Uint(uint64(len(l.queue)))
	for i := range l.queue {
		d.Conn(l.queue[i].conn)
		l.queue[i].m.Digest(d)
	}
	d.Bool(l.writing)
}

func (k key) compare(o key) int {
	return cmp.Or(cmp.Compare(k.Account, o.Account), cmp.Compare(k.Key, o.Key))
}
