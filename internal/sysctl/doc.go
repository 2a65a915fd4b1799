// Package sysctl sets the kernel settings that a configuration needs and gives
// them back afterwards.
//
// A setting is written only where the kernel has another value. Before the
// first write its original value goes to a [Ledger], which must survive the
// process (kill -9 included). A later start finds the entry there, keeps that
// first original, and [Manager.Restore] puts it back, but only if the value is
// still the one that was set: what somebody else has changed since then is left
// to them, and said.
//
// # The ledger
//
// The store of /run/lbha/owned.json implements it with exactly these methods,
// in plain strings, so that neither package imports the other:
//
//	ClaimSysctl(key, original, ours string) error // upsert: a known key keeps its original, ours is replaced
//	ReleaseSysctl(key string) error               // an unknown key is no error
//	EachSysctl(func(key, original, ours string))  // in any order
//
// # Keys
//
// Keys are those of sysctl(8): if the first separator is a dot, dots separate
// and a slash stands for a dot within a name
// (net.ipv4.conf.eth0/100.promote_secondaries is interface eth0.100); if it is a
// slash, slashes separate and dots are themselves. The ledger, statuses and
// messages have the dotted form.
//
// # Sources
//
// sysctl(8) and sysctl.d(5) for keys; proc(5) and the kernel's
// Documentation/networking/ip-sysctl.rst for values. /proc/sys/net shows the
// network namespace of the calling thread. One write(2) carries the whole
// value: a second one at another offset is ignored or refused
// (kernel.sysctl_writes_strict).
//
// # Callers
//
// A [Manager] belongs to one goroutine, the director's; it starts none. Status
// may be called from anywhere.
package sysctl
