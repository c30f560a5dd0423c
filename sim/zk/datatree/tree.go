// Package datatree is a ZooKeeper server's state: the znodes, the sessions'
// timeouts and the last zxid, changed by transactions only, and the watches of
// one server's connections.
//
// Its one invariant: servers that applied the same transactions have the same
// tree. Faithful to ZooKeeper 3.8.0: zxids of failed writes, the two
// cversions, sequence numbers, pzxid, ephemerals, containers, TTL znodes,
// multi, ACLs of the schemes world, auth, digest and ip. Left out on purpose:
// quotas (the znode /zookeeper/quota is there and has no effect), the schemes
// sasl, x509 and super. Local sessions are the server's: the tree holds none.
package datatree

import (
	"maps"
	"slices"
	"strings"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/zk/jute"
)

// Owners of znodes that are not ephemeral but not plain either, as the server
// keeps them; clients see 0.
const (
	ownerContainer = -1 << 63
	ownerTTL       = -1 << 56 // its low 40 bits are the TTL in milliseconds
	maxTTL         = 1<<40 - 1
)

// node is one znode. Its cversion counts creations of children only.
type node struct {
	data                []byte // nil: null; never changed in place
	acl                 []jute.ACL
	czxid, mzxid, pzxid int64
	ctime, mtime        int64 // milliseconds since 1970
	version, cversion   int32
	aversion            int32
	owner               int64
	kids                []string // names, sorted
}

// ephemeralOwner is the session whose ephemeral the znode is, or 0.
func ephemeralOwner(owner int64) int64 {
	if owner == ownerContainer || owner&ownerTTL == ownerTTL {
		return 0
	}
	return owner
}

// stat is the znode's metadata as clients see it: creations and deletions of
// children are 2 x creations - children.
func (n *node) stat() jute.Stat {
	kids := int32(len(n.kids))
	return jute.Stat{
		Czxid: n.czxid, Mzxid: n.mzxid, Pzxid: n.pzxid, Ctime: n.ctime, Mtime: n.mtime,
		Version: n.version, Cversion: 2*n.cversion - kids, Aversion: n.aversion,
		EphemeralOwner: ephemeralOwner(n.owner), DataLength: int32(len(n.data)), NumChildren: kids,
	}
}

// hash is what the znode adds to the tree's sum. Children are znodes too.
func (n *node) hash(path string) uint64 {
	var d host.Digest
	d.Str(path)
	d.Bool(n.data == nil)
	d.Bytes(n.data)
	for _, a := range n.acl {
		d.Int(int64(a.Perms))
		d.Str(a.Scheme)
		d.Str(a.ID.ID)
	}
	for _, x := range [...]int64{
		n.czxid, n.mzxid, n.pzxid, n.ctime, n.mtime, int64(n.version), int64(n.cversion), int64(n.aversion), n.owner,
	} {
		d.Int(x)
	}
	return d.Sum()
}

// OpenACL grants everything to everybody.
var OpenACL = []jute.ACL{{Perms: jute.PermAll, ID: jute.ID{Scheme: "world", ID: "anyone"}}}

var readACL = []jute.ACL{{Perms: jute.PermRead, ID: jute.ID{Scheme: "world", ID: "anyone"}}}

// A Tree is the state.
type Tree struct {
	// ExtendedTypes allows TTL znodes (zookeeper.extendedTypesEnabled).
	ExtendedTypes bool

	nodes      map[string]*node
	ephemerals map[int64]map[string]bool // paths by session
	special    map[string]bool           // paths of containers and TTL znodes
	sessions   map[int64]int32           // timeouts in milliseconds
	zxid       int64                     // of the last transaction
	sum        uint64                    // of the hashes of all znodes
}

// New returns the tree of a new ensemble, with the znodes that ZooKeeper makes
// for itself.
func New() *Tree {
	t := empty()
	t.put("/", &node{acl: OpenACL, data: []byte{}, kids: []string{"zookeeper"}})
	t.put("/zookeeper", &node{acl: OpenACL, data: []byte{}, kids: []string{"config", "quota"}})
	t.put("/zookeeper/quota", &node{acl: OpenACL, data: []byte{}})
	t.put("/zookeeper/config", &node{acl: readACL, data: []byte{}, aversion: -1})
	return t
}

// SetConfig makes text the data of /zookeeper/config as of a zxid, without a
// transaction: every server of an ensemble writes it for itself.
func (t *Tree) SetConfig(text string, zxid int64) {
	n := t.nodes["/zookeeper/config"]
	t.touch("/zookeeper/config", n, func() { n.data, n.version, n.mzxid = []byte(text), -1, zxid })
}

func empty() *Tree {
	return &Tree{
		nodes: map[string]*node{}, ephemerals: map[int64]map[string]bool{},
		special: map[string]bool{}, sessions: map[int64]int32{},
	}
}

// put adds a znode to the tables, not to its parent.
func (t *Tree) put(path string, n *node) {
	t.nodes[path] = n
	t.sum += n.hash(path)
	switch {
	case n.owner == 0:
	case ephemeralOwner(n.owner) == 0:
		t.special[path] = true
	default:
		of := t.ephemerals[n.owner]
		if of == nil {
			of = map[string]bool{}
			t.ephemerals[n.owner] = of
		}
		of[path] = true
	}
}

// drop takes a znode out of the tables.
func (t *Tree) drop(path string, n *node) {
	delete(t.nodes, path)
	t.sum -= n.hash(path)
	delete(t.special, path)
	if of := t.ephemerals[n.owner]; of != nil {
		delete(of, path)
		if len(of) == 0 {
			delete(t.ephemerals, n.owner)
		}
	}
}

// find returns a znode; "" is the root too.
func (t *Tree) find(path string) *node {
	if path == "" {
		path = "/"
	}
	return t.nodes[path]
}

// Parent returns the path of the znode above path, which has a slash.
func Parent(path string) string {
	if i := strings.LastIndexByte(path, '/'); i > 0 {
		return path[:i]
	}
	return "/"
}

func name(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// Zxid is that of the last transaction applied.
func (t *Tree) Zxid() int64 { return t.zxid }

// Len counts the znodes as ZooKeeper does: the root twice.
func (t *Tree) Len() int { return len(t.nodes) + 1 }

// Ephemerals counts the ephemerals of all sessions.
func (t *Tree) Ephemerals() int {
	n := 0
	for _, id := range slices.Sorted(maps.Keys(t.ephemerals)) {
		n += len(t.ephemerals[id])
	}
	return n
}

// EphemeralsOf returns the paths of a session's ephemerals that begin with
// prefix, sorted.
func (t *Tree) EphemeralsOf(session int64, prefix string) []string {
	var found []string
	for _, path := range slices.Sorted(maps.Keys(t.ephemerals[session])) {
		if strings.HasPrefix(path, prefix) {
			found = append(found, path)
		}
	}
	return found
}

// Sessions returns the sessions that live, in the order of their numbers.
func (t *Tree) Sessions() []int64 { return slices.Sorted(maps.Keys(t.sessions)) }

// Session returns the timeout of a session in milliseconds, and whether it
// lives.
func (t *Tree) Session(id int64) (timeout int32, ok bool) {
	timeout, ok = t.sessions[id]
	return timeout, ok
}

// Exists returns a znode's stat.
func (t *Tree) Exists(path string) (jute.Stat, bool) {
	n := t.find(path)
	if n == nil {
		return jute.Stat{}, false
	}
	return n.stat(), true
}

// Get returns a znode's data, which must not be changed, and its stat, to who
// may read it.
func (t *Tree) Get(path string, who []jute.ID) ([]byte, jute.Stat, jute.Code) {
	n := t.find(path)
	if n == nil {
		return nil, jute.Stat{}, jute.NoNode
	}
	return n.data, n.stat(), Allowed(n.acl, jute.PermRead, who)
}

// Children returns the names of a znode's children, sorted, to who may read
// it. The slice must not be changed or kept.
func (t *Tree) Children(path string, who []jute.ID) ([]string, jute.Stat, jute.Code) {
	n := t.find(path)
	if n == nil {
		return nil, jute.Stat{}, jute.NoNode
	}
	return n.kids, n.stat(), Allowed(n.acl, jute.PermRead, who)
}

// ACL returns a znode's ACL to who may read or administer it; only who may
// administer it sees the digests.
func (t *Tree) ACL(path string, who []jute.ID) ([]jute.ACL, jute.Stat, jute.Code) {
	n := t.find(path)
	if n == nil {
		return nil, jute.Stat{}, jute.NoNode
	}
	if Allowed(n.acl, jute.PermAdmin, who) == jute.OK {
		return n.acl, n.stat(), jute.OK
	}
	masked := slices.Clone(n.acl)
	for i := range masked {
		if a := &masked[i]; a.Scheme == "digest" {
			user, _, _ := strings.Cut(a.ID.ID, ":")
			a.ID.ID = user + ":x"
		}
	}
	return masked, n.stat(), Allowed(n.acl, jute.PermRead, who)
}

// Descendants counts the znodes below path, to who may read it.
func (t *Tree) Descendants(path string, who []jute.ID) (int32, jute.Code) {
	n := t.find(path)
	if n == nil {
		return 0, jute.NoNode
	}
	if code := Allowed(n.acl, jute.PermRead, who); code != jute.OK {
		return 0, code
	}
	count := t.below(path, n)
	if path == "" {
		count++ // ZooKeeper takes "/" for a child of ""
	}
	return count, jute.OK
}

func (t *Tree) below(path string, n *node) int32 {
	count := int32(len(n.kids))
	for _, kid := range n.kids {
		p := strings.TrimSuffix(path, "/") + "/" + kid
		count += t.below(p, t.nodes[p])
	}
	return count
}

// Abandoned returns the containers whose children have all gone, and the TTL
// znodes without children that are older than their TTL, sorted. Now is in
// milliseconds since 1970.
func (t *Tree) Abandoned(now int64) []string {
	var found []string
	for _, path := range slices.Sorted(maps.Keys(t.special)) {
		n := t.nodes[path]
		switch {
		case len(n.kids) > 0:
		case n.owner == ownerContainer && n.cversion > 0,
			n.owner != ownerContainer && now-n.mtime > n.owner&maxTTL:
			found = append(found, path)
		}
	}
	return found
}
