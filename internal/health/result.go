package health

import (
	"context"
	"time"
)

// Reason says in one word how a probe ended. The set is closed: its texts are
// the values of a metric label.
type Reason uint8

// The reasons. The last group is this machine's fault and always comes with
// Result.Local.
const (
	ReasonNone Reason = iota // zero value: no probe has ended yet
	ReasonOK                 // the server answered as it should

	ReasonTimeout     // the deadline passed first
	ReasonRefused     // the server's host refused the connection
	ReasonReset       // the server broke the connection off
	ReasonClosed      // the server closed the connection before its answer was whole
	ReasonUnreachable // the network, or the server's neighbour entry, gave the packet back
	ReasonMalformed   // the answer is not of the protocol
	ReasonTooLarge    // the answer's head is over the limit
	ReasonStatus      // a whole answer with a status that was not wanted

	ReasonLocal    // this machine lacks what a probe needs: descriptors, memory, a route
	ReasonStalled  // this process was not scheduled in time to judge
	ReasonPanic    // the prober panicked
	ReasonCanceled // the probe was called off

	reasonCount
)

var reasonNames = [reasonCount]string{
	ReasonNone:        "none",
	ReasonOK:          "ok",
	ReasonTimeout:     "timeout",
	ReasonRefused:     "refused",
	ReasonReset:       "reset",
	ReasonClosed:      "closed",
	ReasonUnreachable: "unreachable",
	ReasonMalformed:   "malformed",
	ReasonTooLarge:    "too_large",
	ReasonStatus:      "status",
	ReasonLocal:       "local",
	ReasonStalled:     "stalled",
	ReasonPanic:       "panic",
	ReasonCanceled:    "canceled",
}

// String returns the reason's name in snake_case, "invalid" for a value outside the set.
func (r Reason) String() string {
	if r >= reasonCount {
		return "invalid"
	}
	return reasonNames[r]
}

// MarshalText writes what String returns, for JSON.
func (r Reason) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// Result is how one probe ended.
type Result struct {
	OK     bool          // the server answered as it should
	Reason Reason        // ReasonOK exactly when OK
	Detail string        // for a person: "status 503, want 200-299"; never empty once a probe has ended
	Took   time.Duration // from the start of the probe to its end; set by Checker and RunOnce
	At     time.Time     // when it ended; set by Checker and RunOnce; zero: no probe has ended yet
	Local  bool          // this machine's own fault, says nothing about the server
}

// Prober looks at one server once.
//
// Probe returns by the deadline of ctx, which covers everything it does, and
// leaves nothing behind. It must be safe to call again after it has returned; it
// is never called twice at the same time by one Checker. Took and At of its
// result are set by the caller, which also puts "timeout after 1s: " before the
// Detail of a ReasonTimeout: that says only how far the probe had come.
type Prober interface {
	Probe(ctx context.Context) Result
}

func good(detail string) Result {
	return Result{OK: true, Reason: ReasonOK, Detail: detail}
}

func bad(reason Reason, detail string) Result {
	return Result{Reason: reason, Detail: detail}
}

func local(reason Reason, detail string) Result {
	return Result{Reason: reason, Detail: detail, Local: true}
}
