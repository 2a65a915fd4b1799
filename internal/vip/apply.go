package vip

import (
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// apply carries out ops in their order and says whether addresses came or went.
// Renewals come first and touch no disk; then everything that is to be added
// and not yet ours is claimed in one write. What cannot be claimed is not added,
// and what it was to replace stays.
func (w *worker) apply(now time.Time, want Want, ops []Op) (changed bool) {
	for _, op := range ops {
		if op.Kind == Renew {
			w.do(now, want, op)
		}
	}
	fresh, err := w.claim(ops)
	type spot struct {
		addr netip.Addr
		link string
	}
	blocked := map[spot]bool{}
	if err != nil {
		for _, a := range sorted(fresh) {
			blocked[spot{a.Prefix.Addr(), a.Link}] = true
			w.failed(now, want, Op{Kind: Add, Address: a}, err)
		}
	}
	for _, op := range ops {
		if op.Kind == Renew || blocked[spot{op.Address.Prefix.Addr(), op.Address.Link}] {
			continue
		}
		err := w.do(now, want, op)
		changed = changed || err == nil
		if fresh[op.Address] && errors.Is(err, ErrExists) {
			// Somebody was faster than us: it is theirs.
			w.disown(op.Address)
		}
	}
	return changed
}

// claim writes to the ledger what ops will add, and returns what was not
// claimed before.
func (w *worker) claim(ops []Op) (map[Address]bool, error) {
	fresh := map[Address]bool{}
	var claims [][2]string
	for _, op := range ops {
		if op.Kind == Add && !w.owned[op.Address] {
			fresh[op.Address] = true
			claims = append(claims, claimOf(op.Address))
		}
	}
	if len(claims) == 0 {
		return fresh, nil
	}
	if err := w.ledger.ClaimAddresses(claims); err != nil {
		return fresh, fmt.Errorf("not claimed: %w", err)
	}
	for a := range fresh {
		w.owned[a] = true
		delete(w.released, a)
	}
	return fresh, nil
}

// disown makes an address not ours at once; the ledger follows at the end of
// the pass, or of a later one if it cannot be written.
func (w *worker) disown(a Address) {
	delete(w.owned, a)
	w.released[a] = true
}

// release takes what was disowned out of the ledger, in one write.
func (w *worker) release() {
	if len(w.released) == 0 {
		w.next.LedgerError = ""
		return
	}
	var claims [][2]string
	for _, a := range sorted(w.released) {
		claims = append(claims, claimOf(a))
	}
	if err := w.ledger.ReleaseAddresses(claims); err != nil {
		if w.next.LedgerError == "" {
			w.log.Error("cannot write ledger", "err", err)
		}
		w.next.LedgerError = err.Error()
		return
	}
	w.next.LedgerError = ""
	clear(w.released)
}

// do carries out one op and remembers how it went.
func (w *worker) do(now time.Time, want Want, op Op) error {
	err := w.kernel.Apply(op)
	if op.Kind == Delete && (errors.Is(err, ErrNotThere) || errors.Is(err, ErrNoLink)) {
		err = nil
	}
	w.next.Operations.count(op.Kind, err)
	if err != nil {
		w.failed(now, want, op, err)
		return err
	}
	delete(w.troubles, op.Address)
	switch op.Kind {
	case Add:
		w.grants[op.Address] = grant{at: now, lease: want.Present[op.Address].Lease}
		w.log.Info("address added", "vip", op.Address.Prefix, "iface", op.Address.Link, "lease", op.Lease)
	case Renew:
		w.grants[op.Address] = grant{at: now, lease: want.Present[op.Address].Lease}
	case Delete:
		delete(w.grants, op.Address)
		w.log.Info("address removed", "vip", op.Address.Prefix, "iface", op.Address.Link)
	}
	return nil
}

// failed remembers a failure, sets its next attempt, and logs it once per
// reason. An interface that is missing has no attempt of its own: each pass
// looks, and its coming wakes one.
func (w *worker) failed(now time.Time, want Want, op Op, err error) {
	err = fmt.Errorf("%s address %s on %s: %w", op.Kind, op.Address.Prefix, op.Address.Link, err)
	t, again := w.troubles[op.Address]
	news := !again || t.err.Error() != err.Error()
	if !again {
		t.since = now
	}
	t.err = err
	missing := errors.Is(err, ErrNoLink)
	if missing {
		t.failures, t.retry = 0, time.Time{}
	} else {
		t.failures++
		t.retry = now.Add(retryAfter(t.failures, want.Present[op.Address].Lease))
	}
	w.troubles[op.Address] = t
	if !news {
		return
	}
	if missing {
		w.log.Warn("address waits for its interface", "vip", op.Address.Prefix, "iface", op.Address.Link)
	} else {
		w.log.Error("cannot set address", "op", op.Kind, "vip", op.Address.Prefix, "iface", op.Address.Link, "err", err)
	}
}

// renewBlindly renews what is due although the kernel's list could not be read:
// a lease does not wait for that.
func (w *worker) renewBlindly(now time.Time, want Want) {
	granted := map[Address]Spec{}
	have := map[Address]State{}
	for a, g := range w.grants {
		if spec, ok := want.Present[a]; ok && w.owned[a] {
			granted[a] = spec
			have[a] = State{Forever: g.lease == 0}
		}
	}
	due := leaseDue(now, granted, w.grants)
	ops := Diff(have, Want{Present: granted}, w.owned, due)
	for _, op := range w.ready(now, ops) {
		if op.Kind == Renew {
			w.do(now, want, op)
		}
	}
}
