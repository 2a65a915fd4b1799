package vrrp

import (
	"net/netip"
	"time"
)

// stepInitialize is RFC 9568, 6.4.1.
func (m *Machine) stepInitialize(now time.Time, ev Event) {
	switch ev := ev.(type) {
	case Startup:
		m.start(now, ev.Source, ev.Listen, ReasonStartup)
	case LinkDown:
		m.why = ev.Why
		m.becomeFault(now, ReasonLinkDown)
	case LinkUp:
		m.source = ev.Source
	case Reconfigure:
		m.configure(ev.Config)
	case Shutdown, Stalled, Timer, Received, SetPriority, HoldPreempt:
	}
}

// start is the body of 6.4.1: the owner is Active at once, anybody else listens.
func (m *Machine) start(now time.Time, source netip.Addr, listen time.Duration, reason Reason) {
	m.source = source
	if m.owner() {
		m.becomeActive(now, ReasonOwner)
		return
	}
	m.becomeBackup(now, reason)
	if listen > 0 {
		m.timer = timer{start: now, wait: waitAdopt, listen: listen}
	}
}

// stepFault waits for the link. What is set meanwhile is kept.
func (m *Machine) stepFault(now time.Time, ev Event) {
	switch ev := ev.(type) {
	case LinkUp:
		m.start(now, ev.Source, 0, ReasonLinkUp)
	case Startup:
		m.start(now, ev.Source, ev.Listen, ReasonStartup)
	case LinkDown:
		m.why = ev.Why
	case Shutdown:
		m.becomeInitialize(now, ReasonShutdown)
	case Reconfigure:
		m.configure(ev.Config)
	case Stalled, Timer, Received, SetPriority, HoldPreempt:
	}
}
