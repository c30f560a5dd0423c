package server

import (
	"strconv"
	"strings"

	"github.com/simctl/simctl/sim/zk/datatree"
	"github.com/simctl/simctl/sim/zk/jute"
)

// configPath is the znode that says who the servers are, and whose ACL says
// who may change them.
const configPath = "/zookeeper/config"

// version is that of the configuration: the epoch in which it was established,
// if it may change.
func (c *Config) version() int64 {
	if c.Reconfig {
		return 1 << 32
	}
	return 0
}

// reconfig returns why a reconfig is refused. What ZooKeeper checks is checked
// in its order; to change an ensemble that runs is not simulated.
func (s *Server) reconfig(f *forwarded) jute.Code {
	d := jute.NewDecoder(f.body)
	joining, leaving, members, version := d.String(), d.String(), d.String(), d.Long()
	switch {
	case !s.cfg.Reconfig:
		return jute.ReconfigDisabled
	case s.cfg.ID == 0:
		return jute.Unimplemented
	case version != -1 && version != s.cfg.version():
		return jute.BadVersion
	case members == "" && !(areMembers(joining) && areIDs(leaving)):
		return jute.BadArguments
	case members != "" && !areMembers(strings.ReplaceAll(members, "\n", ",")):
		return jute.BadArguments
	}
	acl, _, _ := s.tree.ACL(configPath, []jute.ID{datatree.Super})
	if code := datatree.Allowed(acl, jute.PermWrite, f.who); code != jute.OK {
		return code
	}
	return jute.Unimplemented
}

// isWrite reports whether a request takes a transaction: one of a write does,
// even if it does not decode, but for a reconfig.
func (q *request) isWrite() bool {
	if q.Type == jute.OpReconfig {
		d := jute.NewDecoder(q.body)
		_, _, _, _ = d.String(), d.String(), d.String(), d.Long()
		return d.Err() == nil
	}
	return isWrite(q.Type)
}

// areMembers reports whether text is a list of server.N=HOST:PORT:PORT...;PORT.
func areMembers(text string) bool {
	for one := range strings.SplitSeq(text, ",") {
		name, value, ok := strings.Cut(one, "=")
		peer, client, hasClient := strings.Cut(value, ";")
		if one = strings.TrimSpace(one); one != "" && !(ok && hasClient && client != "" &&
			areIDs(name[strings.LastIndexByte(name, '.')+1:]) && strings.Count(peer, ":") >= 2) {
			return false
		}
	}
	return true
}

// areIDs reports whether text is a list of servers' numbers.
func areIDs(text string) bool {
	for one := range strings.SplitSeq(text, ",") {
		if _, err := strconv.ParseInt(strings.TrimSpace(one), 10, 64); one != "" && err != nil {
			return false
		}
	}
	return true
}
