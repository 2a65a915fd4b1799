package vip

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"time"
)

// Address names one address on one link. It is comparable: the same prefix on
// two links is two addresses.
type Address struct {
	Prefix netip.Prefix // the address with its prefix length, the host's bits kept
	Link   string       // the name of the interface
}

// String is the text that ip-address(8) takes: "192.0.2.1/24 dev eth0".
func (a Address) String() string {
	return a.Prefix.String() + " dev " + a.Link
}

// Compare orders addresses by IP address, prefix length and link.
func (a Address) Compare(b Address) int {
	return cmp.Or(
		a.Prefix.Addr().Compare(b.Prefix.Addr()),
		cmp.Compare(a.Prefix.Bits(), b.Prefix.Bits()),
		cmp.Compare(a.Link, b.Link),
	)
}

// Spec says how an address is to be had.
type Spec struct {
	// Lease is the lifetime given to the kernel, rounded up to whole seconds,
	// and renewed each third of it. 0 means for ever.
	Lease time.Duration
}

// Want is the whole desired state of the addresses of this machine.
type Want struct {
	// Present are there, kept alive, and put back when they go.
	Present map[Address]Spec

	// Hold are left as they are if they are ours: not renewed, not removed, not
	// put back. A director that starts holds what an earlier life left while it
	// listens. Present wins over Hold.
	Hold map[Address]bool

	// Absent may be filled with the addresses of the configuration that this
	// director must not carry now. It removes nothing that would not go anyway;
	// if somebody else set one of them here, Status says so, because then two
	// machines answer for it.
	Absent map[Address]bool
}

func (w Want) equal(other Want) bool {
	return maps.Equal(w.Present, other.Present) && maps.Equal(w.Hold, other.Hold) && maps.Equal(w.Absent, other.Absent)
}

// State is what the kernel says about an address.
type State struct {
	// Remaining is what is left of the lifetime in whole seconds, rounded up as
	// the kernel does: the address lives for more than Remaining-1s and at most
	// for Remaining+1s. 0 if Forever.
	Remaining time.Duration
	Forever   bool // it has no lifetime
	LinkIndex int  // the interface it is on; changes when a link is made anew
}

// Placed is an address that is in the kernel and wanted there.
type Placed struct {
	Address
	LinkIndex int // of the link that carries it; another index is another link
}

// sorted lists the keys of a map of addresses in the order of Compare.
func sorted[V any](m map[Address]V) []Address {
	return slices.SortedFunc(maps.Keys(m), Address.Compare)
}

// parseClaim reads an entry of the ledger.
func parseClaim(claim [2]string) (Address, error) {
	p, err := netip.ParsePrefix(claim[0])
	if err != nil {
		return Address{}, fmt.Errorf("read claimed address %q: %w", claim[0], err)
	}
	return Address{Prefix: p, Link: claim[1]}, nil
}

func claimOf(a Address) [2]string {
	return [2]string{a.Prefix.String(), a.Link}
}

// Adoptable picks from what the kernel has those addresses that are claimed in
// the ledger: what an earlier life of lbha left behind. The director asks for
// it once, before it runs a Reconciler, to put them into Want.Hold and to see
// what is left of their leases. Claims that are no addresses are skipped.
func Adoptable(have map[Address]State, claims [][2]string) map[Address]State {
	out := map[Address]State{}
	for _, claim := range claims {
		a, err := parseClaim(claim)
		if err != nil {
			continue
		}
		if st, ok := have[a]; ok {
			out[a] = st
		}
	}
	return out
}
