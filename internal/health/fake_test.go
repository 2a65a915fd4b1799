package health

import (
	"context"
	"slices"
	"sync"
	"testing/synctest"
	"time"
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

type proberFunc func(context.Context) Result

func (f proberFunc) Probe(ctx context.Context) Result { return f(ctx) }
