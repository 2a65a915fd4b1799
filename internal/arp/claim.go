package arp

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"
)

// Errors of claims that can never be announced as they are.
var (
	// ErrIPv6 is the error of a claim for an IPv6 address: ARP is for IPv4.
	ErrIPv6 = errors.New("IPv6 addresses are not announced")
	// ErrNoEthernet is the error of a claim on a link without a 48-bit hardware
	// address, such as a tunnel: it has no neighbours that use ARP.
	ErrNoEthernet = errors.New("the interface has no Ethernet address")
)

// A Claim is an address that this machine has on a link. Any difference makes
// it another claim, which is announced anew.
type Claim struct {
	// Addr is the address, IPv4.
	Addr netip.Addr
	// Link is the interface's name, for log and status.
	Link string
	// Index is the interface's index, on which frames are sent.
	Index int
	// MAC is the hardware address to announce, normally the interface's own, as
	// net.HardwareAddr.String writes it: "02:00:5e:00:00:01". It is text so that
	// claims can be compared.
	MAC string
}

// compare orders claims by address, then link.
func (c Claim) compare(d Claim) int {
	return cmp.Or(c.Addr.Compare(d.Addr), cmp.Compare(c.Link, d.Link), cmp.Compare(c.Index, d.Index), cmp.Compare(c.MAC, d.MAC))
}

// A Kind is a form of announcement.
type Kind uint8

const (
	// Request is gratuitous ARP in request form.
	Request Kind = iota
	// Reply is gratuitous ARP in reply form.
	Reply
)

// String returns the kind as metrics and status name it: "request" or "reply".
func (k Kind) String() string {
	switch k {
	case Request:
		return "request"
	case Reply:
		return "reply"
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// A Frame is an Ethernet frame ready to be sent, without its check sequence.
type Frame struct {
	Kind  Kind
	Bytes []byte
}

// Frames returns the frames of one burst in the order in which they are sent.
// The error wraps ErrIPv6 or ErrNoEthernet where one of these is the reason.
func Frames(c Claim) ([]Frame, error) {
	if c.Addr.Is6() {
		return nil, fmt.Errorf("announce %s on %s: %w", c.Addr, c.Link, ErrIPv6)
	}
	mac, err := net.ParseMAC(c.MAC)
	if c.MAC == "" || err == nil && len(mac) != 6 {
		err = ErrNoEthernet
	}
	if err != nil {
		return nil, fmt.Errorf("announce %s on %s: %w", c.Addr, c.Link, err)
	}
	return arpFrames(c.Addr, mac)
}
