package ipvs

import "time"

// Kernel is an IPVS table that can be read and changed. It belongs to one
// goroutine at a time.
type Kernel interface {
	// List reads everything, also what belongs to others.
	List() (Table, error)
	// Get reads one service with its servers. ErrNotFound: there is none, and
	// that is certain, unlike a service's absence from List.
	Get(ServiceKey) (Service, error)
	// Apply makes one change. An error is about this operation, unless it is
	// ErrNoIPVS, ErrReloaded, ErrPermission or ErrTimeout.
	Apply(Op) error
}

// patience is how long the kernel may take for one answer.
const patience = 5 * time.Second

// bounded runs f, and calls abort if f takes longer than the limit. abort must
// make f return; then the error is ErrTimeout, whatever f says.
func bounded(limit time.Duration, abort func(), f func() error) error {
	timer := time.AfterFunc(limit, abort)
	err := f()
	if !timer.Stop() {
		return ErrTimeout
	}
	return err
}
