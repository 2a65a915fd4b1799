package health

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// conn is a TCP connection that lives for one probe. It is dialed here and not
// by net.Dialer because only the connect call itself can tell whose fault an
// error is: what Linux returns at once was decided on this machine, before a
// packet left it (no route, no port, no memory); what it reports after
// EINPROGRESS came from the network. net.Dialer gives the same error for both.
// It also needs half the system calls, and no goroutine.
type conn struct {
	file *os.File
	stop func() bool // takes the deadline off
}

var longAgo = time.Unix(1, 0)

// dial opens a connection to the target, from source if that is valid. The end
// of ctx ends whatever is done with the connection, at any time before close.
// Without a connection the result says why.
func dial(ctx context.Context, target netip.AddrPort, source netip.Addr) (*conn, Result) {
	fd, res := openSocket(target.Addr(), source)
	if fd < 0 {
		return nil, res
	}
	first := unix.Connect(fd, sockaddr(target))
	if first != nil && first != unix.EINPROGRESS {
		unix.Close(fd)
		return nil, connectFault(first, target.Addr(), true)
	}

	c := &conn{file: os.NewFile(uintptr(fd), "probe")}
	c.stop = context.AfterFunc(ctx, func() { _ = c.file.SetDeadline(longAgo) })
	if first == nil {
		return c, Result{}
	}
	err := c.awaitConnect(target)
	if err == nil {
		return c, Result{}
	}
	c.close()
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, expired(ctx, "no answer to connect")
	}
	return nil, connectFault(err, target.Addr(), false)
}

// openSocket makes the socket and binds it to source. The descriptor is -1 if
// that fails, which is this machine's fault whatever the error.
func openSocket(target, source netip.Addr) (int, Result) {
	family := unix.AF_INET
	if !target.Unmap().Is4() {
		family = unix.AF_INET6
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, unix.IPPROTO_TCP)
	if err != nil {
		return -1, local(ReasonLocal, fmt.Sprintf("open socket: %v", err))
	}
	// Close with a reset: a probe leaves no TIME_WAIT entry, of which ten
	// thousand probes a second would make six hundred thousand.
	err = unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	if err == nil && source.IsValid() {
		// Without it bind takes a port of its own for each probe, out of 28,000
		// for all servers together; with it connect picks one per server.
		err = unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1)
	}
	if err != nil {
		unix.Close(fd)
		return -1, local(ReasonLocal, fmt.Sprintf("set socket option: %v", err))
	}
	if !source.IsValid() {
		return fd, Result{}
	}
	if err := unix.Bind(fd, sockaddr(netip.AddrPortFrom(source, 0))); err != nil {
		unix.Close(fd)
		return -1, local(ReasonLocal, fmt.Sprintf("bind to source %s: %v", source, err))
	}
	return fd, Result{}
}

// awaitConnect waits until the connection is made or has failed. A second
// connect(2) says which: EALREADY while under way, then nil or the error once.
func (c *conn) awaitConnect(target netip.AddrPort) error {
	raw, err := c.file.SyscallConn()
	if err != nil {
		return err
	}
	to := sockaddr(target)
	var state error
	err = raw.Write(func(fd uintptr) bool {
		for {
			state = unix.Connect(int(fd), to)
			if state != unix.EINTR {
				return state != unix.EALREADY && state != unix.EINPROGRESS
			}
		}
	})
	if err != nil {
		return err
	}
	return state
}

func (c *conn) Read(b []byte) (int, error)  { return c.file.Read(b) }
func (c *conn) Write(b []byte) (int, error) { return c.file.Write(b) }

func (c *conn) close() {
	c.stop()
	_ = c.file.Close()
}

func sockaddr(a netip.AddrPort) unix.Sockaddr {
	addr := a.Addr().Unmap()
	if addr.Is4() {
		return &unix.SockaddrInet4{Port: int(a.Port()), Addr: addr.As4()}
	}
	return &unix.SockaddrInet6{Port: int(a.Port()), Addr: addr.As16(), ZoneId: zoneIndex(addr.Zone())}
}

// asErrno returns the errno in err, or 0.
func asErrno(err error) syscall.Errno {
	var errno syscall.Errno
	errors.As(err, &errno)
	return errno
}
