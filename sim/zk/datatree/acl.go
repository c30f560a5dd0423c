package datatree

import (
	"crypto/sha1"
	"encoding/base64"
	"net/netip"
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
	a, err := netip.ParseAddr(addr)
	if err != nil {
		return false
	}
	p, ok := parseNet(network)
	return ok && p.Contains(a)
}

func parseNet(network string) (netip.Prefix, bool) {
	base, bits, sliced := strings.Cut(network, "/")
	a, err := netip.ParseAddr(base)
	if err != nil {
		return netip.Prefix{}, false
	}
	n := a.BitLen()
	if sliced {
		if n, err = strconv.Atoi(bits); err != nil {
			return netip.Prefix{}, false
		}
	}
	p, err := a.Prefix(n)
	return p, err == nil
}

// FixACL checks an ACL that a client gives and replaces the scheme auth in it
// by who the client is.
func FixACL(acl []jute.ACL, who []jute.ID) ([]jute.ACL, jute.Code) {
	var fixed []jute.ACL
	add := func(a jute.ACL) {
		if !slices.Contains(fixed, a) {
			fixed = append(fixed, a)
		}
	}
	for _, a := range acl {
		switch {
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
			if _, ok := parseNet(a.ID.ID); !ok {
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
	for _, r := range path {
		if r <= 0x1f || r >= 0x7f && r <= 0x9f || r >= 0xe000 && r <= 0xf8ff || r >= 0xfff0 {
			return false
		}
	}
	return true
}
