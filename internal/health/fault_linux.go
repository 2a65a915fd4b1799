package health

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"

	"golang.org/x/sys/unix"
)

// connectFault says what an error of connect(2) means. Immediate errors came
// from the call itself, before anything was sent.
func connectFault(err error, target netip.Addr, immediate bool) Result {
	switch errno := asErrno(err); {
	case errno == unix.ECONNREFUSED:
		return bad(ReasonRefused, "connection refused")
	case immediate && errno == unix.EADDRNOTAVAIL:
		return local(ReasonLocal, "no free port or no usable source address on this machine")
	case immediate && (errno == unix.ENETUNREACH || errno == unix.EHOSTUNREACH):
		return local(ReasonLocal, fmt.Sprintf("this machine has no route to %s: %v", target, err))
	case immediate:
		return local(ReasonLocal, fmt.Sprintf("connect to %s: %v", target, err))
	default:
		return ioFault(err, "connect")
	}
}

// ioFault says what an error on an open connection means. EHOSTUNREACH is what
// the kernel reports when ARP or neighbour discovery had no answer; it and
// ENETUNREACH are also what a router on the way says. Both are the server's side.
func ioFault(err error, op string) Result {
	switch errno := asErrno(err); errno {
	case unix.ECONNREFUSED:
		return bad(ReasonRefused, "connection refused")
	case unix.ECONNRESET, unix.ECONNABORTED, unix.EPIPE:
		return bad(ReasonReset, "connection reset by the server")
	case unix.EHOSTUNREACH:
		return bad(ReasonUnreachable, "host unreachable: no answer to ARP or neighbour discovery, or a router on the way says so")
	case unix.ENETUNREACH:
		return bad(ReasonUnreachable, "network unreachable: a router on the way says so")
	case unix.ETIMEDOUT:
		return bad(ReasonUnreachable, "the kernel gave the connection up: no acknowledgement")
	case unix.EMFILE, unix.ENFILE, unix.ENOMEM, unix.ENOBUFS, unix.ENETDOWN, unix.EADDRNOTAVAIL:
		return local(ReasonLocal, fmt.Sprintf("%s: %v", op, errno))
	case 0:
		return bad(ReasonUnreachable, fmt.Sprintf("%s: %v", op, err))
	default:
		return bad(ReasonUnreachable, fmt.Sprintf("%s: %v", op, errno))
	}
}

// expired is the result of a probe that the end of its context cut short;
// reached says how far it had come.
func expired(ctx context.Context, reached string) Result {
	if errors.Is(ctx.Err(), context.Canceled) {
		return local(ReasonCanceled, "called off: "+reached)
	}
	return bad(ReasonTimeout, reached)
}

// zoneIndex returns the interface index of an IPv6 zone, 0 if there is none.
func zoneIndex(zone string) uint32 {
	if zone == "" {
		return 0
	}
	if n, err := strconv.ParseUint(zone, 10, 32); err == nil {
		return uint32(n)
	}
	if ifi, err := net.InterfaceByName(zone); err == nil {
		return uint32(ifi.Index)
	}
	return 0
}
