package vip

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// This file keeps the worker's books: what was lost and found, what is amiss,
// and what is told to the outside.

// notice compares the first look of a pass with what the last pass left.
func (w *worker) notice(now time.Time, have map[Address]State, want Want) {
	for a, before := range w.placed {
		if _, wanted := want.Present[a]; !wanted {
			continue
		}
		if _, there := have[a]; !there {
			g := w.grants[a]
			expired := g.lease > 0 && now.Sub(g.at) >= wholeSeconds(g.lease)
			w.lost[a] = loss{linkIndex: before.LinkIndex, expired: expired}
		}
	}
	for a, spec := range w.ours(have, want) {
		g, known := w.grants[a]
		if known && g.lease == spec.Lease && have[a].Forever != (g.lease == 0) {
			w.next.Drift.Lifetime++
			w.log.Warn("somebody changed the lifetime of an address, set again", "vip", a.Prefix, "iface", a.Link)
		}
	}
}

// place works out which wanted addresses are in the kernel, and settles for
// each lost one that is back whether it was drift. On a link with another index
// it was not: the old link took it along.
func (w *worker) place(have map[Address]State, want Want) {
	w.placed = map[Address]Placed{}
	for a := range want.Present {
		st, there := have[a]
		if !there {
			continue
		}
		w.placed[a] = Placed{Address: a, LinkIndex: st.LinkIndex}
		l, was := w.lost[a]
		if !was {
			continue
		}
		delete(w.lost, a)
		switch {
		case l.linkIndex != st.LinkIndex:
		case l.expired:
			w.next.Drift.Expired++
			w.log.Warn("lease of an address ended before it was renewed, put back", "vip", a.Prefix, "iface", a.Link)
		default:
			w.next.Drift.Removed++
			w.log.Warn("somebody removed an address, put back", "vip", a.Prefix, "iface", a.Link)
		}
	}
}

// forget drops what stands for nothing any more: claims of addresses that are
// gone and not wanted, and grants of addresses that are not there.
func (w *worker) forget(have map[Address]State, want Want) {
	for _, a := range forgettable(have, want, w.owned) {
		w.disown(a)
	}
	w.release()
	maps.DeleteFunc(w.grants, func(a Address, _ grant) bool {
		_, there := have[a]
		_, present := want.Present[a]
		return !there || !present
	})
}

// prune drops troubles that are over, and joins what is left to be done into an
// error.
func (w *worker) prune(left []Op) error {
	var errs []error
	open := map[Address]bool{}
	for _, op := range left {
		open[op.Address] = true
		if t, ok := w.troubles[op.Address]; ok {
			errs = append(errs, t.err)
		} else {
			errs = append(errs, fmt.Errorf("%s address %s on %s: not yet done", op.Kind, op.Address.Prefix, op.Address.Link))
		}
	}
	maps.DeleteFunc(w.troubles, func(a Address, _ trouble) bool { return !open[a] })
	return errors.Join(errs...)
}

// problems lists what is not as wanted, keeping the time at which each began.
func (w *worker) problems(now time.Time, have map[Address]State, want Want) []Problem {
	var out []Problem
	for _, a := range sorted(w.troubles) {
		t := w.troubles[a]
		p := Problem{Address: a, Kind: ProblemFailed, Reason: t.err.Error(), Since: t.since}
		if errors.Is(t.err, ErrNoLink) {
			p.Kind, p.Reason = ProblemPending, fmt.Sprintf("interface %s is missing", a.Link)
		}
		out = append(out, p)
	}
	for _, a := range foreign(have, want, w.owned) {
		p := Problem{Address: a, Kind: ProblemForeign, Reason: foreignReason, Since: now}
		known := slices.IndexFunc(w.next.Problems, func(q Problem) bool { return q.Address == a && q.Kind == p.Kind })
		if known >= 0 {
			p.Since = w.next.Problems[known].Since
		} else {
			w.log.Error("somebody else set this address here, it will not move", "vip", a.Prefix, "iface", a.Link)
		}
		out = append(out, p)
	}
	slices.SortStableFunc(out, func(a, b Problem) int { return a.Address.Compare(b.Address) })
	return out
}

// publish makes the books the Status, and calls Present and Changed if there is
// news.
func (w *worker) publish(problems []Problem) {
	list := make([]Placed, 0, len(w.placed))
	for _, a := range sorted(w.placed) {
		list = append(list, w.placed[a])
	}
	before := w.status.Load()
	w.next.Problems = problems
	moved := !slices.Equal(before.Present, list)
	w.next.Present = list
	now := w.next
	w.status.Store(&now)

	if listed := now.ListError == ""; listed && (moved || !w.spoken) {
		w.spoken = true
		w.present(list)
	}
	if !sameNews(before, &now) {
		w.changed()
	}
}
