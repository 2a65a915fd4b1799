package vip

import "time"

const (
	retryFirst = 50 * time.Millisecond
	retryLast  = time.Second
)

// grant is a lease as we gave it: when the call was begun, and for how long.
// Remaining of the kernel is in whole seconds and too coarse to renew by.
type grant struct {
	at    time.Time
	lease time.Duration // as wanted, not rounded; 0 for ever
}

// renewAt is when the grant is to be renewed. It has none if it is for ever.
func (g grant) renewAt() (time.Time, bool) {
	return g.at.Add(g.lease / 3), g.lease > 0
}

// leaseDue says which of our addresses in the kernel are to be renewed at now:
// those at the end of their third, those whose wanted lease is another one, and
// those that nobody granted in this life (adopted ones). When any is due, those
// in the second half of their third come along, so that addresses added one
// after the other are soon renewed in one go. What is wanted for ever has no
// lease to renew.
func leaseDue(now time.Time, ours map[Address]Spec, grants map[Address]grant) map[Address]bool {
	due := map[Address]bool{}
	for a, spec := range ours {
		if spec.Lease == 0 {
			continue
		}
		g, known := grants[a]
		if at, leased := g.renewAt(); !known || !leased || g.lease != spec.Lease || !now.Before(at) {
			due[a] = true
		}
	}
	if len(due) == 0 {
		return due
	}
	for a := range ours {
		if g, known := grants[a]; known && g.lease > 0 && now.Sub(g.at) >= g.lease/6 {
			due[a] = true
		}
	}
	return due
}

// overslept says whether a pause between two passes was longer than a lease
// that was to be renewed in it: the process was stopped, starved or stuck.
func overslept(pause time.Duration, grants map[Address]grant) bool {
	for _, g := range grants {
		if g.lease > 0 && pause > wholeSeconds(g.lease) {
			return true
		}
	}
	return false
}

// retryAfter is the pause after the nth failure in a row (from 1) of an
// operation: doubling up to a second, and up to an eighth of a lease so that
// several attempts fit into what is left of it.
func retryAfter(n int, lease time.Duration) time.Duration {
	last := retryLast
	if lease > 0 {
		last = min(last, max(lease/8, retryFirst))
	}
	pause := retryFirst
	for range n - 1 {
		if pause *= 2; pause >= last {
			break
		}
	}
	return min(pause, last)
}
