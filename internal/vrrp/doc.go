// Package vrrp is VRRP version 3 (RFC 9568) as values: a codec for its
// advertisements and the state machine of one virtual router.
//
// It is pure. It opens no socket, reads no clock, starts no goroutine and
// writes no log; a test over its imports and its syntax keeps it so. Whoever
// drives it (internal/vrrp/node, a simulator, a test) says what happened and
// when, and carries out what comes back:
//
//	effects := machine.Step(now, event)
//	deadline, ok := machine.Deadline()
//
// Names are the RFC's: Initialize, Backup, Active, Active_Adver_Interval,
// Skew_Time, Active_Down_Interval. Fault is ours: a link is unusable, and the
// router takes no part until it is back.
//
// # Time
//
// The caller's now must come from one clock that is never stepped and that
// goes on while the process is stopped. time.Now is that clock on Linux: its
// monotonic reading is CLOCK_MONOTONIC, which runs through SIGSTOP, a starved
// scheduler and a long page fault. It does not run through a suspend of the
// machine, nor through a pause of a virtual machine whose hypervisor stops the
// guest's clock. Who can see such a gap (CLOCK_BOOTTIME ahead of
// CLOCK_MONOTONIC) reports it with the event Stalled. Times without a
// monotonic reading, from time.Date or after Round, follow the wall clock and
// must not be used outside tests.
//
// Deadlines are absolute. A Timer that comes early, twice or for a deadline
// that has moved changes nothing, so the driver needs no care in stopping
// timers. Packets that are already in the socket should be given before the
// Timer: what was heard decides, not which of the two was read first.
//
// # Where it goes beyond the RFC
//
// A router that was not scheduled for so long that the others may have
// declared it down does not speak before it has listened (see Stalled). One
// that was started again in time may take its role back after a short window
// (see Startup). One that is not ready to serve leaves a living Active alone
// (see HoldPreempt). A repeated advertisement of priority 0 does not restart
// the skew that the first one started. A link failure while Active is said to
// the others with priority 0, which still gets through when the link that
// failed is not the one that adverts travel on.
//
// # Who calls it
//
// internal/vrrp/node drives one Machine per virtual router from one goroutine;
// nothing else calls Step. The director reads View values and the enumerations.
package vrrp
