package vrrp

import (
	"slices"
	"time"
)

// stepActive is RFC 9568, 6.4.3. A Timer comes here only when it is due.
func (m *Machine) stepActive(now time.Time, ev Event) {
	switch ev := ev.(type) {
	case Timer:
		m.advertise(now)
	case Received:
		m.hearInActive(now, ev)
	case Shutdown:
		m.send(now, 0)
		m.becomeInitialize(now, ReasonShutdown)
	case LinkDown:
		m.why = ev.Why
		m.becomeFault(now, ReasonLinkDown)
	case LinkUp:
		m.source = ev.Source
	case Stalled:
		m.becomeBackup(now, ReasonStalled)
	case Reconfigure:
		m.reconfigureActive(now, ev.Config)
	case Startup, SetPriority, HoldPreempt:
	}
}

// advertise is the Adver_Timer firing. The next one counts from when this one
// was due, so that lateness does not add up, unless a whole beat was missed.
func (m *Machine) advertise(now time.Time) {
	m.send(now, m.priority())
	due, _ := m.Deadline()
	if now.Sub(due) >= m.cfg.Interval {
		due = now
	}
	m.arm(due, waitAdvert)
}

// hearInActive is an ADVERTISEMENT in Active.
func (m *Machine) hearInActive(now time.Time, r Received) {
	p := m.priority()
	switch {
	case r.Advert.Priority == 0:
		m.send(now, p)
		m.arm(now, waitAdvert)
	case r.Advert.Priority > p:
		m.yield(now, r.Advert, ReasonHigherPriority)
	case r.Advert.Priority == p && r.From.Compare(m.source) > 0:
		reason := ReasonHigherAddress
		if p == PriorityOwner {
			reason = ReasonRivalOwner
		}
		m.yield(now, r.Advert, reason)
	default:
		// Assert the role to the sender, and to bridges that have learnt the
		// wrong port. The Adver_Timer runs on.
		m.send(now, p)
	}
}

// yield follows the winner of an election, with its interval.
//
// It answers with a last advert of its own first, which the RFC neither asks for
// nor forbids. Where two were Active, as after a cut of the network that has
// healed, the hosts may have learnt the hardware address of this one. The winner
// has to announce its own again, and knows of that only if it hears its rival:
// half of the time its own advert would have silenced the rival before.
func (m *Machine) yield(now time.Time, a Advert, reason Reason) {
	m.send(now, m.priority())
	m.learnt = a.Interval
	m.becomeBackup(now, reason)
}

// reconfigureActive keeps the role. If our adverts change, one goes at once:
// with a longer interval the Backups would otherwise give up on us by the old
// one. The Adver_Timer is only brought forward, never put off, so that a second
// advert at the old pace makes up for the loss of the first.
func (m *Machine) reconfigureActive(now time.Time, cfg Config) {
	deadline, _ := m.Deadline()
	old, was := m.cfg, m.priority()
	m.configure(cfg)
	if cfg.Interval == old.Interval && m.priority() == was && cfg.Checksum == old.Checksum &&
		slices.Equal(cfg.Addresses, old.Addresses) {
		return
	}
	m.send(now, m.priority())
	start := now
	if next := deadline.Add(-cfg.Interval); next.Before(now) {
		start = next
	}
	m.arm(start, waitAdvert)
}
