package datatree

import (
	"fmt"
	"strings"

	"github.com/simctl/simctl/sim/zk/jute"
)

// A Request is a write that a client asks for.
type Request struct {
	Session int64
	Who     []jute.ID
	Op      jute.Op
	Multi   []jute.Op // of a multi
	// Denied is what every operation fails with because of its session, and
	// NoEphemerals what creating an ephemeral does; OK lets it be.
	Denied, NoEphemerals jute.Code
}

// Validate turns a write into the change that its transaction makes, which is
// an error if it is refused. Zxid is the one that the transaction will have.
func (p *Prep) Validate(zxid int64, r *Request) Change {
	p.undo = p.undo[:0]
	if r.Op.Type == jute.OpMulti {
		return p.multi(zxid, r)
	}
	c, code := p.one(zxid, r, &r.Op)
	if code != jute.OK {
		return Change{Type: jute.OpError, Code: code}
	}
	return c
}

func (p *Prep) multi(zxid int64, r *Request) Change {
	m := Change{Type: jute.OpMulti, Multi: make([]Change, len(r.Multi))}
	for i := range r.Multi {
		if op := &r.Multi[i]; op.Type == jute.OpCreate && op.WantsTTL() {
			// ZooKeeper 3.8.0 takes it for a createTTL, and then does not
			// find the TTL: the whole request is one that does not decode.
			p.rollBack()
			return Change{Type: jute.OpError, Code: jute.MarshallingError}
		}
		c, code := p.one(zxid, r, &r.Multi[i])
		switch {
		case code == jute.SessionMoved: // its client is cut
			p.rollBack()
			return Change{Type: jute.OpError, Code: code}
		case code != jute.OK:
			p.rollBack()
			return failedMulti(len(r.Multi), i, code)
		}
		m.Multi[i] = c
	}
	return m
}

// failedMulti is a multi of n operations whose i-th failed: those before it
// say OK, those behind it RuntimeInconsistency.
func failedMulti(n, i int, code jute.Code) Change {
	m := Change{Type: jute.OpMulti, MultiErr: true, Multi: make([]Change, n)}
	for j := range m.Multi {
		m.Multi[j].Type = jute.OpError
		switch {
		case j == i:
			m.Multi[j].Code = code
		case j > i:
			m.Multi[j].Code = jute.RuntimeInconsistency
		}
	}
	return m
}

func (p *Prep) one(zxid int64, r *Request, op *jute.Op) (Change, jute.Code) {
	switch op.Type {
	case jute.OpDelete, jute.OpSetData, jute.OpSetACL, jute.OpCheck:
		if r.Denied != jute.OK {
			return Change{}, r.Denied
		}
	}
	switch op.Type {
	case jute.OpCreate, jute.OpCreate2, jute.OpCreateContainer, jute.OpCreateTTL:
		return p.create(zxid, r, op)
	case jute.OpDelete:
		return p.delete(zxid, r, op)
	case jute.OpDeleteContainer:
		return p.deleteContainer(zxid, op)
	case jute.OpSetData:
		return p.setData(zxid, r, op)
	case jute.OpSetACL:
		return p.setACL(zxid, r, op)
	case jute.OpCheck:
		return p.check(r, op)
	default:
		return Change{}, jute.Unimplemented
	}
}

// owner returns what a created znode is, from the flags: until its transaction
// is applied, when it is what made says.
func (p *Prep) owner(r *Request, op *jute.Op) (owner int64, sequential bool, code jute.Code) {
	if op.Type == jute.OpCreateTTL && !op.WantsTTL() && op.TTL >= 0 {
		return 0, false, jute.BadArguments
	}
	sequential = op.Flags == jute.FlagSequential || op.Flags == jute.FlagEphemeral|jute.FlagSequential || op.Flags == jute.FlagTTLSeq
	switch op.Flags {
	case 0, jute.FlagSequential:
		return 0, sequential, jute.OK
	case jute.FlagEphemeral, jute.FlagEphemeral | jute.FlagSequential:
		if r.Denied != jute.OK {
			return 0, false, r.Denied
		}
		return r.Session, sequential, r.NoEphemerals
	case jute.FlagContainer:
		return ownerContainer, false, jute.OK
	case jute.FlagTTL, jute.FlagTTLSeq:
		if !p.t.ExtendedTypes {
			return 0, false, jute.Unimplemented
		}
		if op.Type != jute.OpCreateTTL || op.TTL <= 0 || op.TTL > maxTTL {
			return 0, false, jute.BadArguments
		}
		return ownerTTL | op.TTL, sequential, jute.OK
	default:
		return 0, false, jute.BadArguments
	}
}

// made returns what an applied create made, as ZooKeeper 3.8 has it: for a
// container the operation counts and not the flag.
func made(op *jute.Op, owner int64) int64 {
	switch {
	case op.Type == jute.OpCreateContainer:
		return ownerContainer
	case owner == ownerContainer:
		return 0
	}
	return owner
}

func (p *Prep) create(zxid int64, r *Request, op *jute.Op) (Change, jute.Code) {
	owner, sequential, code := p.owner(r, op)
	switch {
	case code != jute.OK:
		return Change{}, code
	case r.Denied != jute.OK:
		return Change{}, r.Denied
	}
	path := op.Path
	if !strings.Contains(path, "/") || strings.IndexByte(path, 0) >= 0 {
		return Change{}, jute.BadArguments
	}
	acl, code := FixACL(op.ACL, r.Who)
	if code != jute.OK {
		return Change{}, code
	}
	up := Parent(path)
	parent := p.at(up)
	if parent == nil {
		return Change{}, jute.NoNode
	}
	if code := Allowed(parent.acl, jute.PermCreate, r.Who); code != jute.OK {
		return Change{}, code
	}
	if sequential {
		path += fmt.Sprintf("%010d", parent.cversion)
	}
	switch {
	case !validPath(path):
		return Change{}, jute.BadArguments
	case p.at(path) != nil:
		return Change{}, jute.NodeExists
	case ephemeralOwner(parent.owner) != 0:
		return Change{}, jute.NoChildrenForEphemerals
	}
	above := *parent
	above.kids++
	above.cversion++
	p.set(zxid, up, above)
	p.set(zxid, path, record{exists: true, owner: owner, acl: acl})
	return Change{Type: op.Type, Path: path, Data: op.Data, ACL: acl, Owner: made(op, owner), Version: above.cversion}, jute.OK
}

// isSpecial reports whether a znode belongs to ZooKeeper and cannot be
// deleted.
func isSpecial(path string) bool {
	return path == "/" || path == "/zookeeper" || path == "/zookeeper/quota" || path == "/zookeeper/config"
}

func (p *Prep) delete(zxid int64, r *Request, op *jute.Op) (Change, jute.Code) {
	if !strings.Contains(op.Path, "/") || strings.IndexByte(op.Path, 0) >= 0 || isSpecial(op.Path) {
		return Change{}, jute.BadArguments
	}
	parent := p.at(Parent(op.Path))
	if parent == nil {
		return Change{}, jute.NoNode
	}
	if code := Allowed(parent.acl, jute.PermDelete, r.Who); code != jute.OK {
		return Change{}, code
	}
	z := p.at(op.Path)
	switch {
	case z == nil:
		return Change{}, jute.NoNode
	case op.Version != -1 && op.Version != z.version:
		return Change{}, jute.BadVersion
	case z.kids > 0:
		return Change{}, jute.NotEmpty
	}
	p.gone(zxid, op.Path, parent)
	return Change{Type: jute.OpDelete, Path: op.Path}, jute.OK
}

// deleteContainer is the leader's own deletion of an abandoned znode.
func (p *Prep) deleteContainer(zxid int64, op *jute.Op) (Change, jute.Code) {
	z := p.at(op.Path)
	switch {
	case z == nil || z.owner == 0 || ephemeralOwner(z.owner) != 0:
		return Change{}, jute.NoNode
	case z.kids > 0:
		return Change{}, jute.NotEmpty
	}
	p.gone(zxid, op.Path, p.at(Parent(op.Path)))
	return Change{Type: jute.OpDeleteContainer, Path: op.Path}, jute.OK
}

func (p *Prep) gone(zxid int64, path string, parent *record) {
	above := *parent
	above.kids--
	p.set(zxid, Parent(path), above)
	p.set(zxid, path, record{})
}

func (p *Prep) setData(zxid int64, r *Request, op *jute.Op) (Change, jute.Code) {
	z, code := p.existing(r, op, jute.PermWrite)
	if code != jute.OK {
		return Change{}, code
	}
	if op.Version != -1 && op.Version != z.version {
		return Change{}, jute.BadVersion
	}
	now := *z
	now.version++
	p.set(zxid, op.Path, now)
	return Change{Type: jute.OpSetData, Path: op.Path, Data: op.Data, Version: now.version}, jute.OK
}

func (p *Prep) setACL(zxid int64, r *Request, op *jute.Op) (Change, jute.Code) {
	if !validPath(op.Path) {
		return Change{}, jute.BadArguments
	}
	acl, code := FixACL(op.ACL, r.Who)
	if code != jute.OK {
		return Change{}, code
	}
	z, code := p.existing(r, op, jute.PermAdmin)
	if code != jute.OK {
		return Change{}, code
	}
	if op.Version != -1 && op.Version != z.aversion {
		return Change{}, jute.BadVersion
	}
	now := *z
	now.aversion++
	now.acl = acl
	p.set(zxid, op.Path, now)
	return Change{Type: jute.OpSetACL, Path: op.Path, ACL: acl, Version: now.aversion}, jute.OK
}

func (p *Prep) check(r *Request, op *jute.Op) (Change, jute.Code) {
	z, code := p.existing(r, op, jute.PermRead)
	switch {
	case code != jute.OK:
		return Change{}, code
	case op.Version != -1 && op.Version != z.version:
		return Change{}, jute.BadVersion
	}
	return Change{Type: jute.OpCheck, Path: op.Path}, jute.OK
}

// existing returns the record of a znode that r may do perm to.
func (p *Prep) existing(r *Request, op *jute.Op, perm int32) (*record, jute.Code) {
	if !validPath(op.Path) {
		return nil, jute.BadArguments
	}
	z := p.at(op.Path)
	if z == nil {
		return nil, jute.NoNode
	}
	return z, Allowed(z.acl, perm, r.Who)
}

// CloseSession returns the change that ends a session: it deletes the
// ephemerals that are there once all proposals are committed.
func (p *Prep) CloseSession(zxid, session int64) Change {
	p.undo = p.undo[:0]
	doomed := map[string]bool{}
	for _, path := range p.t.EphemeralsOf(session, "") {
		doomed[path] = true
	}
	for _, q := range p.queue {
		if r := p.records[q.path]; r.exists && r.owner == session {
			doomed[q.path] = true
		} else {
			delete(doomed, q.path)
		}
	}
	c := Change{Type: jute.OpCloseSession}
	for _, path := range sortedPaths(doomed) {
		p.gone(zxid, path, p.at(Parent(path)))
		c.Paths = append(c.Paths, path)
	}
	return c
}
