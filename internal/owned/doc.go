// Package owned remembers what lbha put into the kernel, in one small file
// that survives kill -9 and a restart: /run/lbha/owned.json.
//
// The kernel has no owner tag for an IPVS service, an address or a sysctl.
// So a claim is written here before each first add, and released after the
// thing is gone. A later life of lbha takes back or removes what is claimed,
// and nothing else; what is not in this file belongs to somebody else.
//
// The file must lie where a boot empties it (a tmpfs such as /run): what it
// speaks of does not survive a boot either. For the same reason nothing is
// fsynced. A rename within one folder is atomic for every process that looks,
// and only a loss of power could show the difference, which takes the
// kernel's state with it.
//
// A claim that cannot be written (the disk is full, the folder is gone) is an
// error, and then the caller must not add. Two processes on one file are kept
// apart by the control socket, not here; Open alone writes nothing.
//
// A Store is safe for any number of goroutines. Reads never wait for a write.
// The director opens it and hands it as the ledger to the reconcilers of ipvs,
// vip and sysctl, which know it only through small interfaces of their own.
package owned
