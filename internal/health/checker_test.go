package health

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// fake is a prober made of a function. It notes when its probes began and how
// many were under way at the same time.
type fake struct {
	probe func(ctx context.Context, n int) Result // n counts from 0
	epoch time.Time

	mu            sync.Mutex
	starts        []time.Duration
	flying, worst int
}

func newFake(probe func(ctx context.Context, n int) Result) *fake {
	return &fake{probe: probe, epoch: time.Now()}
}

func (f *fake) Probe(ctx context.Context) Result {
	f.mu.Lock()
	n := len(f.starts)
	f.starts = append(f.starts, time.Since(f.epoch))
	f.flying++
	f.worst = max(f.worst, f.flying)
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		f.flying--
		f.mu.Unlock()
	}()
	return f.probe(ctx, n)
}

// began returns when each probe began, counted from the test's start.
func (f *fake) began() []time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.starts)
}

func passing() *fake {
	return newFake(func(context.Context, int) Result { return good("fine") })
}

// scripted returns one result for each letter as in observeAll, then the last one again and again.
func scripted(results string) *fake {
	return newFake(func(_ context.Context, n int) Result {
		switch results[min(n, len(results)-1)] {
		case 'g':
			return good("fine")
		case 'b':
			return bad(ReasonRefused, "connection refused")
		default:
			return local(ReasonLocal, "too many open files")
		}
	})
}

// patient waits for the end of its context.
func patient() *fake {
	return newFake(func(ctx context.Context, _ int) Result {
		<-ctx.Done()
		return expired(ctx, "silence")
	})
}

var webKey = Key{"web", "server01", "tcp"}

func check(p Prober) Check {
	return Check{
		Key: webKey, Interval: 2 * time.Second, Timeout: time.Second, FastInterval: 500 * time.Millisecond,
		Rise: 2, Fall: 3, Prober: p, Spec: "tcp 192.0.2.1:80",
	}
}

// run starts a checker in the bubble of a synctest; the returned function ends
// it and returns when all its goroutines are gone.
func run(opt Options, checks ...Check) (*Checker, func()) {
	c := NewChecker(opt)
	c.Set(checks)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- c.Run(ctx) }()
	synctest.Wait()
	return c, func() {
		cancel()
		if err := <-done; err != nil {
			panic(err)
		}
	}
}

func TestFirstProbesGoAtOnceAndLaterOnesAreSpread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 1000
		probers := make([]*fake, n)
		checks := make([]Check, n)
		for i := range checks {
			probers[i] = passing()
			checks[i] = check(probers[i])
			checks[i].Server = fmt.Sprintf("server%d", i)
		}
		c, stop := run(Options{}, checks...)
		defer stop()
		for key, s := range c.Status() {
			if s.Verdict != Up {
				t.Errorf("%s is %v at time 0, want up", key.Server, s.Verdict)
			}
		}
		time.Sleep(4 * time.Second)
		synctest.Wait()
		var tenths [10]int
		for _, p := range probers {
			if len(p.began()) < 3 || p.began()[0] != 0 || p.began()[1] > 2*time.Second || p.began()[2]-p.began()[1] != 2*time.Second {
				t.Fatalf("probes began at %v, want 0, within 2s, and 2s after that", p.began())
			}
			tenths[p.began()[1]%(2*time.Second)*10/(2*time.Second)]++
		}
		for i, got := range tenths {
			if got < n/20 || got > n/5 {
				t.Errorf("%d of %d probes began in tenth %d of the interval: %v", got, n, i, tenths)
			}
		}
	})
}

func TestPlacesDoNotDependOnWhenAProbeBegan(t *testing.T) {
	const interval, phase = 2 * time.Second, 300 * time.Millisecond
	for _, tt := range []struct{ after, want time.Duration }{
		{0, phase},
		{phase - 1, phase},
		{phase, phase + interval},
		{phase + 1, phase + interval},
		{phase + interval - 1, phase + interval},
		{10*interval + 1, phase + 10*interval},
	} {
		if got := nextPlace(tt.after, phase, interval); got != tt.want {
			t.Errorf("the place after %v is %v, want %v", tt.after, got, tt.want)
		}
	}
}

func TestOneProbeInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := patient()
		c, stop := run(Options{}, check(p))
		defer stop()
		if s := c.Status()[webKey]; !s.InFlight || s.Verdict != Pending {
			t.Errorf("status during the first probe is %+v, want pending and in flight", s)
		}
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if p.worst != 1 {
			t.Errorf("%d probes were under way at once, want 1", p.worst)
		}
	})
}

func TestFastIntervalUnderTimeoutWaitsForTheProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newFake(func(ctx context.Context, n int) Result {
			if n == 0 {
				return good("fine")
			}
			<-ctx.Done()
			return expired(ctx, "silence")
		})
		c, stop := run(Options{}, check(p))
		defer stop()
		time.Sleep(6 * time.Second)
		synctest.Wait()
		place := p.began()[1] // the first silence; then one after the other until it is down
		if diff := cmp.Diff([]time.Duration{0, place, place + time.Second, place + 2*time.Second}, p.began()[:4]); diff != "" {
			t.Errorf("starts (-want +got):\n%s", diff)
		}
		if s := c.Status()[webKey]; s.Verdict != Down || !s.Since.Equal(p.epoch.Add(place+3*time.Second)) {
			t.Errorf("verdict is %v since %v, want down since the third silence", s.Verdict, s.Since.Sub(p.epoch))
		}
	})
}

func TestFastIntervalOnlyWhileChanging(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := scripted("gbbbbgg")
		_, stop := run(Options{}, check(p))
		defer stop()
		time.Sleep(20 * time.Second)
		synctest.Wait()
		const slow, fast = 2 * time.Second, 500 * time.Millisecond
		var gaps []time.Duration
		for i := 1; i < 7; i++ {
			gaps = append(gaps, p.began()[i]-p.began()[i-1])
		}
		// up, fall (1, 2, 3 at the fast pace), down, rise (1, 2), up; back to its place after each.
		want := []time.Duration{p.began()[1], fast, fast, gaps[3], slow, fast}
		if diff := cmp.Diff(want, gaps); diff != "" {
			t.Errorf("gaps between probes (-want +got):\n%s", diff)
		}
		if gaps[3] > slow || gaps[3] != slow-2*fast {
			t.Errorf("after the fall the next probe came %v later, want its place, %v", gaps[3], slow-2*fast)
		}
	})
}

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

func TestChangedIsToldOfFirstResultsAndVerdictsOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c *Checker
		var told []string
		opt := Options{Changed: func() {
			s := c.Status()[webKey]
			told = append(told, fmt.Sprintf("%v after %v", s.Verdict, s.Last.Reason))
		}}
		warm := check(scripted("lbbbbggggg"))
		warm.Warm = true
		c = NewChecker(opt)
		c.Set([]Check{warm})
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		go func() { _ = c.Run(ctx) }()
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if diff := cmp.Diff([]string{"pending after local", "down after refused", "up after ok"}, told); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
		if got := c.Status()[webKey].Flaps; got != 1 {
			t.Errorf("flaps is %d, want 1", got)
		}
	})
}

func TestStatusKeepsTheLastResults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		p := newFake(func(context.Context, int) Result {
			n++
			time.Sleep(time.Duration(n) * time.Millisecond)
			return good(fmt.Sprint("result ", n))
		})
		c, stop := run(Options{}, check(p))
		defer stop()
		time.Sleep(14 * time.Second)
		synctest.Wait()
		s := c.Status()[webKey]
		var details []string
		for i, r := range s.Results {
			details = append(details, r.Detail)
			if want := time.Duration(n-i) * time.Millisecond; r.Took != want {
				t.Errorf("%s took %v, want %v", r.Detail, r.Took, want)
			}
		}
		var want []string
		for i := range keptResults {
			want = append(want, fmt.Sprint("result ", n-i))
		}
		if diff := cmp.Diff(want, details); diff != "" || s.Last != s.Results[0] {
			t.Errorf("results, newest first (-want +got):\n%s", diff)
		}
	})
}

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

type proberFunc func(context.Context) Result

func (f proberFunc) Probe(ctx context.Context) Result { return f(ctx) }
