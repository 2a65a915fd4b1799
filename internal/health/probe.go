package health

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"
)

// grace is how much later than its deadline a probe may end before something is
// wrong: with the prober, which is then declared hung, or with this process,
// which then was not scheduled and cannot judge.
const grace = 250 * time.Millisecond

// probe runs p once under a deadline and calls done with its result, whatever p
// does short of not returning. A panic is a local result, and comes with its
// stack. A failure that came later than deadline and grace says more about this
// process than about the server, and is a local one too.
func probe(ctx context.Context, p Prober, timeout time.Duration, done func(res Result, stack []byte)) {
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, timeout)
	var res Result
	var stack []byte
	returned := false
	defer func() {
		cancel()
		// Without a panic and without a return the prober has ended its goroutine.
		if v := recover(); !returned {
			res = local(ReasonPanic, fmt.Sprintf("the prober panicked: %v", v))
			stack = debug.Stack()
		}
		res.At = time.Now()
		res.Took = res.At.Sub(start)
		if res.Reason == ReasonTimeout {
			res.Detail = fmt.Sprintf("timeout after %s: %s", timeout, res.Detail)
		}
		if !res.OK && !res.Local && res.Took > timeout+grace {
			res.Local, res.Reason = true, ReasonStalled
			res.Detail = fmt.Sprintf("this process was not scheduled: a deadline of %s was noticed after %s (%s)",
				timeout, res.Took.Round(time.Millisecond), res.Detail)
		}
		done(res, stack)
	}()
	res = p.Probe(ctx)
	returned = true
}

// hung is the result of a probe that has not returned by its deadline and grace.
func hung(timeout, took time.Duration, now time.Time) Result {
	res := bad(ReasonTimeout, fmt.Sprintf("timeout after %s: the probe has not returned for %s",
		timeout, took.Round(10*time.Millisecond)))
	res.Took, res.At = took, now
	return res
}
