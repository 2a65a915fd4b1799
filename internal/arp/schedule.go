package arp

import "time"

// A Schedule says how often a claim is announced.
type Schedule struct {
	// Count is how many bursts go out after a claim is made, the first of them,
	// at once, included. Less than 1 counts as 1.
	Count int
	// Interval is the time between these. More than Linux's locktime of 1 s lets
	// each of them count with every neighbour.
	Interval time.Duration
	// Refresh is the time between the bursts that follow, spread by a tenth to
	// either side; less than the 300 s after which a switch forgets a port. 0 is
	// never.
	Refresh time.Duration
}

// Next says when the next burst is due after the one that went out at now and
// was the sent-th of its claim, the first being 1. False is never. jitter is from 0 up to 1 and
// spreads the refreshes.
//
// The time counts from the last burst and not from the start of the claim:
// after bursts that were late, or could not be sent, the gap matters to the
// neighbours and the phase to nobody.
func (s Schedule) Next(sent int, now time.Time, jitter float64) (time.Time, bool) {
	if sent < s.Count {
		return now.Add(s.Interval), true
	}
	if s.Refresh <= 0 {
		return time.Time{}, false
	}
	return now.Add(s.Refresh + time.Duration((jitter-0.5)/5*float64(s.Refresh))), true
}

const (
	firstRetry = 10 * time.Millisecond
	lastRetry  = time.Second
)

// retryAfter returns how long to wait after failed attempts in a row. The first
// waits are short, as until a first announcement is out its address is
// unreachable for those who knew another owner.
func retryAfter(failed int) time.Duration {
	wait := firstRetry
	for ; failed > 1 && wait < lastRetry; failed-- {
		wait *= 2
	}
	return min(wait, lastRetry)
}
