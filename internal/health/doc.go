// Package health finds out which real servers may have traffic.
//
// A [Prober] looks at one server once; there is one file per kind (tcp.go,
// http.go). Its only limit in time is the deadline of its context, which covers
// everything it does. A [Gate] is the pure rule of rise and fall that turns the
// results of one check into a [Verdict]; [Combine] turns the verdicts of one
// server's checks into the server's. A [Checker] is the shell: one goroutine
// that owns all gates and a heap of times, and one short-lived goroutine for
// each probe under way. [RunOnce] runs a set of checks once, for a person.
//
// Whose fault it is decides what a bad result does. A result with Local set is
// the fault of this machine (no descriptors, no memory, no route): the gate
// ignores it, status shows it, no server is taken out for it.
//
// # Callers
//
// The director makes a Checker, hands it the checks of the configuration with
// [Checker.Set] and reads [Checker.Status] whenever the Changed callback has
// told it to look. The command line uses [RunOnce]. Nothing else may import
// this package, and it imports no other room of this module.
//
// # Sources
//
//   - RFC 9110 section 7.2 (Host) and 15 (status codes, interim responses),
//     RFC 9112 section 9.6 (Connection: close)
//   - Linux net/ipv4/af_inet.c, __inet_stream_connect: what connect(2) returns at
//     once was decided on this machine; what it reports later came from the
//     network (see conn_linux.go)
//   - socket(7) SO_LINGER, ip(7) IP_BIND_ADDRESS_NO_PORT
package health
