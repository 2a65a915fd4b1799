package vrrp

import (
	"encoding/binary"
	"net/netip"
)

// Checksum is the form of the checksum of a VRRPv3 message over IPv4. Over
// IPv6 there is only one form, with the pseudo-header.
type Checksum uint8

const (
	// ChecksumRFC9568 covers the VRRP message alone (RFC 9568, 5.2.8). It is
	// the zero value and the default.
	ChecksumRFC9568 Checksum = iota
	// ChecksumPseudoHeader also covers a pseudo-header of source, destination,
	// protocol and length. RFC 5798 could be read so, and keepalived and FRR
	// send it so by default.
	ChecksumPseudoHeader
)

var checksumNames = [...]string{"rfc9568", "pseudo_header"}

// String returns the form as it is written in a configuration.
func (c Checksum) String() string { return label(checksumNames[:], int(c)) }

// sum adds b to a ones' complement sum (RFC 1071), unfolded. 64 bits cannot
// overflow here: an IP packet has at most 32768 words.
func sum(s uint64, b []byte) uint64 {
	for ; len(b) >= 2; b = b[2:] {
		s += uint64(binary.BigEndian.Uint16(b))
	}
	if len(b) == 1 {
		s += uint64(b[0]) << 8
	}
	return s
}

// fold brings a sum to 16 bits. A message whose checksum is right folds to
// 0xffff.
func fold(s uint64) uint16 {
	for s>>16 != 0 {
		s = s>>16 + s&0xffff
	}
	return uint16(s)
}

// pseudoSum is the sum of the pseudo-header of a message of n bytes: that of
// RFC 8200, 8.1 for IPv6 and its like with IPv4 addresses.
func pseudoSum(src, dst netip.Addr, n int) uint64 {
	s := uint64(n) + Protocol
	if src.Is4() {
		a, b := src.As4(), dst.As4()
		return sum(sum(s, a[:]), b[:])
	}
	a, b := src.As16(), dst.As16()
	return sum(sum(s, a[:]), b[:])
}
