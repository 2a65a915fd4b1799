package vip

import (
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// answerTimeout bounds one exchange with the kernel. rtnetlink answers in
// microseconds; a second means that something is very wrong, and then a retry
// is worth more than the wait.
const answerTimeout = time.Second

// listAttempts is how often a dump is begun anew when the kernel says that the
// list changed under it.
const listAttempts = 5

type linuxKernel struct {
	handle *netlink.Handle
	index  map[string]int // of the links as of the last List
}

// Open connects to the addresses of the network namespace that the calling
// thread is in. It needs no privilege; changing addresses does.
func Open() (Kernel, error) {
	h, err := openHandle()
	if err != nil {
		return nil, err
	}
	return &linuxKernel{handle: h}, nil
}

func openHandle() (*netlink.Handle, error) {
	h, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("open rtnetlink socket: %w", err)
	}
	if err := h.SetSocketTimeout(answerTimeout); err != nil {
		h.Close()
		return nil, fmt.Errorf("set timeout of rtnetlink socket: %w", err)
	}
	return h, nil
}

// List leaves out addresses with a peer, which lbha never sets.
func (k *linuxKernel) List() (map[Address]State, error) {
	links, err := whole(k.handle.LinkList)
	if err != nil {
		return nil, fmt.Errorf("list links: %w", err)
	}
	addrs, err := whole(func() ([]netlink.Addr, error) { return k.handle.AddrList(nil, netlink.FAMILY_ALL) })
	if err != nil {
		return nil, fmt.Errorf("list addresses of links: %w", err)
	}
	k.index = make(map[string]int, len(links))
	names := make(map[int]string, len(links))
	for _, l := range links {
		k.index[l.Attrs().Name] = l.Attrs().Index
		names[l.Attrs().Index] = l.Attrs().Name
	}
	out := make(map[Address]State, len(addrs))
	for _, a := range addrs {
		p, ok := prefixOf(a)
		name, known := names[a.LinkIndex] // not known: the link came or went between the two lists
		if ok && known && a.Peer == nil {
			out[Address{Prefix: p, Link: name}] = stateOf(a)
		}
	}
	return out, nil
}

// whole begins a dump anew when the kernel says that it changed meanwhile.
func whole[T any](dump func() ([]T, error)) ([]T, error) {
	for attempt := 1; ; attempt++ {
		list, err := dump()
		if err == nil || !errors.Is(err, netlink.ErrDumpInterrupted) || attempt == listAttempts {
			return list, err
		}
	}
}

// prefixOf is the local address; one with a peer stands alone in its prefix.
func prefixOf(a netlink.Addr) (netip.Prefix, bool) {
	if a.IPNet == nil {
		return netip.Prefix{}, false
	}
	addr, ok := netip.AddrFromSlice(a.IP)
	ones, _ := a.Mask.Size()
	return netip.PrefixFrom(addr, ones), ok
}

func stateOf(a netlink.Addr) State {
	if a.Flags&unix.IFA_F_PERMANENT != 0 {
		return State{Forever: true, LinkIndex: a.LinkIndex}
	}
	return State{Remaining: time.Duration(a.ValidLft) * time.Second, LinkIndex: a.LinkIndex}
}

func (k *linuxKernel) Apply(op Op) error {
	index, ok := k.index[op.Address.Link]
	if !ok {
		return ErrNoLink
	}
	addr := kernelAddr(op, index)
	switch op.Kind {
	case Add:
		return translate(k.handle.AddrAdd(nil, addr))
	case Renew:
		return translate(k.handle.AddrReplace(nil, addr))
	case Delete:
		return translate(k.handle.AddrDel(nil, addr))
	default:
		return fmt.Errorf("unknown operation %s", op.Kind)
	}
}

// kernelAddr is the address as the kernel is told it, like ip-address(8) does:
// scope global, no broadcast address (the kernel makes the broadcast routes by
// itself), the connected route comes along.
func kernelAddr(op Op, index int) *netlink.Addr {
	p := op.Address.Prefix
	addr := &netlink.Addr{
		IPNet:     &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())},
		Scope:     unix.RT_SCOPE_UNIVERSE,
		LinkIndex: index,
		Broadcast: net.IPv4zero, // the library's word for none; left out, it would make one up
	}
	valid := math.MaxUint32 // for ever
	if op.Lease > 0 {
		valid = int(op.Lease / time.Second)
	}
	addr.ValidLft = valid
	if p.Addr().Is4() {
		// Preferred as long as it is valid, or ip-address(8) calls it deprecated.
		addr.PreferedLft = valid
	} else {
		// Serves at once, and is no source for the machine's own connections.
		addr.Flags = unix.IFA_F_NODAD
		addr.PreferedLft = 0
	}
	return addr
}

// translate is the one place where the kernel's numbers become this package's
// errors.
func translate(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, unix.EPERM):
		return ErrPermission
	case errors.Is(err, unix.ENODEV):
		return ErrNoLink
	case errors.Is(err, unix.EEXIST):
		return ErrExists
	case errors.Is(err, unix.EADDRNOTAVAIL):
		return ErrNotThere
	case errors.Is(err, unix.EACCES):
		return ErrIPv6Disabled
	default:
		return fmt.Errorf("rtnetlink: %w", err)
	}
}
