package vip

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// Options of a Reconciler. The zero value is fit for use.
type Options struct {
	// Log takes what is done. nil logs nothing.
	Log *slog.Logger
	// Present is called with the addresses that are in the kernel and wanted
	// there, sorted: after the first pass and whenever they change, which
	// includes that a link came back under another index. An address is in the
	// list only after the kernel was seen to have it, so it may be announced.
	// It is called on the Reconciler's goroutine and must not block. The list
	// must not be changed.
	Present func([]Placed)
	// Changed is called after the Status has changed in more than its times and
	// counts. It must not block.
	Changed func()
	// Resync is how often the kernel is read when nothing else calls for it; it
	// finds what no event told. 0 means 1 s.
	Resync time.Duration
}

// Reconciler keeps the addresses of this machine as wanted. Set, Wake, Sync and
// Status may be called from any goroutine; Run from one.
type Reconciler struct {
	worker worker
	resync time.Duration

	mu      sync.Mutex
	want    Want
	setting uint64 // counts the calls of Set; 0 means nothing is wanted yet
	waiters []waiter

	wake   chan struct{} // size one: latest wins
	status atomic.Pointer[Status]
}

type waiter struct {
	setting uint64
	done    chan error // size one: the Reconciler never waits for a waiter
}

// NewReconciler makes a Reconciler over kernel k with the ledger l. It touches
// nothing before Run, and Run nothing before the first Set.
func NewReconciler(k Kernel, l Ledger, opt Options) *Reconciler {
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if opt.Resync <= 0 {
		opt.Resync = time.Second
	}
	r := &Reconciler{resync: opt.Resync, wake: make(chan struct{}, 1)}
	r.status.Store(&Status{})
	r.worker = newWorker(k, l, opt, &r.status)
	return r
}

// Set makes w the desired state. The latest wins; it never blocks. The maps
// must not be changed afterwards.
func (r *Reconciler) Set(w Want) {
	r.mu.Lock()
	r.want = w
	r.setting++
	r.mu.Unlock()
	r.Wake()
}

// Wake asks for a look at the kernel now, because a link or an address may
// have changed. It never blocks. The director calls it from Watch's Changed.
func (r *Reconciler) Wake() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Sync waits until one pass over the want of the latest Set before this call
// has been made, and returns what kept it from being complete, joined; nil if
// the kernel is as wanted. It needs a running Run; it ends with ctx.
func (r *Reconciler) Sync(ctx context.Context) error {
	done := make(chan error, 1)
	r.mu.Lock()
	r.waiters = append(r.waiters, waiter{setting: r.setting, done: done})
	r.mu.Unlock()
	r.Wake()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Status is the state after the last pass.
func (r *Reconciler) Status() Status {
	return *r.status.Load()
}

// Run reconciles until ctx ends, and then leaves the kernel as it is: leases
// run out by themselves. Before the first Set it does nothing, so that what an
// earlier life left is not removed because nobody has spoken yet.
func (r *Reconciler) Run(ctx context.Context) error {
	r.worker.recall()
	timer := time.NewTimer(r.resync)
	defer timer.Stop()
	for ctx.Err() == nil {
		if want, setting := r.wanted(); setting > 0 {
			start := time.Now()
			next, err := r.worker.pass(start, want)
			r.answer(setting, err)
			// Counted from the start of the pass: a slow kernel must not push
			// the next renewal back.
			timer.Reset(time.Until(earlier(next, start.Add(r.resync))))
		}
		select {
		case <-ctx.Done():
		case <-r.wake:
		case <-timer.C:
		}
	}
	return nil
}

func (r *Reconciler) wanted() (Want, uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.want, r.setting
}

// answer tells those who wait for this setting or an older one.
func (r *Reconciler) answer(setting uint64, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	rest := r.waiters[:0]
	for _, w := range r.waiters {
		if w.setting <= setting {
			w.done <- err
		} else {
			rest = append(rest, w)
		}
	}
	r.waiters = rest
}

// earlier is the earlier of two times; a zero next stands for no time.
func earlier(next, other time.Time) time.Time {
	if next.IsZero() || other.Before(next) {
		return other
	}
	return next
}
