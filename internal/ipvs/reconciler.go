package ipvs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// Ledger remembers, over a crash and a restart, which services are ours: the
// kernel has no owner tag. Keys are texts of ServiceKey.String. It may be
// written from another goroutine than the one that made it.
type Ledger interface {
	// ClaimService returns when the key is safely written. It is called before
	// a service is added or adopted.
	ClaimService(key string) error
	// ReleaseService is called after a service was deleted.
	ReleaseService(key string) error
	Services() []string
}

// Options of a Reconciler.
type Options struct {
	Log *slog.Logger // nil: nothing is logged
	// Changed is called after each change of Status but that of times and
	// counters. It must not block, and may be called from two goroutines. nil:
	// nobody wants to know.
	Changed func()
	// Resync is how often everything of ours is read from the kernel to find
	// what others changed. 0: each second.
	Resync time.Duration
}

// Reconciler keeps the kernel's table as wanted. It looks at the services that
// are wanted or in the ledger, and at no other: one that another program owns
// is left alone. One that is wanted and there already is adopted as it is, and
// changed in place where it differs.
type Reconciler struct {
	kernel  Kernel
	ledger  Ledger
	log     *slog.Logger
	changed func()
	resync  time.Duration

	wake   chan struct{}
	done   chan struct{} // closed when Run ends
	status atomic.Pointer[Status]

	mu         sync.Mutex
	want       Table         // the latest Set
	generation uint64        // counts Sets
	applied    uint64        // the generation that the kernel was last seen to have
	turn       chan struct{} // closed, and replaced, after each pass

	publishing sync.Mutex // of status, between Run and the watchdog
	call       uint64     // odd while the kernel is being asked something

	run state // of the goroutine in Run, nobody else's
}

// NewReconciler gives a reconciler that does nothing before Run, and leaves the
// kernel alone before the first Set. From then on the kernel and the ledger's
// services are Run's.
func NewReconciler(k Kernel, l Ledger, opt Options) *Reconciler {
	r := &Reconciler{
		kernel: k, ledger: l, log: opt.Log, changed: opt.Changed, resync: opt.Resync,
		wake: make(chan struct{}, 1), done: make(chan struct{}), turn: make(chan struct{}),
		run: state{services: map[ServiceKey]*memory{}},
	}
	if r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}
	if r.changed == nil {
		r.changed = func() {}
	}
	if r.resync == 0 {
		r.resync = time.Second
	}
	r.status.Store(&Status{})
	return r
}

// Set says what is wanted from now on. It never blocks; of several that come
// while the kernel is busy the last one counts. The table is kept: it must not
// be changed any more.
func (r *Reconciler) Set(want Table) {
	r.mu.Lock()
	r.want = want
	r.generation++
	r.mu.Unlock()
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Status gives the latest knowledge.
func (r *Reconciler) Status() Status { return *r.status.Load() }

// Sync waits until the kernel has what the last Set before it wanted, or
// something later. It returns at once if there was none. An end of ctx or of
// Run before that is an error that says what is still missing. To take all our
// services out: Set(nil), then Sync.
func (r *Reconciler) Sync(ctx context.Context) error {
	r.mu.Lock()
	generation := r.generation
	r.mu.Unlock()
	for {
		r.mu.Lock()
		applied, turn := r.applied, r.turn
		r.mu.Unlock()
		if applied >= generation {
			return nil
		}
		select {
		case <-turn:
		case <-ctx.Done():
			return fmt.Errorf("sync ipvs: %w", errors.Join(ctx.Err(), r.missing()))
		case <-r.done:
			return fmt.Errorf("sync ipvs: %w", errors.Join(errors.New("the reconciler has ended"), r.missing()))
		}
	}
}

// missing joins what the last pass could not do.
func (r *Reconciler) missing() error {
	status := r.status.Load()
	errs := []error{status.Err}
	for _, f := range status.Failures {
		errs = append(errs, f.Err)
	}
	return errors.Join(errs...)
}

// Run reconciles until ctx ends, and returns nil. What is in the kernel stays.
// It may be called once.
func (r *Reconciler) Run(ctx context.Context) error {
	defer close(r.done)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-r.wake:
		case <-timer.C:
		}
		r.mu.Lock()
		want, generation := r.want, r.generation
		r.mu.Unlock()
		if generation == 0 {
			continue // nothing was ever wanted: Set wakes us
		}
		now := time.Now()
		if keys := r.run.due(want, generation, r.owned(), now, r.resync); len(keys) > 0 {
			r.pass(ctx, want, keys)
		}
		r.publish(time.Now(), generation)
		timer.Reset(time.Until(r.run.next()))
	}
}
