package vrrp

import (
	"net/netip"
	"time"
)

// Event is something that happened to a virtual router. The set is closed.
type Event interface{ isEvent() }

// Startup starts the router (RFC 9568, 6.4.1). It does nothing in a router that
// runs already.
type Startup struct {
	// Source is the address that adverts are sent from: the primary one of the
	// interface. It breaks ties.
	Source netip.Addr
	// Listen opens the adoption window when it is over 0: for this long the
	// router, in Backup, only listens; if no Active is heard by then, it
	// becomes Active with ReasonAdopted. Hearing one ends the window, and from
	// then on the router is a Backup like any other, as it is when the window's
	// end is noticed late. For a daemon that was started again while its
	// addresses still stand: the smaller of their remaining lease and one
	// interval.
	Listen time.Duration
}

// Shutdown stops the router (RFC 9568, 6.4.2 and 6.4.3).
type Shutdown struct{}

// Timer says that the deadline may have passed. Too early, it does nothing.
type Timer struct{}

// Received is an advert that passed Parse and the TTL check. What
// Config.Accept refuses is ignored.
type Received struct {
	From   netip.Addr
	Advert Advert
}

// Reconfigure changes the configuration of a router in any state. The role is
// kept. An Active whose adverts change sends one at once. An equal Config does
// nothing. The VRID is not changed: another VRID is another Machine.
type Reconfigure struct{ Config Config }

// SetPriority sets the effective priority, as tracking computes it, over the
// configured one: 1 to 254, larger values mean 254. 0 withdraws it. It stands
// until withdrawn, also through Reconfigure. The priority of an owner (255)
// does not move. The role is kept: what follows from it follows by the ordinary
// rules, from the next advert on.
type SetPriority struct{ Priority uint8 }

// HoldPreempt, while on, treats Preempt as false: a living Active of lower
// priority is left in peace. Silence still makes this router Active, and the
// owner is not bound by it, as it is not bound by Preempt.
//
// After its release the ordinary rule holds: adverts of lower priority are
// discarded, and the Active_Down_Timer, started by the last one heard, runs out
// within one Active_Down_Interval. Nothing would be won by hurry: the Active
// serves meanwhile, the delay costs no packet, and of several candidates
// released together the highest still comes first, by its skew.
type HoldPreempt struct{ On bool }

// LinkDown puts the router in Fault. An Active says so with priority 0 first:
// that helps where the unusable link is not the one that carries adverts.
type LinkDown struct {
	// Why is for people: "eth1 is down". View carries it.
	Why string
}

// LinkUp ends Fault, as Startup without a window. In a running router it only
// tells the new source address.
type LinkUp struct{ Source netip.Addr }

// Stalled says that this process did not run for a while that the machine's
// clock may not show. An Active steps down and listens; a Backup listens on
// before it believes a silence. The machine sees most stalls by itself: see
// Machine.Step.
type Stalled struct{}

func (Startup) isEvent()     {}
func (Shutdown) isEvent()    {}
func (Timer) isEvent()       {}
func (Received) isEvent()    {}
func (Reconfigure) isEvent() {}
func (SetPriority) isEvent() {}
func (HoldPreempt) isEvent() {}
func (LinkDown) isEvent()    {}
func (LinkUp) isEvent()      {}
func (Stalled) isEvent()     {}

// Effect is something that the driver has to do. The set is closed, and the
// order of effects is part of the contract: a router that becomes Active sends
// its advert before the change of state moves addresses (erratum 7949), and one
// that stops says priority 0 before it lets go.
type Effect interface{ isEffect() }

// Send sends an advert from the router's source address. Advert.Addresses is
// shared and must not be written to.
type Send struct{ Advert Advert }

// Become tells of a change of state that has happened. From and To differ.
type Become struct {
	From, To State
	Reason   Reason
}

func (Send) isEffect()   {}
func (Become) isEffect() {}
