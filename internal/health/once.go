package health

import (
	"context"
	"sync"
	"time"
)

// Outcome is the result of one check made by hand.
type Outcome struct {
	Key    Key
	Result Result
}

// defaultParallel is how many probes RunOnce makes at the same time if not told.
const defaultParallel = 64

// RunOnce makes one probe of each check, at most parallel at the same time (64
// if that is under 1), and returns what came of each, in the order given. When
// ctx ends, what is left comes back with ReasonCanceled. It outlives no deadline
// by more than a moment, even if a prober does not return.
func RunOnce(ctx context.Context, checks []Check, parallel int) []Outcome {
	if parallel < 1 {
		parallel = defaultParallel
	}
	outcomes := make([]Outcome, len(checks))
	slots := make(chan struct{}, parallel)
	var wg sync.WaitGroup
	for i, check := range checks {
		slots <- struct{}{}
		wg.Go(func() {
			outcomes[i] = Outcome{check.Key, probeOnce(ctx, check.withDefaults())}
			<-slots
		})
	}
	wg.Wait()
	return outcomes
}

func probeOnce(ctx context.Context, check Check) Result {
	start := time.Now()
	if ctx.Err() != nil {
		res := local(ReasonCanceled, "called off before it began")
		res.At = start
		return res
	}
	done := make(chan Result, 1)
	go probe(ctx, check.Prober, check.Timeout, func(res Result, _ []byte) { done <- res })
	limit := time.NewTimer(check.Timeout + grace)
	defer limit.Stop()
	select {
	case res := <-done:
		return res
	case <-limit.C:
		now := time.Now()
		return hung(check.Timeout, now.Sub(start), now)
	}
}
