package quorum

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// The files of a server:
//
//	acceptedEpoch, currentEpoch   a decimal number each
//	snapshot                      checksum, generation, zxid, digest, state
//	log.N                         records (package txnlog), N being the snapshot's generation
//
// All but the log are replaced whole, by a rename. A new snapshot starts a new
// log, and it is the snapshot's rename that switches, so that a crash leaves
// one or the other. The log is only appended to: what a leader takes back is
// a record too, and the last record may be torn.
const (
	acceptedFile = "acceptedEpoch"
	currentFile  = "currentEpoch"
	snapshotFile = "snapshot"
	temporary    = ".tmp"
)

func logFile(gen uint64) string { return fmt.Sprintf("log.%d", gen) }

// A snapshot is the state as of a zxid.
type snapshot struct {
	zxid int64
	told uint64 // digest of everything delivered up to zxid
	data []byte // nil of an empty server
}

const snapshotHeader = 4 + 8 + 8 + 8

func encodeSnapshot(gen uint64, s snapshot) []byte {
	be := binary.BigEndian
	b := make([]byte, 4, snapshotHeader+len(s.data))
	b = be.AppendUint64(b, gen)
	b = be.AppendUint64(b, uint64(s.zxid))
	b = be.AppendUint64(b, s.told)
	b = append(b, s.data...)
	be.PutUint32(b, crc32.ChecksumIEEE(b[4:]))
	return b
}

func decodeSnapshot(b []byte) (gen uint64, s snapshot, err error) {
	be := binary.BigEndian
	if len(b) < snapshotHeader || be.Uint32(b) != crc32.ChecksumIEEE(b[4:]) {
		return 0, s, fmt.Errorf("snapshot of %d bytes: bad checksum", len(b))
	}
	s.zxid, s.told = int64(be.Uint64(b[12:])), be.Uint64(b[20:])
	if len(b) > snapshotHeader {
		s.data = b[snapshotHeader:]
	}
	return be.Uint64(b[4:]), s, nil
}

// carry puts a snapshot into a packet of the leader's.
func (s *snapshot) carry() Packet {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 8+len(s.data)), s.told)
	return Packet{Type: Snap, Zxid: s.zxid, Data: append(b, s.data...)}
}

// carried is the snapshot that a packet carries.
func carried(m Packet) (s snapshot, ok bool) {
	if len(m.Data) < 8 {
		return s, false
	}
	s = snapshot{zxid: m.Zxid, told: binary.BigEndian.Uint64(m.Data)}
	if len(m.Data) > 8 {
		s.data = m.Data[8:]
	}
	return s, true
}
