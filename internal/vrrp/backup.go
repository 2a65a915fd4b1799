package vrrp

import "time"

// stepBackup is RFC 9568, 6.4.2. A Timer comes here only when it is due.
func (m *Machine) stepBackup(now time.Time, ev Event) {
	switch ev := ev.(type) {
	case Timer:
		m.activeDown(now)
	case Received:
		m.hearInBackup(now, ev.Advert)
	case Shutdown:
		m.becomeInitialize(now, ReasonShutdown)
	case LinkDown:
		m.why = ev.Why
		m.becomeFault(now, ReasonLinkDown)
	case LinkUp:
		m.source = ev.Source
	case Stalled:
		m.listenAgain(now)
	case Reconfigure:
		m.configure(ev.Config)
	case Startup, SetPriority, HoldPreempt:
	}
}

// activeDown is the Active_Down_Timer firing. Noticed more than an interval
// late, it proves nothing: this process was not scheduled, and adverts may be
// waiting unread. So it listens on, once: a machine that is always late must
// still take over in the end.
func (m *Machine) activeDown(now time.Time) {
	deadline, _ := m.Deadline()
	if m.timer.wait != waitAgain && now.Sub(deadline) > m.activeAdver() {
		m.listenAgain(now)
		return
	}
	m.becomeActive(now, m.takeover())
}

// listenAgain makes a Backup that was stalled hear before it believes. In the
// adoption window there is nothing left to adopt: the lease has run on, and
// another may be Active since, so it starts as a Backup like any other.
func (m *Machine) listenAgain(now time.Time) {
	if m.timer.wait == waitAdopt {
		m.arm(now, waitDown)
		return
	}
	again := timer{start: now, wait: waitAgain}
	if deadline, _ := m.Deadline(); now.Add(m.length(again)).After(deadline) {
		m.timer = again
	}
}

// takeover is why a Backup whose timer ran out becomes Active.
func (m *Machine) takeover() Reason {
	switch {
	case m.timer.wait == waitAdopt:
		return ReasonAdopted
	case m.timer.wait == waitSkew:
		return ReasonPriorityZero
	case m.timer.discarded:
		return ReasonPreempt
	}
	return ReasonTimeout
}

// hearInBackup is an ADVERTISEMENT in Backup.
func (m *Machine) hearInBackup(now time.Time, a Advert) {
	switch {
	case a.Priority == 0:
		// A copy of it must not push out the end of the skew: adverts of
		// priority 0 at a steady rate would keep everybody from taking over.
		if m.timer.wait != waitSkew {
			m.arm(now, waitSkew)
		}
	case !m.preempts() || a.Priority >= m.priority():
		m.learnt = a.Interval
		m.arm(now, waitDown)
	default:
		if m.timer.wait == waitAdopt {
			// An Active lives: no adoption. The timer is the one that an
			// ordinary Startup would have started.
			m.arm(m.timer.start, waitDown)
		}
		m.timer.discarded = true
	}
}
