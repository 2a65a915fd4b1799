// Package viptest has a kernel for tests: links and addresses in memory, as
// strict as Linux about what may be done, with lifetimes that run out. It is a
// vip.Kernel and a vip.Monitor, and prints itself as text.
//
// What it keeps of the real one, each point seen on a real kernel and tested
// there by the lab tests of package vip: an address is ErrExists if it is
// there (an IPv6 one also with another prefix length), ErrNotThere if not,
// ErrNoLink on an unknown link, ErrPermission without the privilege. A second
// IPv4 address of a subnet is secondary, and goes with the first unless
// PromoteSecondaries is set. A link that goes takes its addresses along, and
// comes back with another index.
//
// Its clock is time.Now unless told otherwise, so in a testing/synctest bubble
// lifetimes run on the bubble's clock. It is safe for several goroutines.
package viptest
