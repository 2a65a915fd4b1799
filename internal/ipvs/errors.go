package ipvs

import "errors"

// What a Kernel answers, for errors.Is. The text of each ends the sentence
// "add tcp 192.0.2.1:80 rr: …".
var (
	// ErrExists: the service or the server is there already (EEXIST).
	ErrExists = errors.New("it is there already")
	// ErrNotFound: there is no such service (ESRCH) or server (ENOENT).
	ErrNotFound = errors.New("it is not there")
	// ErrInvalid: it can never work as it is written. Also what the kernel
	// refuses with EINVAL or ERANGE and nothing better is known.
	ErrInvalid = errors.New("invalid")
	// ErrNoIPVS: the kernel has no generic-netlink family "IPVS".
	ErrNoIPVS = errors.New("the kernel has no IPVS: load it with 'modprobe ip_vs'")
	// ErrReloaded: ip_vs was unloaded and loaded again, and moby/ipvs keeps the
	// family's old number for the life of the process.
	ErrReloaded = errors.New("the kernel's ip_vs was unloaded and loaded again: start lbha again")
	// ErrPermission: EPERM.
	ErrPermission = errors.New("the kernel does not permit it: IPVS needs root or CAP_NET_ADMIN")
	// ErrLoopback: EINVAL for a server while lo is down. Before an interface
	// of the namespace is up for the first time there is no local route table,
	// and without it the kernel takes every address for a broadcast.
	ErrLoopback = errors.New("the kernel refuses servers while the loopback interface is down: run 'ip link set lo up'")
	// ErrTimeout: no answer. Whether it was done is not known.
	ErrTimeout = errors.New("the kernel does not answer")
)

// ErrScheduler is a scheduler, or a persistence engine, that this kernel
// lacks (ENOENT for a service). Use errors.As.
type ErrScheduler struct {
	Name   string // the scheduler
	Engine string // the persistence engine, if the service has one: then either may be missing
}

// Error says which module would bring it.
func (e ErrScheduler) Error() string {
	if e.Engine != "" {
		return "the kernel lacks scheduler " + e.Name + " (module ip_vs_" + e.Name +
			") or persistence engine " + e.Engine + " (module ip_vs_pe_" + e.Engine + ")"
	}
	return "the kernel lacks scheduler " + e.Name + ": it is in the module ip_vs_" + e.Name
}

// everywhere reports whether err says something about the kernel as a whole,
// so that trying the next service would only say it again.
func everywhere(err error) bool {
	return errors.Is(err, ErrNoIPVS) || errors.Is(err, ErrReloaded) ||
		errors.Is(err, ErrPermission) || errors.Is(err, ErrTimeout)
}
