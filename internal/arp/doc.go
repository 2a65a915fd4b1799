// Package arp tells the neighbours on a link that an address has moved here:
// gratuitous ARP for IPv4.
//
// An address is announced by a burst of one ARP request and one ARP reply, both
// broadcast, since some systems learn from the one form only and some from the
// other. A new claim's burst goes out at once, and [Schedule] says when it is
// repeated.
//
// # Sources
//
// RFC 826 (packet), RFC 5227 section 2.3 (announcement), RFC 9568 section 6.4.1
// (what a router sends on becoming Active). From Linux's net/ipv4/arp.c:
//
//   - an entry that was updated less than locktime (1 s) ago is overridden only
//     by gratuitous ARP: sender and target address are equal and, in a reply,
//     the target hardware address is the sender's. A reply to
//     ff:ff:ff:ff:ff:ff is an ordinary one, and lost in that second;
//   - entries are updated, never made, by gratuitous ARP (arp_accept is 0).
//
// A packet socket reports a link that is administratively down (ENETDOWN) or
// gone (ENODEV, ENXIO), but not one without a carrier: there the frames are lost
// without an error. So the caller withdraws its claims when a link fails and
// sets them again when it is back; an index or a hardware address that changed
// makes another claim by itself. A link is back when its operational state is up
// (IFLA_OPERSTATE): the carrier flag (IFF_LOWER_UP) is set up to 1 s before the
// kernel lets the link's queue run, and until then frames are lost too.
//
// # Callers
//
// The director alone makes an [Announcer], maps roles and links to claims, and
// calls Set only for addresses that are in the kernel: an announcement before
// that draws traffic that nobody takes. Set and Status may be called from any
// goroutine. Frames and Schedule are pure.
package arp
