package health

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestMaxInFlightMakesTheRestWaitInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n, limit = 10, 4
		var flying, worst, ran atomic.Int32
		var checks []Check
		for i := range n {
			check := check(newFake(func(context.Context, int) Result {
				worst.Store(max(worst.Load(), flying.Add(1)))
				defer flying.Add(-1)
				ran.Add(1)
				time.Sleep(time.Millisecond)
				return good("fine")
			}))
			check.Server = fmt.Sprint(i)
			checks = append(checks, check)
		}
		_, stop := run(Options{MaxInFlight: limit}, checks...)
		defer stop()
		time.Sleep(2 * time.Millisecond) // 4, 4, 2
		synctest.Wait()
		if ran.Load() != n || worst.Load() != limit {
			t.Errorf("%d probes ran, %d at once, want %d and %d", ran.Load(), worst.Load(), n, limit)
		}
	})
}

// Ten thousand checks that begin together do not all run into their deadlines
// together: a few hundred go at once, the rest as these end, or bit by bit.
func TestFirstRushIsTamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 5000
		var started, flying, worst atomic.Int32
		var checks []Check
		for i := range n {
			check := check(proberFunc(func(ctx context.Context) Result {
				started.Add(1)
				worst.Store(max(worst.Load(), flying.Add(1)))
				defer flying.Add(-1)
				<-ctx.Done()
				return expired(ctx, "silence")
			}))
			check.Server = fmt.Sprint(i)
			checks = append(checks, check)
		}
		c, stop := run(Options{}, checks...)
		defer stop()
		if got := started.Load(); got < rush || got > rush+launchBatch {
			t.Errorf("%d probes began at time 0, want about %d", got, rush)
		}
		for range 10 {
			c.Set(checks) // wakes the scheduler, but no probe
			synctest.Wait()
		}
		if got := started.Load(); got > rush+launchBatch {
			t.Errorf("%d probes began at time 0, want about %d also when woken", got, rush)
		}
		time.Sleep(n / launchBatch * breather)
		synctest.Wait()
		if got := started.Load(); got != n {
			t.Errorf("%d probes have begun, want all %d: they wait for time, not for each other", got, n)
		}
	})
}
