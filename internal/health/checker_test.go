package health

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

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
