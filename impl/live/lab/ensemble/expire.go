package ensemble

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/simctl/simctl/impl/host"
)

// SessionIn reads the session and its password from the beginning of what a
// server sends: a length, the version 0, the timeout, the session's number, and
// a password of 16 bytes.
func SessionIn(hello []byte) (id uint64, password []byte, ok bool) {
	const length = 4 + 4 + 4 + 8 + 4 + 16
	if len(hello) < length || binary.BigEndian.Uint32(hello[20:]) != 16 || binary.BigEndian.Uint32(hello[8:]) == 0 {
		return 0, nil, false
	}
	return binary.BigEndian.Uint64(hello[12:]), hello[24:length], true
}

// CloseSession opens a session once more, at any server, and closes it.
func CloseSession(ctx context.Context, at host.Addr, id uint64, password []byte, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	c, err := new(net.Dialer).DialContext(ctx, "tcp", string(at))
	if err != nil {
		return err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(2 * time.Second))
	const opClose = -11
	b := binary.BigEndian
	hello := b.AppendUint32(b.AppendUint64(b.AppendUint32(nil, 0), 0), uint32(timeout.Milliseconds())) // version, last zxid, timeout
	hello = append(b.AppendUint32(b.AppendUint64(hello, id), 16), password...)
	hello = append(hello, 0) // not read-only
	if _, err := c.Write(append(b.AppendUint32(nil, uint32(len(hello))), hello...)); err != nil {
		return err
	}
	answer := make([]byte, 40)
	if _, err := io.ReadFull(c, answer); err != nil {
		return err
	}
	if got, _, ok := SessionIn(answer); !ok || got != id {
		return fmt.Errorf("session %x is over already", id)
	}
	bye := b.AppendUint32(b.AppendUint32(b.AppendUint32(nil, 8), 1), uint32(0x1_0000_0000+opClose))
	if _, err := c.Write(bye); err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, c) // until the server has done it and hangs up
	return nil
}
