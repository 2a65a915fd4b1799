package ipvs

import (
	"errors"
	"fmt"

	"github.com/vishvananda/netlink/nl"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// socket sends generic-netlink requests of the IPVS family. It is opened with
// the first request, and again after one that was not answered: the kernel
// refuses a dump while another one is unfinished.
type socket struct {
	family uint16
	handle *nl.SocketHandle
}

// request sends one command with the attributes in body and calls each for
// every message of the answer. The error is the kernel's errno, EAGAIN if it
// did not answer in time, or what each said.
func (s *socket) request(cmd uint8, flags int, body []byte, each func(msg []byte) error) error {
	if err := s.open(); err != nil {
		return err
	}
	req := nl.NewNetlinkRequest(int(s.family), flags)
	req.Sockets = map[int]*nl.SocketHandle{unix.NETLINK_GENERIC: s.handle}
	req.AddData(&nl.Genlmsg{Command: cmd, Version: familyVersion})
	req.AddRawData(body)

	var bad error
	err := req.ExecuteIter(unix.NETLINK_GENERIC, 0, func(msg []byte) bool {
		if len(msg) < nl.SizeofGenlmsg {
			bad = fmt.Errorf("message of %d bytes", len(msg))
		} else if each != nil {
			bad = each(msg[nl.SizeofGenlmsg:])
		}
		return bad == nil
	})
	var errno unix.Errno
	if err != nil && (!errors.As(err, &errno) || errno == unix.EAGAIN) {
		s.close()
	}
	return errors.Join(err, bad)
}

func (s *socket) open() error {
	if s.handle != nil {
		return nil
	}
	sock, err := nl.GetNetlinkSocketAt(netns.None(), netns.None(), unix.NETLINK_GENERIC)
	if err != nil {
		return fmt.Errorf("open netlink socket: %w", err)
	}
	limit := unix.NsecToTimeval(patience.Nanoseconds())
	if err := errors.Join(sock.SetSendTimeout(&limit), sock.SetReceiveTimeout(&limit)); err != nil {
		sock.Close()
		return fmt.Errorf("open netlink socket: %w", err)
	}
	s.handle = &nl.SocketHandle{Socket: sock}
	return nil
}

func (s *socket) close() {
	s.handle.Close()
	s.handle = nil
}
