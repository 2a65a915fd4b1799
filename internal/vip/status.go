package vip

import (
	"fmt"
	"slices"
	"time"
)

// Status is what the Reconciler knows, as of its last pass. It is never changed
// after it was published.
type Status struct {
	// Present lists, sorted, the addresses that are in the kernel and wanted
	// there.
	Present []Placed
	// Problems lists, sorted by address, what is not as wanted. Empty is good.
	Problems []Problem
	// ListError is why the kernel's addresses could not be read; "" if they
	// could. Renewals go on meanwhile.
	ListError string
	// LedgerError is why claims of removed addresses could not be released; ""
	// if they could. It is tried again with each pass.
	LedgerError string
	// Synced is when the last pass began that left nothing to be done. Zero
	// before the first.
	Synced time.Time
	// Drift counts what somebody else, or our own lateness, undid.
	Drift Drift
	// Operations counts what was done to the kernel.
	Operations Operations
}

// Problem is one address that is not as wanted.
type Problem struct {
	Address Address
	Kind    ProblemKind
	Reason  string    // a sentence for a person, without a full stop
	Since   time.Time // when it was first seen
}

// ProblemKind says what a Problem means for the director. The set is closed.
type ProblemKind uint8

const (
	// ProblemPending: the interface is missing; the address comes with it.
	ProblemPending ProblemKind = iota + 1
	// ProblemFailed: the kernel or the ledger refused; it is tried again.
	ProblemFailed
	// ProblemForeign: somebody else set this very address on this link. It is
	// used as it is, but it has no lease and stays when the role goes, so two
	// machines may answer for it. Taking it over would mean to remove, on
	// stepping down, what a person or another program set; so lbha says it and
	// leaves the act to them.
	ProblemForeign
)

// String is the kind as a metric label: "pending", "failed", "foreign".
func (k ProblemKind) String() string {
	switch k {
	case ProblemPending:
		return "pending"
	case ProblemFailed:
		return "failed"
	case ProblemForeign:
		return "foreign"
	default:
		return fmt.Sprintf("problem(%d)", uint8(k))
	}
}

// Drift counts the addresses that were there, were not wanted away by us, and
// had to be put right.
type Drift struct {
	Removed  uint64 // taken off by somebody else, put back
	Expired  uint64 // lost because its renewal came too late, put back
	Lifetime uint64 // made permanent, or given a lifetime, by somebody else
}

// Operations counts calls by kind and outcome.
type Operations struct {
	Added, Renewed, Deleted                    uint64
	AddFailures, RenewFailures, DeleteFailures uint64
}

func (o *Operations) count(kind OpKind, err error) {
	ok, failed := &o.Added, &o.AddFailures
	switch kind {
	case Add:
	case Renew:
		ok, failed = &o.Renewed, &o.RenewFailures
	case Delete:
		ok, failed = &o.Deleted, &o.DeleteFailures
	}
	if err != nil {
		ok = failed
	}
	*ok++
}

// sameNews says whether two statuses tell a person the same. Times of passes
// and counts of renewals are no news.
func sameNews(a, b *Status) bool {
	return slices.Equal(a.Present, b.Present) && slices.Equal(a.Problems, b.Problems) &&
		a.ListError == b.ListError && a.LedgerError == b.LedgerError && a.Drift == b.Drift && a.Synced.IsZero() == b.Synced.IsZero()
}

const foreignReason = "somebody else set this address here; lbha leaves it alone, so it will not move to the other director: " +
	"take it out of this machine's own network configuration"
