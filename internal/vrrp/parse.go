package vrrp

import (
	"encoding/binary"
	"net/netip"
	"time"
)

// Parse decodes and verifies one VRRP message, without its IP header, that came
// from src to dst. The family of its addresses is that of src. For IPv4 both
// forms of the checksum are right, and the one that held is returned; where
// both hold, the RFC's. The error is always a *DropError.
//
// Bytes after the last address make it a DropTrailing. No rule of RFC 9568
// covers them: the message ends with its addresses, and for IPv4 the checksum
// of the others does not reach further. They mean that the peer sends an
// extension, today an authentication trailer, which we would leave unverified;
// that must be loud, and keepalived drops such packets as well. Padding of a
// short Ethernet frame is no such case: the kernel cuts a packet to the length
// in its IP header.
//
// What needs to know the virtual router is checked by Config.Accept, and the
// TTL by whoever has the IP header.
func Parse(b []byte, src, dst netip.Addr) (Advert, Checksum, error) {
	src, dst = src.Unmap(), dst.Unmap()
	count, err := checkLayout(b, src, dst)
	if err != nil {
		return Advert{}, 0, err
	}
	form, ok := verify(b, src, dst)
	if !ok {
		return Advert{}, 0, &DropError{Reason: DropChecksum}
	}
	a := Advert{
		VRID:     b[1],
		Priority: b[2],
		Interval: time.Duration(binary.BigEndian.Uint16(b[4:])&0xfff) * intervalUnit,
	}
	if a.VRID == 0 {
		return Advert{}, 0, &DropError{Reason: DropVRID}
	}
	if a.Interval == 0 {
		return Advert{}, 0, &DropError{Reason: DropInterval}
	}
	a.Addresses = make([]netip.Addr, count)
	size := src.BitLen() / 8
	for i := range a.Addresses {
		// A slice of 4 or 16 bytes always makes an address.
		a.Addresses[i], _ = netip.AddrFromSlice(b[headerLen+i*size:][:size])
	}
	return a, form, nil
}

// checkLayout checks the fixed fields and the length (RFC 9568, 7.1) and
// returns the number of addresses. The version comes first: it decides what
// the other fields mean.
func checkLayout(b []byte, src, dst netip.Addr) (int, error) {
	if len(b) < headerLen {
		return 0, &DropError{Reason: DropTruncated, Got: len(b), Want: headerLen}
	}
	if v := int(b[0] >> 4); v != version {
		return 0, &DropError{Reason: DropVersion, Got: v, Want: version}
	}
	if t := int(b[0] & 0xf); t != typeAdvert {
		return 0, &DropError{Reason: DropType, Got: t, Want: typeAdvert}
	}
	if !src.IsValid() || src.BitLen() != dst.BitLen() {
		return 0, &DropError{Reason: DropFamily, Got: dst.BitLen(), Want: src.BitLen()}
	}
	count := int(b[3])
	if count == 0 {
		return 0, &DropError{Reason: DropCount}
	}
	want := headerLen + count*src.BitLen()/8
	if len(b) < want {
		return 0, &DropError{Reason: DropTruncated, Got: len(b), Want: want}
	}
	if len(b) > want {
		return 0, &DropError{Reason: DropTrailing, Got: len(b), Want: want}
	}
	return count, nil
}

// verify says under which form the checksum holds.
func verify(b []byte, src, dst netip.Addr) (Checksum, bool) {
	s := sum(0, b)
	if src.Is4() && fold(s) == 0xffff {
		return ChecksumRFC9568, true
	}
	if fold(s+pseudoSum(src, dst, len(b))) == 0xffff {
		return ChecksumPseudoHeader, true
	}
	return 0, false
}
