package vip

import "time"

// Diff says what must be done so that the kernel, which has these addresses,
// matches want. owned are those of the ledger, due those whose lease is to be
// renewed now. It decides only; nothing it is given is changed.
//
// The order is the order of work: renewals first, since a lease waits for
// nobody; then what is missing; and last what must go, so that an address
// changes its prefix length without being away. Within each kind addresses are
// sorted. IPv6 is the exception, because the kernel holds an IPv6 address once
// per link: there the old prefix length goes right before the new one comes.
//
// An address that is there but not owned is somebody else's and gets no Op,
// wanted or not.
func Diff(have map[Address]State, want Want, owned, due map[Address]bool) []Op {
	var renew, add, remove []Op
	replaced := map[Address]bool{}
	for _, a := range sorted(want.Present) {
		lease := wholeSeconds(want.Present[a].Lease)
		st, there := have[a]
		switch {
		case !there:
			for _, old := range rivals(a, have, want, owned) {
				replaced[old] = true
				add = append(add, Op{Kind: Delete, Address: old})
			}
			add = append(add, Op{Kind: Add, Address: a, Lease: lease})
		case !owned[a]:
		case due[a] || st.Forever != (lease == 0):
			renew = append(renew, Op{Kind: Renew, Address: a, Lease: lease})
		}
	}
	for _, a := range sorted(owned) {
		if _, there := have[a]; there && !wanted(a, want) && !replaced[a] {
			remove = append(remove, Op{Kind: Delete, Address: a})
		}
	}
	return append(append(renew, add...), remove...)
}

// rivals are our own unwanted addresses that keep the IPv6 address a from
// being added.
func rivals(a Address, have map[Address]State, want Want, owned map[Address]bool) []Address {
	if a.Prefix.Addr().Is4() {
		return nil
	}
	var out []Address
	for _, old := range sorted(owned) {
		_, there := have[old]
		if there && !wanted(old, want) && old.Link == a.Link && old.Prefix.Addr() == a.Prefix.Addr() {
			out = append(out, old)
		}
	}
	return out
}

// foreign lists, sorted, the addresses that somebody else set here and that the
// configuration wants to move between directors.
func foreign(have map[Address]State, want Want, owned map[Address]bool) []Address {
	out := map[Address]bool{}
	for a := range have {
		_, present := want.Present[a]
		if (present || want.Absent[a]) && !owned[a] {
			out[a] = true
		}
	}
	return sorted(out)
}

// forgettable lists, sorted, the claims that stand for nothing any more.
func forgettable(have map[Address]State, want Want, owned map[Address]bool) []Address {
	out := map[Address]bool{}
	for a := range owned {
		if _, there := have[a]; !there && !wanted(a, want) {
			out[a] = true
		}
	}
	return sorted(out)
}

func wanted(a Address, want Want) bool {
	_, present := want.Present[a]
	return present || want.Hold[a]
}

// wholeSeconds rounds a lease up to what the kernel can be told.
func wholeSeconds(lease time.Duration) time.Duration {
	return (lease + time.Second - 1).Truncate(time.Second)
}
