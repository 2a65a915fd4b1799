package arp

import (
	"maps"
	"net/netip"
	"slices"
	"time"
)

// Status is what an [Announcer] does and has done, as of its last pass.
type Status struct {
	// Claims are those of the last Set, sorted by address and link.
	Claims []ClaimStatus
	// Totals count since the announcer was made, so also for addresses that are
	// not claimed any more; sorted by address.
	Totals []Total
}

// ClaimStatus is what was done for one claim.
type ClaimStatus struct {
	Claim Claim
	// Bursts counts those that went out whole since the claim was made.
	Bursts int
	// Last is when the last of them went out; zero: none has yet.
	Last time.Time
	// Next is when the next one is due, a retry included; zero: never.
	Next time.Time
	// Err is why the last attempt failed, or why there can be none; "" is none.
	Err string
}

// Total counts what was sent for an address on all links.
type Total struct {
	Addr netip.Addr
	// Requests and Replies are frames that the kernel took.
	Requests, Replies uint64
	// Errors are bursts that did not go out whole.
	Errors uint64
}

// totals are the counters behind Totals.
type totals map[netip.Addr]*Total

func (t totals) of(addr netip.Addr) *Total {
	if t[addr] == nil {
		t[addr] = &Total{Addr: addr}
	}
	return t[addr]
}

// Status returns the state after the last pass. The caller must not change it.
func (a *Announcer) Status() Status {
	if p := a.status.Load(); p != nil {
		return *p
	}
	return Status{}
}

func (a *Announcer) publish() {
	s := &Status{
		Claims: make([]ClaimStatus, 0, len(a.table)),
		Totals: make([]Total, 0, len(a.totals)),
	}
	for _, e := range a.table {
		c := ClaimStatus{Claim: e.claim, Bursts: e.bursts, Last: e.last, Next: e.next}
		if e.err != nil {
			c.Err = e.err.Error()
		}
		s.Claims = append(s.Claims, c)
	}
	slices.SortFunc(s.Claims, func(a, b ClaimStatus) int { return a.Claim.compare(b.Claim) })
	for _, addr := range slices.SortedFunc(maps.Keys(a.totals), netip.Addr.Compare) {
		s.Totals = append(s.Totals, *a.totals[addr])
	}
	a.status.Store(s)
}
