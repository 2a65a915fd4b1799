package health

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestFrequentSetNeitherStarvesNorRestarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := passing()
		c, stop := run(Options{}, check(p))
		defer stop()
		since := c.Status()[webKey].Since
		for range 6000 {
			time.Sleep(10 * time.Millisecond)
			again := check(passing())
			again.Warm = true // a reload knows the server from the table
			c.Set([]Check{again})
		}
		synctest.Wait()
		if got := len(p.began()); got != 31 {
			t.Errorf("%d probes in 60 s, want the first and 30 more", got)
		}
		if s := c.Status()[webKey]; !s.Since.Equal(since) || len(s.Results) != keptResults {
			t.Errorf("status is %+v, want up since %v with %d results", s, since, keptResults)
		}
	})
}

func TestChangedCheckBeginsAnew(t *testing.T) {
	for name, change := range map[string]func(*Check){
		"spec":     func(c *Check) { c.Spec = "tcp 192.0.2.2:80" },
		"interval": func(c *Check) { c.Interval = 3 * time.Second },
		"timeout":  func(c *Check) { c.Timeout = 2 * time.Second },
		"fast":     func(c *Check) { c.FastInterval = time.Second },
		"rise":     func(c *Check) { c.Rise = 1 },
		"fall":     func(c *Check) { c.Fall = 1 },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				old, changed := passing(), scripted("b")
				c, stop := run(Options{}, check(old))
				defer stop()
				next := check(changed)
				change(&next)
				c.Set([]Check{next})
				synctest.Wait()
				if s := c.Status()[webKey]; s.Verdict != Down || len(s.Results) != 1 {
					t.Errorf("status is %+v, want the first result of the new prober", s)
				}
				if len(old.began()) != 1 || len(changed.began()) != 1 {
					t.Errorf("%d and %d probes, want 1 of each", len(old.began()), len(changed.began()))
				}
			})
		})
	}
}

func TestRemovedCheckIsCalledOffAndItsResultIgnored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ended time.Duration
		p := newFake(nil)
		p.probe = func(ctx context.Context, _ int) Result {
			<-ctx.Done()
			ended = time.Since(p.epoch)
			return good("too late")
		}
		var changes atomic.Int32
		c, stop := run(Options{Changed: func() { changes.Add(1) }}, check(p))
		defer stop()
		time.Sleep(100 * time.Millisecond)
		c.Set(nil)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if ended != 100*time.Millisecond || len(p.began()) != 1 {
			t.Errorf("the probe ended at %v and %d began, want the only one called off at 100ms", ended, len(p.began()))
		}
		if n := len(c.Status()); n != 0 || changes.Load() != 0 {
			t.Errorf("%d checks in status and %d changes told, want none", n, changes.Load())
		}
	})
}

func TestLastSetCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second, third := passing(), passing(), passing()
		c := NewChecker(Options{})
		c.Set([]Check{check(first)})
		twin := check(third)
		twin.Spec = "another check with the same key"
		c.Set([]Check{check(second), twin})
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		go func() { _ = c.Run(ctx) }()
		synctest.Wait()
		got := []int{len(first.began()), len(second.began()), len(third.began())}
		if diff := cmp.Diff([]int{0, 0, 1}, got); diff != "" {
			t.Errorf("probes of the three (-want +got):\n%s", diff)
		}
	})
}

// Churn: sets of checks that come, go and change at random, with probers of
// every bad manner, under the race detector. What is left at the end is exact.
func TestChurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rnd := rand.New(rand.NewPCG(1, 2))
		release := make(chan struct{})
		probers := []func(context.Context) Result{
			func(context.Context) Result { return good("fine") },
			func(context.Context) Result { return bad(ReasonReset, "reset") },
			func(ctx context.Context) Result { <-ctx.Done(); return expired(ctx, "silence") },
			func(context.Context) Result { panic("churn") },
			func(context.Context) Result { runtime.Goexit(); return Result{} },
			func(context.Context) Result { <-release; return good("late") },
		}
		some := func() (checks []Check) {
			for i := range 20 {
				if rnd.IntN(3) == 0 {
					continue
				}
				kind := rnd.IntN(len(probers))
				check := check(proberFunc(probers[kind]))
				check.Server, check.Spec = fmt.Sprint(i), fmt.Sprint(kind)
				checks = append(checks, check)
			}
			return checks
		}
		c, stop := run(Options{}, some()...)
		for range 300 {
			time.Sleep(time.Duration(rnd.IntN(1000)) * time.Millisecond)
			c.Set(some())
		}
		last := some()
		c.Set(last)
		time.Sleep(5 * time.Second)
		close(release)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		got := map[Key]bool{}
		for key, s := range c.Status() {
			got[key] = !s.Last.At.IsZero()
		}
		want := map[Key]bool{}
		for _, check := range last {
			want[check.Key] = true
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("checks with a result (-want +got):\n%s", diff)
		}
		stop()
	})
}
