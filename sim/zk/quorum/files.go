package quorum

import (
	"strconv"

	"github.com/simctl/simctl/sim/zk/server"
	"github.com/simctl/simctl/sim/zk/txnlog"
)

// Files are what a server has on its disk that has logged txns, in the order of
// their zxids, and is in an epoch. The names are those of files, and all of
// them are whole.
func Files(epoch int64, txns []server.Txn) map[string][]byte {
	var log []byte
	for _, t := range txns {
		log = txnlog.Append(log, t)
	}
	n := strconv.AppendInt(nil, epoch, 10)
	return map[string][]byte{acceptedFile: n, currentFile: n, logFile(0): log}
}

// Tear cuts the last record of a server's log in two. Files are as on its disk;
// it reports whether there was a record.
func Tear(files map[string][]byte) bool {
	gen := uint64(0)
	if b, ok := files[snapshotFile]; ok {
		var err error
		if gen, _, err = decodeSnapshot(b); err != nil {
			return false
		}
	}
	torn, ok := txnlog.Tear(files[logFile(gen)])
	files[logFile(gen)] = torn
	return ok
}
