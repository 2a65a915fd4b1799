package node

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/net/ipv4"
	"golang.org/x/sys/unix"

	"github.com/lbha/lbha/internal/vrrp"
)

const (
	// batchSize datagrams are read with one system call.
	batchSize = 32
	// bufferSize holds the longest IPv4 header and 255 addresses with room for a trailer.
	bufferSize = 2048
	// queueBytes is asked of the kernel for each direction: about a thousand small datagrams wait while nobody reads,
	// and 255 routers can say priority 0 at once.
	queueBytes = 1 << 20
	// trafficClass is Internetwork Control, what routing protocols send with (RFC 791); keepalived sends it too.
	trafficClass = 0xc0
	// sendPriority is TC_PRIO_INTERACTIVE, the highest that needs no capability: the first band of pfifo_fast.
	sendPriority = 6
)

// rawConn is a raw IPv4 socket of protocol 112 on one interface.
type rawConn struct {
	conn net.PacketConn
	pc   *ipv4.PacketConn
	raw  syscall.RawConn
	msgs []ipv4.Message
}

// Dial opens a raw socket for IPv4 adverts on a link. It needs CAP_NET_RAW. The socket hears only the link's interface
// and only the group 224.0.0.18, not what it sends itself.
func Dial(link Link) (Conn, error) {
	if !link.Source.Is4() {
		return nil, fmt.Errorf("open VRRP socket on %s: no IPv4 source address", link.Name)
	}
	// The interface is bound by index: a name can be given to another interface between look and bind.
	bind := func(_, _ string, c syscall.RawConn) error {
		return control(c, func(fd int) error {
			return os.NewSyscallError("bind to interface", unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_BINDTOIFINDEX, link.Index))
		})
	}
	lc := net.ListenConfig{Control: bind}
	conn, err := lc.ListenPacket(context.Background(), "ip4:"+strconv.Itoa(vrrp.Protocol), "0.0.0.0")
	if err != nil {
		return nil, fmt.Errorf("open VRRP socket on %s: %w", link.Name, explain(err))
	}
	c, err := newRawConn(conn, link)
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("open VRRP socket on %s: %w", link.Name, explain(err))
	}
	return c, nil
}

func newRawConn(conn net.PacketConn, link Link) (*rawConn, error) {
	raw, err := conn.(syscall.Conn).SyscallConn()
	if err != nil {
		return nil, err
	}
	c := &rawConn{conn: conn, pc: ipv4.NewPacketConn(conn), raw: raw, msgs: make([]ipv4.Message, batchSize)}
	for i := range c.msgs {
		c.msgs[i].Buffers = [][]byte{make([]byte, bufferSize)}
	}
	if err := control(raw, func(fd int) error { return configure(fd, link) }); err != nil {
		return nil, err
	}
	// What arrived between socket and bind came from any interface.
	for {
		n, err := c.Receive(make([]Datagram, batchSize), false)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			break
		}
	}
	ifi := &net.Interface{Index: link.Index, Name: link.Name}
	if err := c.pc.JoinGroup(ifi, &net.IPAddr{IP: vrrp.GroupIPv4().AsSlice()}); err != nil {
		return nil, fmt.Errorf("join %s: %w", vrrp.GroupIPv4(), err)
	}
	return c, nil
}

// configure sets what golang.org/x/net/ipv4 has no function for together with the rest, so that one list says it all.
func configure(fd int, link Link) error {
	ints := []struct {
		what          string
		level, option int
		value         int
	}{
		{"multicast TTL", unix.IPPROTO_IP, unix.IP_MULTICAST_TTL, vrrp.TTL},
		{"TTL", unix.IPPROTO_IP, unix.IP_TTL, vrrp.TTL},
		{"multicast loop", unix.IPPROTO_IP, unix.IP_MULTICAST_LOOP, 0},
		// Without this a raw socket hears the groups that others on this machine have joined.
		{"multicast all", unix.IPPROTO_IP, unix.IP_MULTICAST_ALL, 0},
		{"type of service", unix.IPPROTO_IP, unix.IP_TOS, trafficClass},
		// The kernel derives best effort from this IP_TOS; adverts belong in front of bulk traffic.
		{"priority", unix.SOL_SOCKET, unix.SO_PRIORITY, sendPriority},
	}
	for _, o := range ints {
		if err := unix.SetsockoptInt(fd, o.level, o.option, o.value); err != nil {
			return os.NewSyscallError("set "+o.what, err)
		}
	}
	// The queue sizes above the system's limit need CAP_NET_ADMIN; without it, as much as the limit allows.
	for _, o := range []struct{ force, plain int }{{unix.SO_RCVBUFFORCE, unix.SO_RCVBUF}, {unix.SO_SNDBUFFORCE, unix.SO_SNDBUF}} {
		if unix.SetsockoptInt(fd, unix.SOL_SOCKET, o.force, queueBytes) == nil {
			continue
		}
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, o.plain, queueBytes); err != nil {
			return os.NewSyscallError("set queue size", err)
		}
	}
	// Interface and source address of what is sent. A bound socket would not receive the group.
	mreq := &unix.IPMreqn{Address: link.Source.As4(), Ifindex: int32(link.Index)}
	return os.NewSyscallError("set multicast interface", unix.SetsockoptIPMreqn(fd, unix.IPPROTO_IP, unix.IP_MULTICAST_IF, mreq))
}

// Receive implements Conn.
func (c *rawConn) Receive(batch []Datagram, wait bool) (int, error) {
	flags := 0
	if !wait {
		flags = unix.MSG_DONTWAIT
	}
	for {
		n, err := c.pc.ReadBatch(c.msgs[:min(len(batch), len(c.msgs))], flags)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			// Interrupted. The deadline is put back before the caller looks for who asked, so no request is lost.
			return 0, c.pc.SetReadDeadline(time.Time{})
		case errors.Is(err, unix.EAGAIN):
			return 0, nil
		case err != nil:
			return 0, err
		}
		if n = c.split(batch, n); n > 0 || !wait {
			return n, nil
		}
	}
}

// split takes the IP headers off the n messages read. A datagram without a whole header cannot come from the kernel; it
// is left out.
func (c *rawConn) split(batch []Datagram, n int) int {
	k := 0
	for _, m := range c.msgs[:n] {
		if d, ok := parseIPv4(m.Buffers[0][:m.N]); ok {
			batch[k] = d
			k++
		}
	}
	return k
}

// parseIPv4 splits an IPv4 datagram as raw(7) delivers it: header first, reassembled, in network order.
func parseIPv4(b []byte) (Datagram, bool) {
	if len(b) < ipv4.HeaderLen || b[0]>>4 != ipv4.Version {
		return Datagram{}, false
	}
	header, total := int(b[0]&0x0f)*4, int(binary.BigEndian.Uint16(b[2:]))
	if header < ipv4.HeaderLen || header > len(b) || total < header {
		return Datagram{}, false
	}
	return Datagram{
		From:    netip.AddrFrom4([4]byte(b[12:16])),
		To:      netip.AddrFrom4([4]byte(b[16:20])),
		TTL:     b[8],
		Payload: b[header:min(total, len(b))],
	}, true
}

// Interrupt implements Conn.
func (c *rawConn) Interrupt() {
	c.pc.SetReadDeadline(time.Unix(1, 0)) // an error says that the socket is closed, which ends a Receive as well
}

// Send implements Conn. It goes past the net package's write lock, which all nodes of the interface would share.
func (c *rawConn) Send(to netip.Addr, message []byte) error {
	sa := &unix.SockaddrInet4{Addr: to.As4()}
	return control(c.raw, func(fd int) error {
		return os.NewSyscallError("sendto", unix.Sendto(fd, message, unix.MSG_DONTWAIT, sa))
	})
}

// Close implements Conn.
func (c *rawConn) Close() error { return c.conn.Close() }

func control(raw syscall.RawConn, f func(fd int) error) error {
	var err error
	if cerr := raw.Control(func(fd uintptr) { err = f(int(fd)) }); cerr != nil {
		return cerr
	}
	return err
}

// explain says what to do about the errors that a person can do something about.
func explain(err error) error {
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		return fmt.Errorf("%w (raw sockets need root or CAP_NET_RAW)", err)
	}
	return err
}
