package vrrp

import (
	"net/netip"
	"slices"
	"time"
)

// Config is one virtual router as configured on this machine.
type Config struct {
	// VRID identifies the virtual router on its link, 1 to 255. It is the
	// identity of a Machine: Reconfigure does not change it.
	VRID uint8
	// Priority is 1 to 254, or 255 for the address owner.
	Priority uint8
	// Interval is our own Advertisement_Interval, IntervalMin to IntervalMax
	// in steps of 10 ms.
	Interval time.Duration
	// Preempt lets this router replace an Active of lower priority (RFC 9568,
	// 6.1). The owner always does.
	Preempt bool
	// Addresses are the virtual addresses, 1 to 255 of one family.
	Addresses []netip.Addr
	// Checksum is the form that is sent. The machine only carries it: both
	// forms are accepted.
	Checksum Checksum
}

// Equal reports whether both mean the same virtual router, so that a reload
// from one to the other does nothing.
func (c Config) Equal(d Config) bool {
	return c.VRID == d.VRID && c.Priority == d.Priority && c.Interval == d.Interval &&
		c.Preempt == d.Preempt && c.Checksum == d.Checksum && slices.Equal(c.Addresses, d.Addresses)
}

func (c Config) clone() Config {
	c.Addresses = slices.Clone(c.Addresses)
	return c
}

// Accept makes the checks of RFC 9568, 7.1 that need to know the virtual
// router: its VRID, its family, and that the advert is not our own, sent from
// self, come back. The error is a *DropError.
func (c Config) Accept(from, self netip.Addr, a Advert) error {
	if a.VRID != c.VRID {
		return &DropError{Reason: DropVRID, Got: int(a.VRID), Want: int(c.VRID)}
	}
	if len(c.Addresses) > 0 && from.BitLen() != c.Addresses[0].BitLen() {
		return &DropError{Reason: DropFamily, Got: from.BitLen(), Want: c.Addresses[0].BitLen()}
	}
	if from == self {
		return &DropError{Reason: DropSelf}
	}
	return nil
}

// Mismatch is what is odd about an advert that is acted on all the same (RFC
// 9568, 7.1). It is comparable: log when it changes, count when it is not zero.
type Mismatch struct {
	// Interval: the sender advertises at another interval. A Backup learns it.
	Interval bool
	// Addresses: the sender has another set of virtual addresses. The order
	// says nothing.
	Addresses bool
	// Owner: both claim to own the addresses, which one of them does not
	// (erratum 8298, 8.3.2). The greater address wins.
	Owner bool
}

// Reasons returns the counters that the mismatch belongs to, in order.
func (m Mismatch) Reasons() []DropReason {
	var r []DropReason
	if m.Interval {
		r = append(r, DropIntervalMismatch)
	}
	if m.Addresses {
		r = append(r, DropAddressList)
	}
	if m.Owner {
		r = append(r, DropOwner)
	}
	return r
}

// Compare says what is odd about an advert of this virtual router.
func (c Config) Compare(a Advert) Mismatch {
	return Mismatch{
		Interval:  a.Interval != c.Interval,
		Addresses: !sameSet(a.Addresses, c.Addresses),
		Owner:     a.Priority == PriorityOwner && c.Priority == PriorityOwner,
	}
}

// sameSet compares without order and, in the usual case, without allocating.
func sameSet(a, b []netip.Addr) bool {
	if slices.Equal(a, b) {
		return true
	}
	if len(a) != len(b) {
		return false
	}
	a, b = slices.Clone(a), slices.Clone(b)
	slices.SortFunc(a, netip.Addr.Compare)
	slices.SortFunc(b, netip.Addr.Compare)
	return slices.Equal(a, b)
}
