// Package lock is the yardstick of package explore: a lock for leaders with
// sessions, fencing tokens, crashes and restarts. The same protocol stands
// beside it in Promela and in TLA+, and as a search written by hand.
package lock

import (
	"encoding/binary"
	"fmt"
	"math/bits"

	"github.com/simctl/simctl/checker/explore"
)

// MaxClients is how many clients a State has room for.
const MaxClients = 5

// A State is five bytes for each client and three for all.
type State [32]byte

// Where what stands: of client i at the offset plus i.
const (
	role    = 0  // idle, waiting, leader, crashed
	token   = 5  // of a leader
	request = 10 // on its way to the service: none, acquire, release
	reply   = 15 // on its way to the client: none, a token, or tokens+1 for an expiry
	write   = 20 // on its way to the store: none or the token it is made with
	owner   = 25 // of the lock: none or a client, from 1
	epoch   = 26 // the last token that was granted
	stored  = 27 // the highest token that the store has seen
)

const (
	idle = iota
	waiting
	leader
	crashed
)

// The actions of a client. An Action's ID is the client<<4 and one of these.
const (
	acquire = iota
	grant
	granted
	begin
	store
	expire
	expired
	release
	released
	crash
	restart
	drop
	kinds
)

var names = [kinds]string{
	"asks for the lock", "is granted the lock", "hears that it leads", "writes to the store", "has its write stored", "expires at the service",
	"hears that it expired", "gives the lock back", "is known to have given it back", "crashes", "restarts", "ignores a late grant",
}

// A System is the protocol for some clients and tokens.
type System struct {
	Clients int  // at most MaxClients
	Tokens  byte // how often the lock is granted
	// Sorted reduces by symmetry: clients that differ in name only are the same.
	Sorted bool
	// Reused grants the same token twice in a row: two may lead with one.
	Reused bool
}

// Initial returns the state in which nothing has happened.
func (System) Initial() []State { return []State{{}} }

// Actions appends what the clients can do, client by client.
func (m System) Actions(s State, dst []explore.Action) []explore.Action {
	expiry := m.Tokens + 1
	for i := range m.Clients {
		pc, req, rep := s[role+i], s[request+i], s[reply+i]
		can := func(k uint64) { dst = append(dst, explore.Action{ID: uint64(i)<<4 | k}) }
		if pc == idle && req == 0 && rep == 0 {
			can(acquire)
		}
		if req == 1 && s[owner] == 0 && s[epoch] < m.Tokens {
			can(grant)
		}
		if pc == waiting && rep > 0 && rep < expiry {
			can(granted)
		}
		if pc == leader && s[write+i] == 0 {
			can(begin)
		}
		if s[write+i] != 0 {
			can(store)
		}
		if s[owner] == byte(i+1) {
			can(expire)
		}
		if rep == expiry && pc != crashed {
			can(expired)
		}
		if pc == leader && req == 0 {
			can(release)
		}
		if req == 2 {
			can(released)
		}
		if pc != crashed {
			can(crash)
		} else {
			can(restart)
		}
		if (pc == idle || pc == crashed) && rep > 0 && rep < expiry {
			can(drop)
		}
	}
	return dst
}

// Apply returns the state after a.
func (m System) Apply(s State, a explore.Action) State {
	i := int(a.ID >> 4)
	switch a.ID & 15 {
	case acquire:
		s[request+i], s[role+i] = 1, waiting
	case grant:
		if !m.Reused || s[epoch] == 0 {
			s[epoch]++
		}
		s[owner], s[request+i], s[reply+i] = byte(i+1), 0, s[epoch]
	case granted:
		s[role+i], s[token+i], s[reply+i] = leader, s[reply+i], 0
	case begin:
		s[write+i] = s[token+i]
	case store:
		s[stored], s[write+i] = max(s[stored], s[write+i]), 0
	case expire:
		s[owner], s[reply+i] = 0, m.Tokens+1
	case expired:
		s[reply+i], s[role+i], s[token+i], s[request+i] = 0, idle, 0, 0
	case release:
		s[request+i], s[role+i], s[token+i] = 2, idle, 0
	case released:
		s[request+i] = 0
		if s[owner] == byte(i+1) {
			s[owner] = 0
		}
	case crash:
		s[role+i], s[token+i] = crashed, 0
	case restart:
		s[role+i], s[reply+i] = idle, 0
	default:
		s[reply+i] = 0
	}
	return s
}

// Digest folds the whole state, with the clients in order if m is Sorted.
func (m System) Digest(s State) uint64 {
	if m.Sorted {
		m.sort(&s)
	}
	return hash(&s)
}

func hash(s *State) uint64 {
	const p0, p1, p2, p3 = 0xa0761d6478bd642f, 0xe7037ed1a0b428db, 0x8ebc6af09c88c6e3, 0x589965cc75374cc3
	a, b := binary.LittleEndian.Uint64(s[0:]), binary.LittleEndian.Uint64(s[8:])
	c, d := binary.LittleEndian.Uint64(s[16:]), binary.LittleEndian.Uint64(s[24:])
	return mum(mum(a^p0, b^p1)^p2, mum(c^p3, d^p0)^p1)
}

func mum(a, b uint64) uint64 { hi, lo := bits.Mul64(a, b); return hi ^ lo }

// sort brings the clients into an order that does not depend on their names.
func (m System) sort(s *State) {
	var rows [MaxClients]uint64
	for i := range m.Clients {
		v := uint64(s[role+i]) | uint64(s[token+i])<<8 | uint64(s[request+i])<<16 | uint64(s[reply+i])<<24 | uint64(s[write+i])<<32
		if s[owner] == byte(i+1) {
			v |= 1 << 40
		}
		j := i
		for ; j > 0 && rows[j-1] > v; j-- {
			rows[j] = rows[j-1]
		}
		rows[j] = v
	}
	s[owner] = 0
	for i, v := range rows[:m.Clients] {
		s[role+i], s[token+i], s[request+i], s[reply+i], s[write+i] = byte(v), byte(v>>8), byte(v>>16), byte(v>>24), byte(v>>32)
		if v>>40 != 0 {
			s[owner] = byte(i + 1)
		}
	}
}

// Symmetric reports whether m is Sorted.
func (m System) Symmetric() bool { return m.Sorted }

// Check says whether two lead with one token.
func (m System) Check(s State) (property, detail string) {
	for i := range m.Clients {
		for j := i + 1; j < m.Clients; j++ {
			if s[role+i] == leader && s[role+j] == leader && s[token+i] == s[token+j] {
				return "one-leader-a-token", fmt.Sprintf("clients %d and %d lead with token %d", i+1, j+1, s[token+i])
			}
		}
	}
	return "", ""
}

// Describe says what a client does.
func (System) Describe(_ State, a explore.Action) string {
	return fmt.Sprintf("client %d %s", a.ID>>4+1, names[a.ID&15])
}

// Independent reports whether a and b are of two clients, of which not both
// have to do with who owns the lock. The store keeps the greater token in
// either order.
func (System) Independent(a, b explore.Action) bool {
	return a.ID>>4 != b.ID>>4 && !(owning(a) && owning(b))
}

func owning(a explore.Action) bool {
	k := a.ID & 15
	return k == grant || k == expire || k == released
}
