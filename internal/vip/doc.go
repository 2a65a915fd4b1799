// Package vip puts virtual addresses on links and takes them off, and watches
// the links they live on.
//
// The Reconciler makes the kernel match a Want: it reads the kernel, computes
// what differs with the pure Diff, carries it out, and looks again on a timer
// and whenever it is woken. Addresses are leased: each is given to the kernel
// with a lifetime (valid_lft, whole seconds) and renewed each third of it, so
// that a director that is killed, frozen or wedged loses its addresses by the
// kernel's own clock. The Reconciler's goroutine does nothing else, because a
// renewal that waits behind other work is an outage.
//
// An address is ours if the ledger says so (package owned, handed in as a
// Ledger). It is claimed there before it is first added and released after it
// is gone. Addresses of other owners are never renewed, changed or removed. If
// one of them equals an address that is wanted, it serves as it is and the
// Status says that it will not move (see ProblemForeign).
//
// The Watch publishes what the links are: up, carrier, index, addresses.
//
// Sources: ip-address(8), rtnetlink(7), and in the Linux kernel net/ipv4/devinet.c
// and net/ipv6/addrconf.c, of which these facts are used:
//   - valid_lft 4 ends 4.0 to 4.9 s after it was set; a dump tells what is left
//     in whole seconds, rounded up.
//   - RTM_NEWADDR with NLM_F_REPLACE renews a lifetime without a moment in which
//     the address is away, for IPv4 and IPv6.
//   - When the first IPv4 address of a subnet on a link goes, also by its
//     lifetime, the kernel removes the others of that subnet (the secondary
//     ones) too, unless promote_secondaries is set. So each pass that removed
//     something looks again at once.
//   - An IPv6 address with a preferred lifetime of 0 is not chosen as a source
//     for connections; with nodad it serves at once.
//
// Who may call it: the director, which owns one Reconciler and one Watch and
// runs each in a goroutine of its own. The Kernel is used by one goroutine at a
// time: by the director before it starts the Reconciler (to find what an
// earlier life left), from then on by the Reconciler alone.
package vip
