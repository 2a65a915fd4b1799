// Package node runs virtual routers: one goroutine each around a vrrp.Machine, and one raw socket with one reader
// goroutine per interface for all of them.
//
// Who does what
//
//   - A node goroutine owns one machine, one timer and one mailbox. It steps the machine, sends adverts itself without
//     waiting, and publishes what changed behind an atomic pointer. It takes no lock that other work holds, writes no log,
//     and makes no blocking call: an election that waits for a disk or for netlink is lost.
//   - A wire is one interface's socket. Its goroutine opens the socket, reads it, checks what can be checked without the
//     machine (TTL, destination, form, checksum, VRID), counts what it drops by reason, and hands the rest to mailboxes
//     that never make it wait. It opens the socket again after an error, at once and then with growing pauses.
//   - The Runner compares what is wanted (Set, SetLinks, HoldPreempt: slots of which the latest wins) with what runs. It
//     starts and stops nodes and wires and is the only one that does.
//
// Transitions are not logged here. Each has a sequence number in Status.Recent; the caller that is woken by
// Options.Changed logs those that it has not seen.
//
// # Time
//
// Deadlines are read against time.Now's monotonic clock, CLOCK_MONOTONIC on Linux. It does not run while the machine is
// suspended, and neither does the kernel's clock of address lifetimes: after a suspend the machine goes on as if no time
// had passed, which on a server happens to nobody, and is put right by the first advert that is heard. CLOCK_BOOTTIME
// would see a suspend, but not a paused virtual machine, whose clocks all stop; so it is not used.
//
// The Go runtime sleeps in epoll_wait, which counts in milliseconds: a deadline is met within about one millisecond on
// an idle machine. Status.Lateness shows what it was.
//
// A goroutine that finds its deadline passed by more than slack was not scheduled, or nothing was, and adverts may lie
// unread in the socket. Silence is judged only after the wire's goroutine has emptied the socket (or after grace).
//
// # Who may call it
//
// The director alone: NewRunner, then Run in one goroutine. All other methods may be called from any goroutine at any
// time, before Run too, and do not wait. Sources: RFC 9568 sections 5 to 7, ip(7), raw(7), socket(7).
package node
