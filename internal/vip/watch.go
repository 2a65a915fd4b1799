package vip

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"
)

const (
	// watchResync is how often the links are read when no event calls for it.
	watchResync = 10 * time.Second
	// watchRetry is the pause after the kernel refused a subscription or a list.
	watchRetry = time.Second
	// watchGap is the shortest time between two lists, so that a storm of events
	// costs little; the first event after a quiet time is acted on at once.
	watchGap = 5 * time.Millisecond
)

// Monitor is where the Watch learns of links.
type Monitor interface {
	// Links reads all interfaces by name.
	Links() (Links, error)
	// Subscribe returns a channel that gets a value after links or addresses
	// changed, or after events may have been lost. It never fills up: changes
	// that nobody took yet are one. The channel is closed when ctx ends or the
	// subscription broke.
	Subscribe(ctx context.Context) (<-chan struct{}, error)
}

// WatchOptions of a Watch. The zero value is fit for use.
type WatchOptions struct {
	// Log takes what keeps the Watch from seeing. nil logs nothing.
	Log *slog.Logger
	// Monitor is where it learns of links; nil means the kernel, for the network
	// namespace that the thread is in which calls NewWatch, and Run.
	Monitor Monitor
}

// Watch publishes what the interfaces of this machine are. A renewed lifetime
// of an address is no change.
type Watch struct {
	monitor Monitor
	log     *slog.Logger
	changed func()
	deaf    bool // the last attempt to subscribe failed, and it was logged
	blind   bool // the last attempt to read failed, and it was logged

	links atomic.Pointer[Links]
}

// NewWatch makes a Watch. It sees nothing before Run. The error is that the
// kernel gave no socket.
func NewWatch(opt WatchOptions) (*Watch, error) {
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if opt.Monitor == nil {
		var err error
		if opt.Monitor, err = OpenMonitor(); err != nil {
			return nil, err
		}
	}
	return &Watch{monitor: opt.Monitor, log: opt.Log, changed: func() {}}, nil
}

// OnChange sets what is called after Links gives something new, and after each
// event even if it does not: an address may have come and gone between two
// looks, and who keeps addresses has to look for itself. It is set before Run,
// is called on Run's goroutine and must not block.
func (w *Watch) OnChange(f func()) { w.changed = f }

// Links is the latest view, by name of the interface; nil before the first. It
// must not be changed. It may be called from any goroutine.
func (w *Watch) Links() Links {
	if links := w.links.Load(); links != nil {
		return *links
	}
	return nil
}

// Run watches until ctx ends. It subscribes before it reads, so that nothing
// falls between, and starts over when the kernel lost track of it.
func (w *Watch) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		events, err := w.monitor.Subscribe(ctx)
		if err != nil {
			w.report(&w.deaf, err)
			w.read(false)
			pause(ctx, watchRetry)
			continue
		}
		w.deaf = false
		w.follow(ctx, events)
	}
	return nil
}

// follow reads the links at once, after events and on a slow timer, until the
// subscription ends.
func (w *Watch) follow(ctx context.Context, events <-chan struct{}) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		event := false
		select {
		case _, event = <-events:
			if !event {
				if ctx.Err() == nil {
					w.log.Warn("subscription to link events broke, starting over")
					pause(ctx, watchGap)
				}
				return
			}
		case <-timer.C:
		}
		next := watchResync
		if !w.read(event) {
			next = watchRetry
		}
		pause(ctx, watchGap)
		timer.Reset(next)
	}
}

// read looks at the links, and tells of them if they changed or there was an
// event.
func (w *Watch) read(event bool) bool {
	links, err := w.monitor.Links()
	if err != nil {
		w.report(&w.blind, err)
		return false
	}
	w.blind = false
	before := w.links.Load()
	same := before != nil && sameLinks(*before, links)
	if !same {
		w.links.Store(&links)
	}
	if !same || event {
		w.changed()
	}
	return true
}

// report logs the first of several failures of one kind in a row.
func (w *Watch) report(failing *bool, err error) {
	if !*failing {
		*failing = true
		w.log.Error("cannot watch links", "err", err)
	}
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
