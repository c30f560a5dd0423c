package timeline

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"github.com/simctl/simctl/model/trace"
)

// requests are the operations of ZooKeeper's wire protocol that carry a path
// first.
var requests = map[int32]string{
	1: "create", 2: "delete", 3: "exists", 4: "getData", 5: "setData", 6: "getACL", 7: "setACL", 8: "getChildren",
	9: "sync", 12: "getChildren", 13: "check", 15: "create", 18: "removeWatches", 19: "create", 21: "create",
	103: "getEphemerals", 104: "getAllChildrenNumber", 106: "addWatch",
}

// plain are those that do not.
var plain = map[int32]string{
	-11: "close session", 11: "ping", 14: "multi", 16: "reconfig", 22: "multiRead", 100: "auth", 101: "setWatches", 102: "sasl", 105: "setWatches", 107: "whoAmI",
}

// The xids with a meaning of their own.
const (
	watchXid = -1
	pingXid  = -2
)

// frame tells what a frame of ZooKeeper's protocol says, from its bytes. Who
// gets it decides: a server gets requests, a client answers.
func frame(s *trace.Step) told {
	t := told{what: what{Kind: s.Kind, Of: "zk"}}
	data := bytesOf(s.Detail)
	xid, rest := number(data)
	op, body := number(rest)
	server := !strings.HasSuffix(s.Actor, "/zk") && strings.HasPrefix(s.Actor, "z")
	switch {
	case len(data) < 8:
		t.what.Name = "frame"
	case xid == 0:
		t.what.Name = "connect"
		if !server {
			t.what.Name = "connected"
		}
	case server && requests[op] != "":
		t.what.Name, t.detail = requests[op], path(body)
	case server && plain[op] != "":
		t.what.Name = plain[op]
		t.what.Beat = op == 11
	case server:
		t.what.Name = fmt.Sprintf("request %d", op)
	case xid == pingXid:
		t.what.Name, t.what.Beat = "ping answered", true
	case xid == watchXid:
		t.what.Name, t.detail = "watch event", watch(rest)
	default:
		t.what.Name, t.detail = "answer", answer(rest)
	}
	return t
}

// bytesOf reads the bytes out of "{Data:[0 0 255]}".
func bytesOf(detail string) []byte {
	_, list, _ := strings.Cut(detail, "[")
	list, _, _ = strings.Cut(list, "]")
	var out []byte
	for word := range strings.FieldsSeq(list) {
		n, err := strconv.ParseUint(word, 10, 8)
		if err != nil {
			break
		}
		out = append(out, byte(n))
	}
	return out
}

func number(data []byte) (int32, []byte) {
	if len(data) < 4 {
		return 0, nil
	}
	return int32(binary.BigEndian.Uint32(data)), data[4:]
}

// path reads a string of the protocol, as far as it is there.
func path(data []byte) string {
	n, rest := number(data)
	if n < 0 {
		return ""
	}
	return strings.ToValidUTF8(string(rest[:min(int(n), len(rest))]), "?")
}

// answer reads the header of an answer behind its xid: zxid and error.
func answer(data []byte) string {
	if len(data) < 12 {
		return ""
	}
	text := fmt.Sprintf("zxid %#x", binary.BigEndian.Uint64(data))
	if code, _ := number(data[8:]); code != 0 {
		text += ", " + orElse(errorNames[code], fmt.Sprintf("error %d", code))
	}
	return text
}

var errorNames = map[int32]string{
	-8: "bad arguments", -101: "no node", -102: "no auth", -103: "bad version",
	-108: "no children for ephemerals", -110: "node exists", -111: "not empty", -112: "session expired", -118: "session moved",
}

// watch reads a watch event: what happened, and where.
func watch(data []byte) string {
	if len(data) < 20 {
		return ""
	}
	kind, rest := number(data[12:])
	_, rest = number(rest)
	names := map[int32]string{1: "created", 2: "deleted", 3: "changed", 4: "children"}
	return strings.TrimSpace(orElse(names[kind], "session") + " " + path(rest))
}
