package vrrp

import (
	"slices"
	"time"
)

// configure takes a new configuration where it moves nothing but deadlines,
// which follow from it by themselves. An interval that was learnt from an
// Active stays; our own, standing in for it, gives way to the new one.
func (m *Machine) configure(cfg Config) {
	if !m.learnt() {
		m.activeAdver = cfg.Interval
	}
	m.cfg = cfg.clone()
}

// learnt reports whether the Active_Adver_Interval is another router's.
func (m *Machine) learnt() bool {
	return m.state == Backup && m.heard.Priority != 0 && !m.timer.start.Before(m.heard.At)
}

// reconfigureActive keeps the role. If our adverts change, one goes at once:
// with a longer interval the Backups would otherwise give up on us by the old
// one. The Adver_Timer is only brought forward, never put off, so that a second
// advert at the old pace makes up for the loss of the first.
func (m *Machine) reconfigureActive(now time.Time, cfg Config) {
	deadline, _ := m.Deadline()
	old, was := m.cfg, m.priority()
	m.cfg = cfg.clone()
	m.activeAdver = cfg.Interval
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
