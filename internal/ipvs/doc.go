// Package ipvs makes the kernel's IPVS table match a wanted one.
//
// It has three parts. The model (Table, Service, ServiceSpec, DestSpec) and
// Diff are plain values and a pure function. The Reconciler reads the kernel,
// asks Diff what is missing and applies it, again and again. Open gives the
// real kernel behind the Kernel interface; package ipvstest has a fake that is
// as strict.
//
// # Who may call it from where
//
// A Kernel belongs to one goroutine at a time: after NewReconciler it is the
// one that runs (*Reconciler).Run. Set, Sync and Status may be called from
// anywhere. Diff and the model are safe everywhere; a Table that was handed to
// Set or came from Status must not be changed any more.
//
// # What it costs
//
// The truth is always read from the kernel before anything is written, but
// only as much of it as is in question. Set compares the new wanted table with
// the one before (no kernel call) and reads and repairs just the services that
// differ: one request for the service and one dump of its servers. So one
// verdict among 10,000 servers in 50 services reads 200 servers and writes
// once. Everything of ours is read once each Options.Resync, one service after
// the other, with what Set brought in between; that is also how changes by
// others are found, because IPVS sends no events.
//
// # Sources
//
// ipvsadm(8) for the words; linux/ip_vs.h for the generic-netlink family
// "IPVS"; net/netfilter/ipvs/ip_vs_ctl.c for what the kernel refuses and with
// which errno. Services are written by github.com/moby/ipvs; everything else
// is said in our own codec, because that library cannot say it (an address
// family, a tunnel, 64-bit counters) and reads gue and gre back as ipip.
package ipvs
