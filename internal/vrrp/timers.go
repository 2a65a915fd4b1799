package vrrp

import "time"

// wait is what the one timer of the machine measures.
type wait uint8

const (
	waitAdvert wait = iota // Active: the Adver_Timer
	waitDown               // Backup: the Active_Down_Timer at Active_Down_Interval
	waitSkew               // Backup: the Active_Down_Timer at Skew_Time, after priority 0
	waitAdopt              // Backup: the adoption window
	waitAgain              // Backup: the timer was noticed late; one more look
)

// timer is kept as when it was started and what it measures, so that a change
// of priority or interval moves the deadline by itself.
type timer struct {
	start     time.Time
	wait      wait
	listen    time.Duration // for waitAdopt
	discarded bool          // an Active of lower priority was heard while it ran
}

func (m *Machine) arm(start time.Time, w wait) { m.timer = timer{start: start, wait: w} }

// length is how long a timer runs.
func (m *Machine) length(t timer) time.Duration {
	switch t.wait {
	case waitAdvert:
		return m.cfg.Interval
	case waitSkew:
		return m.skewTime()
	case waitAdopt:
		return t.listen
	case waitAgain:
		// A living Active speaks within an interval; the skew keeps two
		// Backups apart that were frozen together, as on one host.
		return m.activeAdver() + m.skewTime()
	case waitDown:
	}
	return m.activeDownInterval()
}

// activeAdver is Active_Adver_Interval (RFC 9568, 6.1): that of the Active that
// is followed, else our own.
func (m *Machine) activeAdver() time.Duration {
	if m.learnt != 0 {
		return m.learnt
	}
	return m.cfg.Interval
}

// skewTime is Skew_Time (RFC 9568, 6.1): under one Active_Adver_Interval, and
// less for a higher priority. In nanoseconds, where the RFC has centiseconds:
// at an interval of 10 ms its unit would put all priorities at the same time.
func (m *Machine) skewTime() time.Duration {
	return time.Duration(256-int(m.priority())) * m.activeAdver() / 256
}

// activeDownInterval is Active_Down_Interval (RFC 9568, 6.1).
func (m *Machine) activeDownInterval() time.Duration { return 3*m.activeAdver() + m.skewTime() }

// priority is the effective one. That of an owner does not move.
func (m *Machine) priority() uint8 {
	if m.override == 0 || m.owner() {
		return m.cfg.Priority
	}
	return m.override
}

func (m *Machine) owner() bool { return m.cfg.Priority == PriorityOwner }

// preempts is Preempt_Mode as it counts now. The owner preempts whatever it
// says (RFC 9568, 6.1).
func (m *Machine) preempts() bool { return m.owner() || m.cfg.Preempt && !m.hold }
