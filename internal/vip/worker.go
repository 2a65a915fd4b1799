package vip

import (
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"
)

// stallPause is how long a worker that overslept a whole lease adds nothing.
// Its addresses are gone by then and another director may carry them; what the
// election concludes from the same stall must come first.
const stallPause = 200 * time.Millisecond

// worker is what the Reconciler's goroutine owns: the memory between passes.
// What the kernel has is not in it, that is read each time.
type worker struct {
	kernel  Kernel
	ledger  Ledger
	log     *slog.Logger
	present func([]Placed)
	changed func()
	status  *atomic.Pointer[Status]

	owned    map[Address]bool    // the ledger's addresses, so that a pass that renews reads no ledger
	released map[Address]bool    // owned no more, but still in the ledger
	grants   map[Address]grant   // leases we gave, of addresses seen in the kernel
	troubles map[Address]trouble // what failed and is still to be done
	placed   map[Address]Placed  // wanted and seen in the kernel by the last pass
	lost     map[Address]loss    // were placed, went without us, are not back yet

	want         Want      // of the last pass
	passed       time.Time // when the last pass began
	resumeAt     time.Time // until then nothing is added or renewed
	listFailures int
	spoken       bool // Present has been called
	next         Status
}

type trouble struct {
	err      error
	since    time.Time
	failures int
	retry    time.Time // not before then; zero: whenever there is a pass
}

type loss struct {
	linkIndex int
	expired   bool
}

func newWorker(k Kernel, l Ledger, opt Options, status *atomic.Pointer[Status]) worker {
	w := worker{
		kernel: k, ledger: l, log: opt.Log, status: status,
		present: opt.Present, changed: opt.Changed,
		owned:    map[Address]bool{},
		released: map[Address]bool{},
		grants:   map[Address]grant{},
		troubles: map[Address]trouble{},
		placed:   map[Address]Placed{},
		lost:     map[Address]loss{},
	}
	if w.present == nil {
		w.present = func([]Placed) {}
	}
	if w.changed == nil {
		w.changed = func() {}
	}
	return w
}

// recall reads the ledger once, before the first pass. From then on this worker
// is the only one that changes its addresses.
func (w *worker) recall() {
	for _, claim := range w.ledger.Addresses() {
		a, err := parseClaim(claim)
		if err != nil {
			w.log.Warn("claim in the ledger is not an address", "err", err)
			continue
		}
		w.owned[a] = true
	}
}

// pass makes the kernel as wanted as far as it goes now, publishes what came of
// it, and says when the next pass is due (zero: nothing presses) and what is
// still amiss.
func (w *worker) pass(now time.Time, want Want) (time.Time, error) {
	w.begin(now, want)
	have, err := w.settle(now, want)
	if err != nil {
		w.listFailures++
		if w.next.ListError == "" {
			w.log.Error("cannot read addresses", "err", err)
		}
		w.next.ListError = err.Error()
		w.publish(w.next.Problems)
		return w.nextAfter(now), fmt.Errorf("list addresses: %w", err)
	}
	w.listFailures = 0
	w.next.ListError = ""

	w.forget(have, want)
	left := w.diff(now, have, want)
	amiss := w.prune(left)
	if w.next.LedgerError != "" {
		amiss = errors.Join(amiss, fmt.Errorf("release addresses: %s", w.next.LedgerError))
	}
	if amiss == nil {
		w.next.Synced = now
	}
	w.place(have, want)
	w.publish(w.problems(now, have, want))
	return w.nextAfter(now), amiss
}

// begin notices another want, which gives what failed a new chance, and an
// overslept lease.
func (w *worker) begin(now time.Time, want Want) {
	for a := range w.lost {
		if _, ok := want.Present[a]; !ok {
			delete(w.lost, a)
		}
	}
	// Also when the want is another one: it may be that of one router, and say nothing yet about what the others slept
	// through.
	if gap := now.Sub(w.passed); overslept(gap, w.grants) {
		w.resumeAt = now.Add(stallPause)
		w.log.Warn("slept through a whole lease, holding back", "took", gap)
	}
	if !w.want.equal(want) {
		w.want = want
		for a, t := range w.troubles {
			t.failures, t.retry = 0, time.Time{}
			w.troubles[a] = t
		}
	}
	w.passed = now
}

// settle reads the kernel, carries out what differs and reads it again, until
// nothing changes any more. The second look is needed for more than to be sure:
// removing the first address of a subnet may have taken others with it. It
// gives up after a few rounds when somebody works against it.
func (w *worker) settle(now time.Time, want Want) (map[Address]State, error) {
	have, err := w.kernel.List()
	if err != nil {
		w.renewBlindly(now, want)
		return nil, err
	}
	w.notice(now, have, want)
	for range 3 {
		if !w.apply(now, want, w.ready(now, w.diff(now, have, want))) {
			break
		}
		if have, err = w.kernel.List(); err != nil {
			return nil, err
		}
	}
	return have, nil
}

func (w *worker) diff(now time.Time, have map[Address]State, want Want) []Op {
	return Diff(have, want, w.owned, leaseDue(now, w.ours(have, want), w.grants))
}

// ours are the wanted addresses that are in the kernel and our own.
func (w *worker) ours(have map[Address]State, want Want) map[Address]Spec {
	out := map[Address]Spec{}
	for a, spec := range want.Present {
		if _, there := have[a]; there && w.owned[a] {
			out[a] = spec
		}
	}
	return out
}

// ready leaves out what failed a moment ago, and while a stall is being slept
// off all but deletions.
func (w *worker) ready(now time.Time, ops []Op) []Op {
	var out []Op
	for _, op := range ops {
		if op.Kind != Delete && now.Before(w.resumeAt) {
			continue
		}
		if now.Before(w.troubles[op.Address].retry) {
			continue
		}
		out = append(out, op)
	}
	return out
}

// nextAfter is the earliest time at which a renewal or a retry is due.
func (w *worker) nextAfter(now time.Time) time.Time {
	var next time.Time
	at := func(t time.Time) {
		if t.After(now) {
			next = earlier(next, t)
		}
	}
	at(w.resumeAt)
	if w.listFailures > 0 {
		at(now.Add(retryAfter(w.listFailures, w.shortestLease())))
	}
	for _, t := range w.troubles {
		at(t.retry)
	}
	for _, g := range w.grants {
		if t, leased := g.renewAt(); leased {
			at(t)
		}
	}
	return next
}

func (w *worker) shortestLease() time.Duration {
	var shortest time.Duration
	for _, g := range w.grants {
		if g.lease > 0 && (shortest == 0 || g.lease < shortest) {
			shortest = g.lease
		}
	}
	return shortest
}
