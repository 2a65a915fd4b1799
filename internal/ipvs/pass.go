package ipvs

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// rounds is how often one pass reads a service again that turned out to be
// otherwise than it was read a moment ago.
const rounds = 3

// pass is one walk over some services: claim, read, diff, apply.
type pass struct {
	*Reconciler
	want     Table
	owned    map[ServiceKey]bool
	failures map[ServiceKey][]Failure
	steady   map[ServiceKey]bool // what differs is drift
	have     Table               // of the round, kept up with what is applied
	stale    []ServiceKey        // to be read again
	broken   error               // about the kernel as a whole: the pass ends
	done     []Op
}

// pass looks at the services and makes them as wanted. What it finds out is in
// r.run afterwards.
func (r *Reconciler) pass(ctx context.Context, want Table, keys []ServiceKey) {
	p := &pass{
		Reconciler: r, want: want, owned: r.owned(),
		failures: map[ServiceKey][]Failure{}, steady: map[ServiceKey]bool{},
	}
	pending := p.claim(keys)
	for round := 1; len(pending) > 0 && p.broken == nil && ctx.Err() == nil; round++ {
		read := p.read(pending)
		p.stale = nil
		if p.broken == nil {
			p.apply(ctx, read, round == rounds)
		}
		p.remember(read)
		pending = p.stale
	}
	p.logDone()
	p.settle(keys, ctx.Err() != nil)
}

// claim writes each wanted service into the ledger before anything else is
// done about it, and gives those services that are ours.
func (p *pass) claim(keys []ServiceKey) (ours []ServiceKey) {
	for _, key := range keys {
		_, wanted := p.want[key]
		if wanted && !p.owned[key] {
			if err := p.ledger.ClaimService(key.String()); err != nil {
				p.fail(key, Op{}, fmt.Errorf("claim %s: %w", key, err))
				continue
			}
		}
		if wanted || p.owned[key] {
			ours = append(ours, key)
		}
	}
	return ours
}

// read gets services from the kernel and gives those that could be read; the
// ones of them that are there are in p.have.
func (p *pass) read(keys []ServiceKey) (read []ServiceKey) {
	p.have = Table{}
	for _, key := range keys {
		delete(p.failures, key) // of the round before
		svc, err := p.get(key)
		switch {
		case errors.Is(err, ErrNotFound):
		case err != nil && everywhere(err):
			p.broken = err
			return read
		case err != nil:
			p.fail(key, Op{}, err)
			continue
		default:
			p.have[key] = svc
			p.adopt(key)
		}
		read = append(read, key)

		m, want := p.run.services[key], p.want[key]
		if m.trusted && m.present && want.equal(m.have, key.AddrFamily()) {
			p.steady[key] = true
		}
	}
	return read
}

// get reads one service. A dump goes on by index, so it loses an entry when
// another program changes the table meanwhile, and does not say so: a server
// that we know and want is missed only if two dumps in a row lack it. (There
// is no request for one server. If both are wrong, adding it says ErrExists.)
func (p *pass) get(key ServiceKey) (svc Service, err error) {
	read := func() error {
		svc, err = p.kernel.Get(key)
		return err
	}
	if err := p.ask(read); err != nil {
		return svc, err
	}
	m := p.run.services[key]
	for dest := range p.want[key].Dests {
		_, known := m.have.Dests[dest]
		if _, there := svc.Dests[dest]; m.trusted && known && !there {
			return svc, p.ask(read)
		}
	}
	return svc, nil
}

func (p *pass) adopt(key ServiceKey) {
	if _, wanted := p.want[key]; wanted && !p.owned[key] {
		p.owned[key] = true
		p.log.Info("service was there already, adopted", "service", key.String())
	}
}

// apply carries out what differs. One failing service does not stop the others,
// and one failing server not the rest of its service.
func (p *pass) apply(ctx context.Context, read []ServiceKey, last bool) {
	want := Table{}
	for _, key := range read {
		if w, ok := p.want[key]; ok {
			want[key] = w
		}
	}
	skip := map[ServiceKey]bool{}
	for _, op := range Diff(p.have, want) {
		if skip[op.Key] {
			continue
		}
		if ctx.Err() != nil {
			return
		}
		err := p.ask(func() error { return p.kernel.Apply(op) })
		stale := errors.Is(err, ErrExists) || errors.Is(err, ErrNotFound)
		switch {
		case err == nil:
			p.note(op)
		case stale && !last:
			p.stale = append(p.stale, op.Key)
			skip[op.Key] = true
		case everywhere(err):
			p.run.operations[op.Kind].Failed++
			p.broken = err
			return
		default:
			p.run.operations[op.Kind].Failed++
			p.fail(op.Key, op, err)
			skip[op.Key] = op.Kind == AddService
		}
	}
}

// note takes an operation that was done into have, and counts it.
func (p *pass) note(op Op) {
	svc := p.have[op.Key]
	switch op.Kind {
	case AddService, UpdateService:
		svc.Spec = op.Spec.normal(op.Key.AddrFamily())
		if op.Kind == AddService {
			svc.Dests = map[netip.AddrPort]DestSpec{}
			svc.Counters = map[netip.AddrPort]Counters{}
		}
	case AddDest:
		svc.Dests[op.Dest], svc.Counters[op.Dest] = op.DestSpec, Counters{}
	case UpdateDest:
		svc.Dests[op.Dest] = op.DestSpec
	case DeleteDest:
		delete(svc.Dests, op.Dest)
		delete(svc.Counters, op.Dest)
	case DeleteService:
	}
	if op.Kind == DeleteService {
		delete(p.have, op.Key)
	} else {
		p.have[op.Key] = svc
	}
	p.run.operations[op.Kind].Done++
	p.done = append(p.done, op)
	if p.steady[op.Key] {
		p.run.drift[driftOf(op.Kind)]++
		p.log.Warn("the kernel's table was changed by another program, repaired",
			"drift", driftOf(op.Kind).String(), "op", op.String())
		p.steady[op.Key] = op.Kind != AddService // a missing service counts once
	}
}

// remember keeps what the kernel now has.
func (p *pass) remember(read []ServiceKey) {
	for _, key := range read {
		m := p.run.services[key]
		m.have, m.present = p.have[key], false
		if _, ok := p.have[key]; ok {
			m.present = true
		}
		m.trusted = p.broken == nil
	}
}

func (p *pass) fail(key ServiceKey, op Op, err error) {
	p.failures[key] = append(p.failures[key], Failure{Service: key, Op: op, Err: err})
}

// settle ends the pass: what failed is due again later, what is gone and not
// wanted is released and forgotten.
func (p *pass) settle(keys []ServiceKey, interrupted bool) {
	now := time.Now()
	if p.broken != nil || interrupted {
		for _, key := range keys {
			p.run.services[key].dirty = true
		}
		if p.broken != nil {
			p.run.failed(p.broken, now)
			p.log.Error("ipvs cannot be used", "err", p.broken, "retry", time.Until(p.run.retry))
		}
		return
	}
	p.run.err, p.run.tries = nil, 0
	for _, key := range keys {
		m := p.run.services[key]
		m.dirty = false
		if _, wanted := p.want[key]; !wanted && len(p.failures[key]) == 0 {
			if p.release(key) {
				delete(p.run.services, key)
				continue
			}
		}
		p.retryLater(m, p.failures[key], now)
	}
}

// release takes a service that is gone out of the ledger. One that was never
// ours is only forgotten.
func (p *pass) release(key ServiceKey) bool {
	if !p.owned[key] {
		return true
	}
	if err := p.ledger.ReleaseService(key.String()); err != nil {
		p.fail(key, Op{}, fmt.Errorf("release %s: %w", key, err))
		return false
	}
	return true
}

func (p *pass) retryLater(m *memory, failures []Failure, now time.Time) {
	known := map[string]bool{}
	for _, f := range m.failures {
		known[f.Err.Error()] = true
	}
	m.failures = failures
	if len(failures) == 0 {
		m.tries = 0
		return
	}
	m.tries++
	m.retry = now.Add(retryAfter(m.tries))
	for i := range failures {
		failures[i].Tries, failures[i].Next = m.tries, m.retry
		if err := failures[i].Err; !known[err.Error()] {
			p.log.Warn("ipvs operation failed, will be tried again", "err", err)
		}
	}
}
