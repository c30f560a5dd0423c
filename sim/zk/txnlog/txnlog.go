// Package txnlog is the transaction log of one of an ensemble's servers, as
// bytes: transactions, and what was taken back, in the order of writing. A log
// is only appended to, and its last record may be torn.
package txnlog

import (
	"encoding/binary"
	"hash/crc32"
	"slices"

	"github.com/simctl/simctl/sim/zk/server"
)

// A record is {checksum, kind, length, zxid, data}, big-endian; the checksum
// covers all that follows it.
const (
	kindTxn = 1
	kindCut = 2 // forget what is behind zxid
	header  = 4 + 1 + 4 + 8
)

func appendRecord(dst []byte, kind byte, t server.Txn) []byte {
	be := binary.BigEndian
	at := len(dst)
	dst = append(slices.Grow(dst, Size(t)), 0, 0, 0, 0, kind)
	dst = be.AppendUint32(dst, uint32(len(t.Data)))
	dst = be.AppendUint64(dst, uint64(t.Zxid))
	dst = append(dst, t.Data...)
	be.PutUint32(dst[at:], crc32.ChecksumIEEE(dst[at+4:]))
	return dst
}

// Append appends a transaction to a log.
func Append(log []byte, t server.Txn) []byte { return appendRecord(log, kindTxn, t) }

// AppendCut appends that what is behind zxid is taken back.
func AppendCut(log []byte, zxid int64) []byte {
	return appendRecord(log, kindCut, server.Txn{Zxid: zxid})
}

// Size is how many bytes of a log a transaction takes.
func Size(t server.Txn) int { return header + len(t.Data) }

// Read returns the transactions of a log behind base, and how many bytes of it
// are whole records.
func Read(b []byte, base int64) (txns []server.Txn, whole int) {
	be := binary.BigEndian
	for len(b)-whole >= header {
		r := b[whole:]
		n := int(be.Uint32(r[5:]))
		if n > len(r)-header {
			break
		}
		end := header + n
		if be.Uint32(r) != crc32.ChecksumIEEE(r[4:end]) {
			break
		}
		t := server.Txn{Zxid: int64(be.Uint64(r[9:])), Data: r[header:end:end]}
		switch {
		case r[4] == kindCut:
			txns = txns[:Behind(txns, t.Zxid)]
		case t.Zxid > base:
			txns = append(txns, t)
		}
		whole += end
	}
	return txns, whole
}

// Behind is the index of the first transaction behind zxid; txns are in the
// order of their zxids.
func Behind(txns []server.Txn, zxid int64) int {
	i := len(txns)
	for i > 0 && txns[i-1].Zxid > zxid {
		i--
	}
	return i
}

// Tear cuts the last record of a log in two. It reports false if there is none.
func Tear(log []byte) (torn []byte, ok bool) {
	last, end := 0, 0
	for len(log)-end >= header {
		n := header + int(binary.BigEndian.Uint32(log[end+5:]))
		if n > len(log)-end {
			break
		}
		last, end = end, end+n
	}
	if end == 0 {
		return log, false
	}
	middle := last + (end-last)/2
	return log[:middle:middle], true
}
