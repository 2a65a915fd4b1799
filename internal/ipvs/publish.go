package ipvs

import (
	"fmt"
	"slices"
	"time"
)

// owned gives the services of the ledger. An entry that is no service is
// another version's: it is left alone.
func (r *Reconciler) owned() map[ServiceKey]bool {
	owned := map[ServiceKey]bool{}
	for _, text := range r.ledger.Services() {
		key, err := ParseServiceKey(text)
		if err != nil {
			r.log.Debug("ledger entry is not understood, left alone", "err", err)
			continue
		}
		owned[key] = true
	}
	return owned
}

// publish makes what Run knows visible, says Changed if there is news, and
// wakes those in Sync.
func (r *Reconciler) publish(now time.Time, generation uint64) {
	clean := r.run.clean()
	if clean {
		r.run.synced = now
	}
	status := &Status{
		Synced: r.run.synced, Err: r.run.err, Failures: r.run.failures(),
		Have: r.run.table(), Drift: r.run.drift, Operations: r.run.operations,
	}
	r.publishing.Lock()
	old := r.status.Swap(status)
	r.publishing.Unlock()
	if news(old, status) {
		r.changed()
	}

	r.mu.Lock()
	if clean {
		r.applied = generation
	}
	close(r.turn)
	r.turn = make(chan struct{})
	r.mu.Unlock()
}

func (s *state) failures() []Failure {
	var all []Failure
	for _, m := range s.services {
		all = append(all, m.failures...)
	}
	slices.SortFunc(all, func(a, b Failure) int {
		if c := a.Service.Compare(b.Service); c != 0 {
			return c
		}
		return a.Op.compare(b.Op)
	})
	return all
}

// news reports whether more than times and counters of connections differ.
func news(a, b *Status) bool {
	return a.Synced.IsZero() != b.Synced.IsZero() ||
		a.Drift != b.Drift || a.Operations != b.Operations || text(a.Err) != text(b.Err) ||
		!slices.EqualFunc(a.Failures, b.Failures, func(a, b Failure) bool {
			return a.Service == b.Service && a.Op == b.Op && text(a.Err) == text(b.Err)
		})
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// ask calls the kernel. If the call does not come back in time, Status says so
// while it hangs: there is nothing else that Run could do.
func (r *Reconciler) ask(f func() error) error {
	r.publishing.Lock()
	r.call++
	call := r.call
	r.publishing.Unlock()

	timer := time.AfterFunc(patience, func() { r.stalled(call) })
	err := f()
	timer.Stop()

	r.publishing.Lock()
	r.call++
	r.publishing.Unlock()
	return err
}

// stalled publishes that a call has not come back, if that is still so.
func (r *Reconciler) stalled(call uint64) {
	r.publishing.Lock()
	still := r.call == call
	if still {
		status := *r.status.Load()
		status.Err = fmt.Errorf("%w: a call has not come back for %s", ErrTimeout, patience)
		r.status.Store(&status)
	}
	r.publishing.Unlock()
	if still {
		r.changed()
	}
}

// logDone logs operations one by one if they are few.
func (p *pass) logDone() {
	const few = 20
	if len(p.done) > few {
		p.log.Info("ipvs table changed", "operations", len(p.done))
	}
	for _, op := range p.done {
		if len(p.done) > few {
			p.log.Debug("ipvs operation", "op", op.String())
		} else {
			p.log.Info("ipvs operation", "op", op.String())
		}
	}
}
