package arp

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"time"

	"github.com/mdlayher/ethernet"
	"github.com/mdlayher/packet"
)

// sendTimeout bounds how long a frame may wait for room in the socket's buffer.
// It fills up only behind an interface whose queue stands still.
const sendTimeout = 100 * time.Millisecond

// packetConn is a Conn over an AF_PACKET socket.
type packetConn struct{ c *packet.Conn }

// dial opens a packet socket. mdlayher/arp's own client would refuse an
// interface without an IPv4 address, as a director's may well be. Protocol 0
// makes it one that only sends: nothing is queued that nobody reads, and it does
// not keep, as a receiving one does, the error of an interface that was down
// for the first frame after that.
func dial(link string, index int) (Conn, error) {
	c, err := packet.Listen(&net.Interface{Index: index, Name: link}, packet.Raw, 0, nil)
	if err != nil {
		return nil, fmt.Errorf("open packet socket: %w", explain(err))
	}
	return packetConn{c}, nil
}

func (p packetConn) Send(frame []byte) error {
	if err := p.c.SetWriteDeadline(time.Now().Add(sendTimeout)); err != nil {
		return fmt.Errorf("send frame: %w", explain(err))
	}
	if _, err := p.c.WriteTo(frame, &packet.Addr{HardwareAddr: ethernet.Broadcast}); err != nil {
		return fmt.Errorf("send frame: %w", explain(err))
	}
	return nil
}

func (p packetConn) Close() error { return p.c.Close() }

// explain takes the wrapping off that says again which call and address it was,
// and says what can be done.
func explain(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	var call *os.SyscallError
	if errors.As(err, &call) {
		err = call.Err
	}
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("it needs root or CAP_NET_RAW: %w", err)
	}
	return err
}
