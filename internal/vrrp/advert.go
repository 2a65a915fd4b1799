package vrrp

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"time"
)

const (
	// Protocol is the IP protocol number of VRRP (RFC 9568, 5.1.1.4).
	Protocol = 112
	// TTL is the TTL or hop limit of every advert, sent and accepted (RFC
	// 9568, 5.1.1.3 and 5.1.2.3).
	TTL = 255
	// PriorityOwner is the priority of the router that owns the virtual
	// addresses as its own (RFC 9568, 5.2.4).
	PriorityOwner = 255
	// IntervalMin and IntervalMax bound an advertisement interval: 12 bits of
	// centiseconds, never 0 (RFC 9568, 5.2.7, erratum 8301).
	IntervalMin = intervalUnit
	IntervalMax = 0xfff * intervalUnit
	// MaxAddresses is how many addresses an advert can carry (RFC 9568, 5.2.5).
	MaxAddresses = 255

	intervalUnit = 10 * time.Millisecond
	headerLen    = 8
	version      = 3
	typeAdvert   = 1
)

// GroupIPv4 and GroupIPv6 return the groups that adverts are sent to (RFC
// 9568, 5.1.1.2 and 5.1.2.2).
func GroupIPv4() netip.Addr { return netip.AddrFrom4([4]byte{224, 0, 0, 18}) }

// GroupIPv6 returns the IPv6 group, ff02::12.
func GroupIPv6() netip.Addr { return netip.AddrFrom16([16]byte{0: 0xff, 1: 0x02, 15: 0x12}) }

// Advert is what a VRRPv3 ADVERTISEMENT says (RFC 9568, 5.2).
type Advert struct {
	// VRID is the virtual router, 1 to 255.
	VRID uint8
	// Priority is 255 for the address owner, 1 to 254 for the others, and 0
	// when the Active leaves.
	Priority uint8
	// Interval is the Max Advertise Interval, 10 ms to 40.95 s in steps of
	// 10 ms.
	Interval time.Duration
	// Addresses are the virtual addresses, 1 to 255 of one family. Over IPv6
	// the link-local one comes first.
	Addresses []netip.Addr
}

// Equal reports whether both say the same, in the same order.
func (a Advert) Equal(b Advert) bool {
	return a.VRID == b.VRID && a.Priority == b.Priority && a.Interval == b.Interval &&
		slices.Equal(a.Addresses, b.Addresses)
}

// Append appends the VRRP message, without an IP header, to b. The family is
// that of the addresses; src and dst must be of it wherever the checksum has a
// pseudo-header, which is always so for IPv6, whatever form says. An advert
// that cannot be sent as it is (no VRID, an interval that is not a whole number
// of centiseconds, no address, mixed families) is an error, and b is returned
// unchanged.
func (a Advert) Append(b []byte, src, dst netip.Addr, form Checksum) ([]byte, error) {
	if err := a.validate(); err != nil {
		return b, fmt.Errorf("encode advert: %w", err)
	}
	v6 := a.Addresses[0].Is6()
	pseudo := v6 || form == ChecksumPseudoHeader
	if pseudo && (src.Is6() != v6 || dst.Is6() != v6 || !src.IsValid() || !dst.IsValid()) {
		return b, fmt.Errorf("encode advert: %s to %s cannot carry %s", src, dst, a.Addresses[0])
	}
	start := len(b)
	b = append(b, version<<4|typeAdvert, a.VRID, a.Priority, uint8(len(a.Addresses)))
	b = binary.BigEndian.AppendUint16(b, uint16(a.Interval/intervalUnit)) // reserved bits stay 0
	b = append(b, 0, 0)
	for _, addr := range a.Addresses {
		if v6 {
			x := addr.As16()
			b = append(b, x[:]...)
		} else {
			x := addr.As4()
			b = append(b, x[:]...)
		}
	}
	msg := b[start:]
	var s uint64
	if pseudo {
		s = pseudoSum(src, dst, len(msg))
	}
	binary.BigEndian.PutUint16(msg[6:], ^fold(sum(s, msg)))
	return b, nil
}

func (a Advert) validate() error {
	switch {
	case a.VRID == 0:
		return fmt.Errorf("virtual router 0 is out of range; it must be 1 to 255")
	case a.Interval < IntervalMin || a.Interval > IntervalMax || a.Interval%intervalUnit != 0:
		return fmt.Errorf("interval %s is not 10ms to 40.95s in steps of 10ms", a.Interval)
	case len(a.Addresses) == 0 || len(a.Addresses) > MaxAddresses:
		return fmt.Errorf("%d addresses; there must be 1 to %d", len(a.Addresses), MaxAddresses)
	}
	for _, addr := range a.Addresses {
		if !addr.IsValid() || addr.Is4In6() || addr.Is4() != a.Addresses[0].Is4() {
			return fmt.Errorf("address %s is not of the family of %s", addr, a.Addresses[0])
		}
	}
	return nil
}
