package ipvs

import (
	"cmp"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Protocol is the transport protocol of a service, by its number in IP.
type Protocol uint8

// Protocols that IPVS balances.
const (
	TCP  Protocol = 6
	UDP  Protocol = 17
	SCTP Protocol = 132
)

// String gives tcp, udp or sctp.
func (p Protocol) String() string {
	switch p {
	case TCP:
		return "tcp"
	case UDP:
		return "udp"
	case SCTP:
		return "sctp"
	}
	return "protocol(" + utoa(uint64(p)) + ")"
}

// Family is an address family, by its number in Linux (AF_*).
type Family uint8

// The families of IP.
const (
	IPv4 Family = 2
	IPv6 Family = 10
)

// String gives ipv4 or ipv6.
func (f Family) String() string {
	switch f {
	case IPv4:
		return "ipv4"
	case IPv6:
		return "ipv6"
	}
	return "family(" + utoa(uint64(f)) + ")"
}

// bits is the length of an address; 0 for a family that is none of IP's.
func (f Family) bits() uint8 {
	switch f {
	case IPv4:
		return 32
	case IPv6:
		return 128
	}
	return 0
}

// ServiceKey names a virtual service: either Protocol and Addr, or FWMark and
// Family. The other two are zero, so that == compares keys.
type ServiceKey struct {
	Protocol Protocol
	Addr     netip.AddrPort // port 0 (every port) makes sense with persistence only
	FWMark   uint32         // of netfilter; 0: a service by address
	Family   Family         // of a service by mark
}

// AddrFamily is the address family of the service, however it is named.
func (k ServiceKey) AddrFamily() Family {
	if k.FWMark != 0 {
		return k.Family
	}
	return familyOf(k.Addr.Addr())
}

func familyOf(a netip.Addr) Family {
	if a.Is4() {
		return IPv4
	}
	return IPv6
}

// String gives "tcp 192.0.2.1:80", "udp [2001:db8::1]:53" or "fwmark 7 ipv4".
// ParseServiceKey reads it back.
func (k ServiceKey) String() string {
	if k.FWMark != 0 {
		return "fwmark " + utoa(uint64(k.FWMark)) + " " + k.Family.String()
	}
	return k.Protocol.String() + " " + k.Addr.String()
}

// ParseServiceKey reads what ServiceKey.String wrote.
func ParseServiceKey(s string) (ServiceKey, error) {
	words := strings.Split(s, " ")
	var k ServiceKey
	switch {
	case len(words) == 3 && words[0] == "fwmark":
		mark, err := strconv.ParseUint(words[1], 10, 32)
		if err != nil {
			return ServiceKey{}, fmt.Errorf("parse service %q: %w", s, err)
		}
		k.FWMark = uint32(mark)
		for _, f := range []Family{IPv4, IPv6} {
			if words[2] == f.String() {
				k.Family = f
			}
		}
	case len(words) == 2:
		addr, err := netip.ParseAddrPort(words[1])
		if err != nil {
			return ServiceKey{}, fmt.Errorf("parse service %q: %w", s, err)
		}
		k.Addr = addr
		for _, p := range []Protocol{TCP, UDP, SCTP} {
			if words[0] == p.String() {
				k.Protocol = p
			}
		}
	}
	if err := k.check(); err != nil {
		return ServiceKey{}, fmt.Errorf("parse service %q: %w", s, err)
	}
	return k, nil
}

// Compare orders keys: by address first, marks last.
func (k ServiceKey) Compare(o ServiceKey) int {
	return cmp.Or(
		cmp.Compare(k.FWMark, o.FWMark),
		cmp.Compare(k.Family, o.Family),
		k.Addr.Compare(o.Addr),
		cmp.Compare(k.Protocol, o.Protocol),
	)
}

func utoa(n uint64) string { return strconv.FormatUint(n, 10) }
