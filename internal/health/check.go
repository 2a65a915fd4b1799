package health

import (
	"hash/fnv"
	"io"
	"time"
)

// Key names a check: the service, the server in it, and which of its checks.
type Key struct {
	Service, Server, Check string
}

// Check is one check to be made again and again.
type Check struct {
	Key
	Interval     time.Duration // between the starts of two probes, above 0
	Timeout      time.Duration // deadline over all of one probe, above 0; default Interval
	FastInterval time.Duration // instead of Interval while the verdict is changing; default Interval; may be under Timeout
	Rise, Fall   int           // see GateConfig
	Warm         bool          // see GateConfig; not looked at once the check is running
	Prober       Prober        // looks at the server; required
	Spec         string        // everything that Prober was made from: another Spec is another check
}

// withDefaults fills in what may be left out.
func (c Check) withDefaults() Check {
	c.Interval = max(c.Interval, time.Millisecond)
	if c.Timeout <= 0 {
		c.Timeout = c.Interval
	}
	if c.FastInterval <= 0 {
		c.FastInterval = c.Interval
	}
	return c
}

// same tells whether the two are one check, so that the one running may go on.
func (c Check) same(other Check) bool {
	c.Prober, other.Prober = nil, nil
	c.Warm, other.Warm = false, false
	return c == other
}

// phase returns where in its interval the check has its place: 0 to under
// Interval, the same for the same key in every process.
func (c Check) phase() time.Duration {
	h := fnv.New64a()
	for _, part := range []string{c.Service, c.Server, c.Check} {
		_, _ = io.WriteString(h, part)
		_, _ = h.Write([]byte{0})
	}
	return time.Duration(h.Sum64() % uint64(c.Interval))
}

// nextPlace returns the first place of a check after the time `after`, both
// counted from the checker's start. Places are Interval apart, wherever a probe
// really began, so lateness does not add up.
func nextPlace(after, phase, interval time.Duration) time.Duration {
	if after < phase {
		return phase
	}
	return after - (after-phase)%interval + interval
}

// keptResults is how many of a check's last results status shows.
const keptResults = 5

// CheckStatus is what is known of one check. It is a snapshot; Results is
// shared with others and must not be written to.
type CheckStatus struct {
	Verdict  Verdict
	Since    time.Time // when Verdict was reached; while Pending, when the check was taken up
	Last     Result    // the last one; At is zero before there is one
	Results  []Result  // the last ones, newest first, at most 5
	Flaps    uint64    // changes between Up and Down since the check was taken up
	Changing bool      // results speak against Verdict, not enough yet: probes go at FastInterval
	InFlight bool      // a probe is under way
}

// history is a CheckStatus together with the memory that its Results point to.
type history struct {
	CheckStatus
	results [keptResults]Result
}

// with returns a new history with r as its newest result. The old one stays as it is.
func (h *history) with(r Result) *history {
	next := &history{CheckStatus: h.CheckStatus}
	next.results[0] = r
	n := 1 + copy(next.results[1:], h.Results)
	next.Last, next.Results = r, next.results[:n:n]
	return next
}
