package datatree

import (
	"crypto/sha1"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"

	"github.com/simctl/simctl/sim/zk/jute"
)

// Super is who may do everything, whatever an ACL says.
var Super = jute.ID{Scheme: "super"}

// Allowed returns OK if who may do one of what perms are to a znode with the
// ACL, else NoAuth. An empty ACL allows everything.
func Allowed(acl []jute.ACL, perms int32, who []jute.ID) jute.Code {
	if len(acl) == 0 || slices.Contains(who, Super) {
		return jute.OK
	}
	for _, a := range acl {
		if a.Perms&perms != 0 && matches(a.ID, who) {
			return jute.OK
		}
	}
	return jute.NoAuth
}

func matches(granted jute.ID, who []jute.ID) bool {
	if granted == OpenACL[0].ID {
		return true
	}
	for _, id := range who {
		if id.Scheme != granted.Scheme {
			continue
		}
		if id.Scheme == "digest" && id.ID == granted.ID || id.Scheme == "ip" && inNet(id.ID, granted.ID) {
			return true
		}
	}
	return false
}

// inNet reports whether an address belongs to "address" or "address/bits".
func inNet(addr, network string) bool {
	a, ok := parseV4(addr)
	n, bits, valid := parseNet(network)
	return ok && valid && (a^n)>>(32-bits) == 0
}

func parseNet(network string) (addr uint64, bits int, ok bool) {
	base, slice, sliced := strings.Cut(network, "/")
	addr, ok = parseV4(base)
	bits = 32
	if sliced {
		n, err := strconv.Atoi(slice)
		bits, ok = n, ok && err == nil && n >= 0 && n <= 32
	}
	return addr, bits, ok
}

// parseV4 takes four numbers, as ZooKeeper 3.8.0 does: it knows no IPv6.
func parseV4(addr string) (a uint64, ok bool) {
	parts := strings.Split(addr, ".")
	for _, p := range parts {
		n, err := strconv.Atoi(p)
		if err != nil || n < 0 || n > 255 {
			return 0, false
		}
		a = a<<8 | uint64(n)
	}
	return a, len(parts) == 4
}

// FixACL checks an ACL that a client gives and replaces the scheme auth in it
// by who the client is. What is given twice counts once; what auth adds may then
// be there twice, as in ZooKeeper.
func FixACL(acl []jute.ACL, who []jute.ID) ([]jute.ACL, jute.Code) {
	var fixed []jute.ACL
	add := func(a jute.ACL) { fixed = append(fixed, a) }
	for i, a := range acl {
		switch {
		case slices.Contains(acl[:i], a):
		case a.ID == OpenACL[0].ID:
			add(a)
		case a.Scheme == "auth":
			known := false
			for _, id := range who {
				if id.Scheme == "digest" {
					add(jute.ACL{Perms: a.Perms, ID: id})
					known = true
				}
			}
			if !known {
				return nil, jute.InvalidACL
			}
		case a.Scheme == "digest" && strings.Count(a.ID.ID, ":") == 1 && !strings.HasSuffix(a.ID.ID, ":"):
			add(a)
		case a.Scheme == "ip":
			if _, _, ok := parseNet(a.ID.ID); !ok {
				return nil, jute.InvalidACL
			}
			add(a)
		default:
			return nil, jute.InvalidACL
		}
	}
	if len(fixed) == 0 {
		return nil, jute.InvalidACL
	}
	if slices.Equal(fixed, OpenACL) {
		return OpenACL, jute.OK
	}
	return fixed, jute.OK
}

// DigestID is who a client is that says "user:password" in the scheme digest.
func DigestID(auth string) jute.ID {
	user, _, _ := strings.Cut(auth, ":")
	sum := sha1.Sum([]byte(auth))
	return jute.ID{Scheme: "digest", ID: user + ":" + base64.StdEncoding.EncodeToString(sum[:])}
}

// validPath is the check that the server makes of a path to be created or
// changed: absolute, without empty, "." or ".." parts, trailing slashes, or
// the characters that Java's client refuses: control characters, private ones,
// and all that Java writes as two, the emoji among them.
func validPath(path string) bool {
	if path == "/" {
		return true
	}
	if !strings.HasPrefix(path, "/") {
		return false
	}
	for part := range strings.SplitSeq(path[1:], "/") {
		if part == "" || part == "." || part == ".." {
			return false
		}
	}
	for _, r := range path { // beyond 0xffff Java has surrogates, which it refuses
		if r <= 0x1f || r >= 0x7f && r <= 0x9f || r >= 0xd800 && r <= 0xf8ff || r >= 0xfff0 {
			return false
		}
	}
	return true
}
