package netns

import (
	"context"
	"fmt"
	"time"
)

const (
	// eventuallyWait is generous: a busy machine runs a UML kernel twenty times
	// slower than an idle one. A drill that works never waits for it.
	eventuallyWait = 2 * time.Minute
	lookInterval   = 50 * time.Millisecond
)

// Eventually calls look until it returns nil. What it returned last is in the
// error if that does not happen while ctx lasts, or in two minutes if ctx has
// no deadline. What says what was waited for: "server04 is active".
func Eventually(ctx context.Context, what string, look func() error) error {
	if _, limited := ctx.Deadline(); !limited {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, eventuallyWait)
		defer cancel()
	}
	start := time.Now()
	tick := time.NewTicker(lookInterval)
	defer tick.Stop()
	for {
		last := look()
		if last == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("wait until %s: not in %s; last seen: %w", what, time.Since(start).Round(time.Millisecond), last)
		}
	}
}
