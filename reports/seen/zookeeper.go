package seen

import (
	"strconv"
	"strings"

	"github.com/simctl/simctl/model/trace"
)

// reachZooKeeper is what the names about ZooKeeper's servers and probes are
// defined over.
type reachZooKeeper struct {
	epochs  int
	global  map[int64]bool        // sessions that a transaction began
	cut     map[int64]bool        // sessions that were disconnected
	written map[string]zkWritten  // the latest acknowledged write of each path
	asked   map[string]zkAsked    // operations of probes without an answer
	synced  map[string]syncedMark // by process and session
}

// zkWritten is a write and when it was acknowledged.
type zkWritten struct {
	zxid, at int64
}

// zkAsked is an operation, when it was asked for, and what had been
// acknowledged by then of its path.
type zkAsked struct {
	words  string
	at     int64
	before zkWritten
}

// syncedMark is when the latest sync was asked for that was answered.
type syncedMark struct{ at int64 }

func (v *reachView) zookeeper(e *trace.Event) {
	z := &v.zk
	if z.global == nil {
		*z = reachZooKeeper{
			global: map[int64]bool{}, cut: map[int64]bool{}, written: map[string]zkWritten{},
			asked: map[string]zkAsked{}, synced: map[string]syncedMark{},
		}
	}
	switch e.Kind {
	case trace.Serving:
		v.see("server-came-back", e.Inc > 1)
		if e.Value == "leading" {
			z.epochs++
			v.see("leader-changed", z.epochs > 1)
		}
	case trace.SessionUp:
		z.global[e.N] = true
	case trace.Session:
		v.probeSession(e)
	case trace.Recipe:
		v.see("lock-lost-inside", e.Value == "lost" && strings.HasPrefix(e.Subject, "lock "))
	case trace.ZCall:
		z.asked[zkOp(e)] = zkAsked{e.Subject, e.At, z.written[zkPath(e.Subject)]}
	case trace.ZReturn:
		v.zkAnswered(e)
	default:
	}
}

// probeSession sees the sessions of those who tell their operations: of others
// the session's number in the process is not told.
func (v *reachView) probeSession(e *trace.Event) {
	if e.M == 0 || e.N == 0 {
		return
	}
	switch e.Value {
	case "connected":
		v.see("local-session", !v.zk.global[e.N])
		v.see("session-survived", v.zk.cut[e.N])
	case "disconnected":
		v.zk.cut[e.N] = true
	}
}

// zkAnswered sees what reads and writes were answered.
func (v *reachView) zkAnswered(e *trace.Event) {
	z := &v.zk
	call, ok := z.asked[zkOp(e)]
	delete(z.asked, zkOp(e))
	if !ok || e.Value != "ok" {
		return
	}
	kind, _, _ := strings.Cut(e.Subject, " ")
	path, session := zkPath(call.words), e.Process+" "+strconv.FormatInt(e.M, 10)
	switch kind {
	case "create", "set":
		if e.Zxid > z.written[path].zxid {
			z.written[path] = zkWritten{e.Zxid, e.At}
		}
	case "sync":
		z.synced[session] = syncedMark{call.at}
	case "get":
		mzxid, err := strconv.ParseInt(field(e.Detail, "mzxid"), 10, 64)
		if err != nil || mzxid >= call.before.zxid {
			return
		}
		v.see("stale-read", true)
		v.see("stale-after-sync", z.synced[session].at > call.before.at)
	}
}

func zkOp(e *trace.Event) string {
	return e.Process + "#" + strconv.FormatUint(uint64(e.Inc), 10) + " " + strconv.FormatInt(e.N, 10)
}

// zkPath is the path of an operation told in words.
func zkPath(words string) string {
	_, rest, _ := strings.Cut(words, " ")
	path, _, _ := strings.Cut(rest, " ")
	return path
}
