package netns

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// Dial makes a TCP connection from the host. Only the socket is made on the
// host's thread, where it gets its network; many may be waiting at once.
func (h *Host) Dial(ctx context.Context, address string) (net.Conn, error) {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", address, err)
	}
	family, sockaddr := socketAddress(to)
	fd := -1
	if err := h.Do(func() (err error) {
		fd, err = unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		return err
	}); err != nil {
		return nil, fmt.Errorf("make socket on %s: %w", h.Name, err)
	}
	// FileConn makes its own copy of the descriptor.
	connecting := unix.Connect(fd, sockaddr)
	f := os.NewFile(uintptr(fd), "connection")
	defer f.Close()
	if connecting != nil && !errors.Is(connecting, unix.EINPROGRESS) {
		return nil, fmt.Errorf("dial %s: %w", address, connecting)
	}
	if err := waitConnected(ctx, f); err != nil {
		return nil, fmt.Errorf("dial %s: %w", address, err)
	}
	return net.FileConn(f)
}

// waitConnected waits for a connection under way to be made or refused.
func waitConnected(ctx context.Context, f *os.File) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	if deadline, ok := ctx.Deadline(); ok {
		if err := f.SetWriteDeadline(deadline); err != nil {
			return err
		}
	}
	var result error
	err = raw.Write(func(fd uintptr) (done bool) {
		code, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_ERROR)
		switch {
		case err != nil:
			result = err
			return true
		case code != 0:
			result = unix.Errno(code)
			return true
		}
		_, err = unix.Getpeername(int(fd))
		return err == nil // else it is still under way
	})
	return errors.Join(err, result)
}

func socketAddress(to netip.AddrPort) (int, unix.Sockaddr) {
	if to.Addr().Is4() {
		return unix.AF_INET, &unix.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()}
	}
	return unix.AF_INET6, &unix.SockaddrInet6{Port: int(to.Port()), Addr: to.Addr().As16()}
}

// ListenUDP opens a UDP socket on the host; address may be ":7".
func (h *Host) ListenUDP(address string) (*net.UDPConn, error) {
	var conn net.PacketConn
	err := h.Do(func() (err error) {
		conn, err = new(net.ListenConfig).ListenPacket(context.Background(), "udp4", address)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("listen on %s of %s: %w", address, h.Name, err)
	}
	return conn.(*net.UDPConn), nil
}
