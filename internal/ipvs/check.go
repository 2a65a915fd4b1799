package ipvs

import (
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// Check says what makes the operation one that must not be sent, or nil. The
// error wraps ErrInvalid. Some of it the kernel would refuse too, with nothing
// but EINVAL; some of it would do something else than was asked:
//
//   - A server of another family than its service. As a tunnel the kernel takes
//     it, and then refuses the sync daemon; sent without its family it becomes
//     another server (2001:db8:: turns into 32.1.13.184).
//   - An IPv4-mapped IPv6 address: moby/ipvs writes it as four bytes.
//   - A weight over 65535: readers of the table cut it to 16 bits.
//
// A delete is never refused for that, so that what others left can be removed.
func (o Op) Check() error {
	if err := o.check(); err != nil {
		return fmt.Errorf("%s: %w", o, err)
	}
	return nil
}

func (o Op) check() error {
	if err := o.Key.check(); err != nil {
		return err
	}
	family := o.Key.AddrFamily()
	switch o.Kind {
	case AddService, UpdateService:
		return o.Spec.check(family)
	case AddDest, UpdateDest:
		if err := checkDest(o.Dest, family); err != nil {
			return err
		}
		return o.DestSpec.check()
	case DeleteDest:
		if !o.Dest.IsValid() || o.Dest.Addr().Zone() != "" {
			return invalid("%s is no server", o.Dest)
		}
		return nil
	case DeleteService:
		return nil
	}
	return invalid("unknown kind of operation")
}

func (k ServiceKey) check() error {
	if k.FWMark != 0 {
		if k.Family != IPv4 && k.Family != IPv6 {
			return invalid("a firewall mark needs a family, ipv4 or ipv6")
		}
		if k.Addr != (netip.AddrPort{}) || k.Protocol != 0 {
			return invalid("a service has either a firewall mark or an address")
		}
		return nil
	}
	switch k.Protocol {
	case TCP, UDP, SCTP:
	default:
		return invalid("%s is not tcp, udp or sctp", k.Protocol)
	}
	if k.Family != 0 {
		return invalid("the family of a service by address is that of the address")
	}
	return checkAddr(k.Addr)
}

func checkAddr(a netip.AddrPort) error {
	switch {
	case !a.IsValid():
		return invalid("it has no address")
	case a.Addr().Zone() != "":
		return invalid("%s has a zone, IPVS knows none", a)
	case a.Addr().Is4In6():
		return invalid("%s is IPv4 written as IPv6; write %s", a, a.Addr().Unmap())
	}
	return nil
}

func (s ServiceSpec) check(f Family) error {
	if s.Scheduler == "" || !word(s.Scheduler) {
		return invalid("%q is no name of a scheduler", s.Scheduler)
	}
	if !word(s.Engine) {
		return invalid("%q is no name of a persistence engine", s.Engine)
	}
	if s.Flags&^flagsKnown != 0 {
		return invalid("flags %#x are not known", s.Flags&^flagsKnown)
	}
	if s.Timeout < 0 || s.Timeout > MaxTimeout || s.Timeout%time.Second != 0 {
		return invalid("persistence timeout %s is not 0 to 31 days in whole seconds", s.Timeout)
	}
	if s.Netmask > f.bits() {
		return invalid("netmask %d is not 1 to %d bits", s.Netmask, f.bits())
	}
	return nil
}

// word reports whether s fits into the kernel's 16 bytes for a name.
func word(s string) bool {
	return len(s) <= 15 && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

func checkDest(d DestKey, f Family) error {
	if err := checkAddr(d); err != nil {
		return err
	}
	a := d.Addr()
	switch {
	case familyOf(a) != f:
		return invalid("%s server in an %s service", familyOf(a), f)
	case a.IsMulticast(), a.IsUnspecified(),
		a.Is4() && a.As4()[0] == 0, a == netip.AddrFrom4([4]byte{255, 255, 255, 255}),
		a.Is6() && a.IsLinkLocalUnicast():
		return invalid("%s is no address that one server can have", a)
	}
	return nil
}

func (d DestSpec) check() error {
	if d.Weight > MaxWeight {
		return invalid("weight %d is over %d", d.Weight, MaxWeight)
	}
	if d.Lower > d.Upper {
		return invalid("lower threshold %d is over the upper one, %d", d.Lower, d.Upper)
	}
	switch d.Forwarding {
	case Masquerade, Direct:
		if d.Encap != (Encap{}) {
			return invalid("%s forwarding has no tunnel", d.Forwarding)
		}
		return nil
	case Tunnel:
		return d.Encap.check()
	case LocalNode, Bypass:
	}
	return invalid("%s is the kernel's own way of forwarding", d.Forwarding)
}

func (e Encap) check() error {
	switch {
	case e.Type > GRE:
		return invalid("%s is not ipip, gue or gre", e.Type)
	case e.Type == GUE && e.Port == 0:
		return invalid("gue needs a port")
	case e.Type != GUE && e.Port != 0:
		return invalid("%s has no port", e.Type)
	case e.Flags > EncapChecksum|EncapRemoteChecksum, e.Type == IPIP && e.Flags != 0:
		return invalid("%s with flags %#x", e.Type, uint16(e.Flags))
	}
	return nil
}

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrInvalid}, args...)...)
}
