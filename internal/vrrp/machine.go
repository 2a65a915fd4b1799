package vrrp

import (
	"net/netip"
	"time"
)

// Machine is the state machine of one virtual router (RFC 9568, 6.4). It is a
// plain value behind a pointer: one goroutine drives it. Make it with New.
type Machine struct {
	cfg      Config
	source   netip.Addr // our address on the link, known from Startup or LinkUp
	override uint8      // SetPriority; 0 is none
	hold     bool       // HoldPreempt

	state  State
	since  time.Time
	reason Reason
	why    string // of the last LinkDown

	learnt  time.Duration // interval of the Active that a Backup follows; 0 is none
	timer   timer
	sent    time.Time // when the last advert left, while Active
	heard   Heard     // the last advert of another router since Startup
	effects []Effect  // buffer that Step returns
}

// New returns a machine in Initialize. It has not looked at a clock, and has no
// deadline before Startup. cfg is copied. It must be within the ranges that
// Config gives; the machine does not check them again.
func New(cfg Config) *Machine { return &Machine{cfg: cfg.clone()} }

// Step tells the machine that ev happened at now, and returns what to do about
// it, in order. The slice is valid until the next Step.
//
// If an Active learns from now that no advert of it has left for its
// Active_Down_Interval, then by the RFC's own measure the others may have
// declared it down, and one may be Active. Whatever the event is, it becomes
// Backup with ReasonStalled first, and ev then finds a Backup: nothing is sent
// before it has listened.
func (m *Machine) Step(now time.Time, ev Event) []Effect {
	m.effects = m.effects[:0]
	if m.state == Active && now.Sub(m.sent) > m.activeDownInterval() {
		m.becomeBackup(now, ReasonStalled)
	}
	if m.stepAny(now, ev) {
		return m.effects
	}
	switch m.state {
	case Initialize:
		m.stepInitialize(now, ev)
	case Backup:
		m.stepBackup(now, ev)
	case Active:
		m.stepActive(now, ev)
	case Fault:
		m.stepFault(now, ev)
	}
	return m.effects
}

// stepAny handles what does not depend on the state, and drops what no state
// has to care for. It reports whether ev is dealt with.
func (m *Machine) stepAny(now time.Time, ev Event) bool {
	switch ev := ev.(type) {
	case HoldPreempt:
		m.hold = ev.On
		return true
	case Timer:
		deadline, ok := m.Deadline()
		return !ok || now.Before(deadline)
	case Received:
		if !m.running() || m.cfg.Accept(ev.From, m.source, ev.Advert) != nil {
			return true
		}
		m.heard = Heard{
			From: ev.From, Priority: ev.Advert.Priority, Interval: ev.Advert.Interval,
			At: now, Mismatch: m.cfg.Compare(ev.Advert),
		}
		return false
	case SetPriority:
		m.override = min(ev.Priority, PriorityOwner-1)
		return true
	case Startup, Shutdown, Reconfigure, LinkDown, LinkUp, Stalled:
		return false
	}
	return true
}

func (m *Machine) running() bool { return m.state == Backup || m.state == Active }

// Deadline is when the machine wants its next Timer. Initialize and Fault have
// none: they wait for an event.
func (m *Machine) Deadline() (time.Time, bool) {
	if !m.running() {
		return time.Time{}, false
	}
	return m.timer.start.Add(m.length(m.timer)), true
}

// configure takes a new configuration where it moves nothing but deadlines,
// which follow from it by themselves. The VRID is who this machine is.
func (m *Machine) configure(cfg Config) {
	cfg.VRID = m.cfg.VRID
	m.cfg = cfg.clone()
}

// send emits an advert with the priority given, 0 or our own, and remembers
// that the others have heard from us at now.
func (m *Machine) send(now time.Time, priority uint8) {
	m.sent = now
	m.effects = append(m.effects, Send{Advert{
		VRID: m.cfg.VRID, Priority: priority, Interval: m.cfg.Interval, Addresses: m.cfg.Addresses,
	}})
}

// enter is the one place where the state changes; each becomeX calls it once.
func (m *Machine) enter(now time.Time, to State, reason Reason) {
	m.effects = append(m.effects, Become{From: m.state, To: to, Reason: reason})
	m.state, m.since, m.reason = to, now, reason
}

func (m *Machine) becomeInitialize(now time.Time, reason Reason) {
	m.forget()
	m.enter(now, Initialize, reason)
}

// becomeBackup starts the Active_Down_Timer, at the interval that the caller has
// learnt from a winner, if any.
func (m *Machine) becomeBackup(now time.Time, reason Reason) {
	m.arm(now, waitDown)
	m.enter(now, Backup, reason)
}

// becomeActive advertises before anything else (erratum 7949): the others go
// quiet before the addresses are announced.
func (m *Machine) becomeActive(now time.Time, reason Reason) {
	m.learnt = 0
	m.send(now, m.priority())
	m.arm(now, waitAdvert)
	m.enter(now, Active, reason)
}

// becomeFault says on the way out what an Active that leaves has to say.
func (m *Machine) becomeFault(now time.Time, reason Reason) {
	if m.state == Active {
		m.send(now, 0)
	}
	m.forget()
	m.enter(now, Fault, reason)
}

// forget what was heard, so that a later start begins afresh.
func (m *Machine) forget() {
	m.heard = Heard{}
	m.learnt = 0
}
