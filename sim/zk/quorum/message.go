package quorum

import (
	"encoding/binary"
	"fmt"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/zk/fle"
)

// A State is what a server is to the ensemble.
type State = fle.State

// The states.
const (
	Looking   = fle.Looking
	Following = fle.Following
	Leading   = fle.Leading
)

// A Vote is whom a server wants to lead.
type Vote = fle.Vote

// A Notification tells another server one's vote.
type Notification = fle.Notification

// A Hello is the first message of an election connection: who dialled.
type Hello struct{ From int64 }

// Name implements host.Message.
func (Hello) Name() string { return "Hello" }

// Digest implements host.Message.
func (m Hello) Digest(d *host.Digest) { d.Int(m.From) }

// A PacketType says what a [Packet] is, numbered as on ZooKeeper's wire.
type PacketType uint8

// The packets between a leader and its followers. What stands behind a name is
// who sends it, and what Zxid and Data mean.
const (
	Request      PacketType = 1  // follower: something for the leader's server
	Proposal     PacketType = 2  // leader: a transaction to be logged
	Ack          PacketType = 3  // follower: logged up to Zxid; of an epoch's first: synchronised
	Commit       PacketType = 4  // leader: Zxid may be applied
	Ping         PacketType = 5  // leader, and the follower's answer with what its server adds
	Revalidate   PacketType = 6  // of session Zxid; Data: its timeout, or the leader's verdict
	Sync         PacketType = 7  // of number Zxid, there and back
	NewLeader    PacketType = 10 // leader: synchronised up to here; Zxid: the epoch's first
	FollowerInfo PacketType = 11 // follower: accepted epoch in Zxid's high half; Data: its id
	UpToDate     PacketType = 12 // leader: serve
	Diff         PacketType = 13 // leader: the proposals that follow end at Zxid
	Trunc        PacketType = 14 // leader: forget what is behind Zxid
	Snap         PacketType = 15 // leader: Data is the state at Zxid
	LeaderInfo   PacketType = 17 // leader: the new epoch in Zxid's high half
	AckEpoch     PacketType = 18 // follower: last logged Zxid; Data: its current epoch, -1 if it has accepted the new one before
	// Refusal is what a dial of a closed port is to ZooKeeper: a server that
	// does not lead has its port for followers closed.
	Refusal PacketType = 32
)

var packetNames = map[PacketType]string{
	Request: "REQUEST", Proposal: "PROPOSAL", Ack: "ACK", Commit: "COMMIT", Ping: "PING", Revalidate: "REVALIDATE", Sync: "SYNC",
	NewLeader: "NEWLEADER", FollowerInfo: "FOLLOWERINFO", UpToDate: "UPTODATE", Diff: "DIFF", Trunc: "TRUNC",
	Snap: "SNAP", LeaderInfo: "LEADERINFO", AckEpoch: "ACKEPOCH", Refusal: "REFUSAL",
}

// A Packet is what leader and follower send each other on their connection,
// which keeps its order.
type Packet struct {
	Type PacketType
	Zxid int64
	Data []byte // never changed once sent
}

// Name implements host.Message.
func (m Packet) Name() string {
	if n := packetNames[m.Type]; n != "" {
		return n
	}
	return "?"
}

// Digest implements host.Message.
func (m Packet) Digest(d *host.Digest) {
	d.Uint(uint64(m.Type))
	d.Int(m.Zxid)
	d.Bytes(m.Data)
}

// String returns the packet without its data.
func (m Packet) String() string { return fmt.Sprintf("%s %#x +%d", m.Name(), m.Zxid, len(m.Data)) }

// Codec is the encoding of messages between servers: a 4-byte length, a tag of
// one byte, and the fields in order, integers big-endian.
type Codec struct{}

const (
	tagHello        = 'H'
	tagNotification = 'N'
	tagPacket       = 'P'
	frameMax        = 64 << 20
)

// Append implements host.Codec.
func (Codec) Append(dst []byte, m host.Message) ([]byte, error) {
	be := binary.BigEndian
	at := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	switch m := m.(type) {
	case Hello:
		dst = be.AppendUint64(append(dst, tagHello), uint64(m.From))
	case Notification:
		dst = append(dst, tagNotification, byte(m.State))
		for _, x := range [...]int64{m.Vote.Leader, m.Vote.Zxid, m.Vote.Epoch, m.Vote.Round} {
			dst = be.AppendUint64(dst, uint64(x))
		}
	case Packet:
		dst = be.AppendUint64(append(dst, tagPacket, byte(m.Type)), uint64(m.Zxid))
		dst = append(dst, m.Data...)
	default:
		return dst[:at], fmt.Errorf("encode %T: not a message between servers", m)
	}
	be.PutUint32(dst[at:], uint32(len(dst)-at-4))
	return dst, nil
}

// Decode implements host.Codec.
func (Codec) Decode(src []byte) (host.Message, int, error) {
	if len(src) < 4 {
		return nil, 0, nil
	}
	be := binary.BigEndian
	n := be.Uint32(src)
	if n == 0 || n > frameMax {
		return nil, 0, fmt.Errorf("decode: a frame of %d bytes", n)
	}
	if uint32(len(src)-4) < n {
		return nil, 0, nil
	}
	used := int(n) + 4
	b := src[5:used]
	switch tag := src[4]; {
	case tag == tagHello && len(b) == 8:
		return Hello{int64(be.Uint64(b))}, used, nil
	case tag == tagNotification && len(b) == 33 && b[0] <= byte(Leading):
		at := func(i int) int64 { return int64(be.Uint64(b[i:])) }
		v := Vote{Leader: at(1), Zxid: at(9), Epoch: at(17), Round: at(25)}
		return Notification{State: State(b[0]), Vote: v}, used, nil
	case tag == tagPacket && len(b) >= 9 && packetNames[PacketType(b[0])] != "":
		p := Packet{Type: PacketType(b[0]), Zxid: int64(be.Uint64(b[1:]))}
		if len(b) > 9 {
			p.Data = append([]byte(nil), b[9:]...)
		}
		return p, used, nil
	default:
		return nil, 0, fmt.Errorf("decode: tag %q with %d bytes", tag, len(b))
	}
}
