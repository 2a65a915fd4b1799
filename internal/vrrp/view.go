package vrrp

import (
	"net/netip"
	"time"
)

// Heard is the last advert of another router, whether it was followed,
// answered or discarded. The zero value says that none was heard since the
// router started or its link came back.
type Heard struct {
	From     netip.Addr
	Priority uint8
	Interval time.Duration
	At       time.Time
	Mismatch Mismatch // what was odd about it
}

// View is what can be said about a router at one moment. It is a value: it does
// not change after it was taken.
type View struct {
	State  State
	Since  time.Time // when State was entered; zero before the first change
	Reason Reason    // why State was entered
	// Why is what LinkDown said, for people; set in Fault only.
	Why string
	// Priority is the effective one: as configured, or as SetPriority has it.
	Priority uint8
	// Preempt is Preempt_Mode as it counts now: configured, and not held.
	Preempt bool
	// Source is our own address on the link.
	Source netip.Addr

	// Active is who is Active as far as this router knows: itself, or in
	// Backup the sender of the last advert. Not valid if there is none, or if
	// the Active has said that it leaves.
	Active netip.Addr
	// ActivePriority is the priority that Active advertises; 0 if there is none.
	ActivePriority uint8
	// ActiveAdverInterval is the RFC's Active_Adver_Interval: that of the
	// Active that is followed, else our own.
	ActiveAdverInterval time.Duration
	// ActiveDownInterval is how long a silence of the Active is borne.
	ActiveDownInterval time.Duration

	// Adopting is true in the adoption window: see Startup. The addresses of
	// the earlier life are kept for as long as it is true.
	Adopting bool
	// Heard is the last advert of another router. In an Active, one that is
	// not old means a rival.
	Heard Heard
}

// View returns what status needs.
func (m *Machine) View() View {
	v := View{
		State:               m.state,
		Since:               m.since,
		Reason:              m.reason,
		Priority:            m.priority(),
		Preempt:             m.preempts(),
		Source:              m.source,
		ActiveAdverInterval: m.activeAdver(),
		ActiveDownInterval:  m.activeDownInterval(),
		Heard:               m.heard,
	}
	switch m.state {
	case Active:
		v.Active, v.ActivePriority = m.source, v.Priority
	case Backup:
		v.Adopting = m.timer.wait == waitAdopt
		// What was heard in an earlier state says nothing about now.
		if m.heard.Priority != 0 && !m.heard.At.Before(m.since) {
			v.Active, v.ActivePriority = m.heard.From, m.heard.Priority
		}
	case Fault:
		v.Why = m.why
	case Initialize:
	}
	return v
}
