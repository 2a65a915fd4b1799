package health

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// Options are what a Checker needs from its surroundings.
type Options struct {
	// Log gets local faults at Warn, verdicts and probes at Debug. Default: none.
	Log *slog.Logger
	// Changed is called when a verdict has changed or a check has its first
	// result, after Status shows it, on the goroutine that all checks depend on:
	// it must not block. Default: nobody is told.
	Changed func()
	// MaxInFlight bounds the probes under way; more of them wait their turn.
	// Default: three quarters of the descriptors that the process may open.
	MaxInFlight int
}

// Checker makes checks again and again, each at its own pace: the first probe
// at once, later ones at a place in the interval that depends on the check's
// key, so that ten thousand checks are spread evenly. No check has two probes
// under way: with a FastInterval under Timeout the next one waits.
type Checker struct {
	opt  Options
	wake chan struct{} // something new in want; size 1

	mu   sync.Mutex
	want []Check // taken and set to nil by Run
	set  bool    // want holds a call of Set that Run has not seen yet

	// What Status reads: the map is never written to after it was stored, and
	// each task's history is behind a pointer of its own, so one result costs
	// the same with ten checks and with ten thousand.
	tasks atomic.Pointer[map[Key]*task]
}

// NewChecker returns a Checker without checks. It does nothing before Run.
func NewChecker(opt Options) *Checker {
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if opt.Changed == nil {
		opt.Changed = func() {}
	}
	if opt.MaxInFlight < 1 {
		opt.MaxInFlight = descriptorShare()
	}
	c := &Checker{opt: opt, wake: make(chan struct{}, 1)}
	c.tasks.Store(&map[Key]*task{})
	return c
}

// descriptorShare leaves the rest of the process a quarter of its descriptors.
func descriptorShare() int {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 256
	}
	return int(min(max(limit.Cur/4*3, 64), 1<<16))
}

// Set makes these, and no others, the checks. It never blocks, and of several
// calls the last one counts. A check that is there already and has the same Key,
// Spec, timing, Rise and Fall goes on undisturbed, with its old Prober; a
// changed one begins anew; the probe of a removed one is called off and its
// result ignored. Of two checks with one key the later counts. Changed is not
// called for what Set does by itself.
func (c *Checker) Set(checks []Check) {
	c.mu.Lock()
	c.want, c.set = slices.Clone(checks), true
	c.mu.Unlock()
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// take returns the checks of the last Set since the last take, false if there was none.
func (c *Checker) take() ([]Check, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	want, set := c.want, c.set
	c.want, c.set = nil, false
	return want, set
}

// Status returns what is known of each check. A check that Run has not taken up
// yet is absent: hold it for Pending.
func (c *Checker) Status() map[Key]CheckStatus {
	tasks := *c.tasks.Load()
	status := make(map[Key]CheckStatus, len(tasks))
	for key, t := range tasks {
		s := t.history.Load().CheckStatus
		s.InFlight = t.inFlight.Load()
		status[key] = s
	}
	return status
}

// Run makes the checks until ctx ends, then calls off the probes under way,
// waits for them a moment, and returns nil. It may be called once.
func (c *Checker) Run(ctx context.Context) error {
	l := newLoop(ctx, c)
	l.run()
	return nil
}
