package arp

import (
	"context"
	"log/slog"
	"maps"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// Options are what an [Announcer] works with. The zero value is ready for use.
type Options struct {
	// Log gets what could not be sent, once per change; nil discards.
	Log *slog.Logger
	// Dial opens the socket of a link; nil is a packet socket of the network
	// namespace in which Run runs.
	Dial func(link string, index int) (Conn, error)
	// Rand spreads the refreshes: numbers from 0 up to 1; nil is a random source.
	// Run's goroutine alone calls it.
	Rand func() float64
}

// A Conn sends frames on one link. It must not block for long: all links wait
// for it.
type Conn interface {
	// Send sends an Ethernet frame.
	Send(frame []byte) error
	// Close releases the socket.
	Close() error
}

// wanted is what was asked for one claim.
type wanted struct {
	schedule Schedule
	born     uint64 // counts up with each claim that is made
}

// An Announcer sends the announcements of all claims, from one goroutine.
type Announcer struct {
	log    *slog.Logger
	jitter func() float64
	wake   chan struct{} // holds one: want has changed
	status atomic.Pointer[Status]

	mu     sync.Mutex
	want   map[Claim]wanted // replaced as a whole, never changed
	births uint64

	// version counts the calls of Set. A burst of many claims looks at it, to
	// stop as soon as one of them may have been withdrawn.
	version atomic.Uint64

	// Run's own.
	table  table
	links  links
	totals totals
	taken  uint64 // the version that table shows
}

// NewAnnouncer returns an announcer without claims. Nothing is opened or sent
// before Run.
func NewAnnouncer(opt Options) *Announcer {
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if opt.Dial == nil {
		opt.Dial = dial
	}
	if opt.Rand == nil {
		opt.Rand = rand.Float64
	}
	return &Announcer{
		log: opt.Log, jitter: opt.Rand, wake: make(chan struct{}, 1),
		links:  links{log: opt.Log, dial: opt.Dial, open: make(map[int]*link)},
		totals: make(totals),
	}
}

// Set says what is to be announced; the latest call counts. It never waits for
// a frame to be sent. New claims are announced at once; those that were there
// before go on undisturbed, with a changed schedule from their last burst on;
// others are announced no more. A claim that was left out by one call and is
// there again in the next is new, even if both come before Run looks.
func (a *Announcer) Set(claims map[Claim]Schedule) {
	a.mu.Lock()
	defer a.mu.Unlock()
	want := make(map[Claim]wanted, len(claims))
	for c, s := range claims {
		w, known := a.want[c]
		if !known {
			a.births++
			w.born = a.births
		}
		w.schedule = s
		want[c] = w
	}
	a.replace(want)
}

// Again begins the announcements of those claims that match anew, as if each had just been made. It is for a rival that
// has drawn the neighbours to itself and now gives way.
func (a *Announcer) Again(match func(Claim) bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	want := maps.Clone(a.want)
	for c, w := range want {
		if match(c) {
			a.births++
			w.born = a.births
			want[c] = w
		}
	}
	a.replace(want)
}

// replace makes want what is to be announced, and tells Run. The caller holds mu.
func (a *Announcer) replace(want map[Claim]wanted) {
	a.want = want
	a.version.Add(1)
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// Run sends what is due until ctx ends, then closes its sockets and returns nil.
func (a *Announcer) Run(ctx context.Context) error {
	defer a.links.closeAll()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		a.take()
		a.pass(ctx)
		a.publish()
		var due <-chan time.Time
		if next, ok := a.table.next(); ok {
			timer.Reset(time.Until(next))
			due = timer.C
		}
		select {
		case <-ctx.Done():
			return nil
		case <-a.wake:
		case <-due:
		}
	}
}

// take brings the table up to what was last set.
func (a *Announcer) take() {
	a.mu.Lock()
	want, version := a.want, a.version.Load()
	a.mu.Unlock()
	if version == a.taken {
		return
	}
	a.taken = version
	for _, e := range a.table.set(want, time.Now(), a.jitter) {
		a.log.Warn("address cannot be announced", "vip", e.claim.Addr, "iface", e.claim.Link, "err", e.err)
	}
	a.links.keep(a.table)
}

// pass sends the bursts that are due. It ends early, with at least one burst
// sent, when the claims have changed: an address that was given up must not be
// drawn back here.
func (a *Announcer) pass(ctx context.Context) {
	a.links.newPass()
	for _, e := range a.table.due(time.Now()) {
		err := a.burst(e)
		if now := time.Now(); err != nil {
			a.totals.of(e.claim.Addr).Errors++
			e.notSent(now, err)
		} else {
			e.sent(now, a.jitter())
		}
		if ctx.Err() != nil || a.version.Load() != a.taken {
			break
		}
	}
	a.table.sort()
}

// burst sends the frames of one claim.
func (a *Announcer) burst(e *entry) error {
	total := a.totals.of(e.claim.Addr)
	for _, f := range e.frames {
		if err := a.links.send(e.claim, f.Bytes); err != nil {
			return err
		}
		switch f.Kind {
		case Request:
			total.Requests++
		case Reply:
			total.Replies++
		}
	}
	return nil
}
