package ipvs

import (
	"time"
)

// Status is what a Reconciler knows. It is never changed after it was
// published.
type Status struct {
	// Synced is when everything wanted was last seen in the kernel, and
	// nothing else in our services. Zero: never.
	Synced time.Time
	// Err is what keeps the kernel as a whole from being read or written:
	// ErrNoIPVS, ErrReloaded, ErrPermission or ErrTimeout. The last of them is
	// also set while a call has not come back. nil: it answers.
	Err error
	// Failures are the operations that did not succeed when they were last
	// tried, in the order of services.
	Failures []Failure
	// Have are our services as last read from the kernel, with connections
	// counted.
	Have Table
	// Drift counts what others changed and was repaired, by DriftKind.
	Drift [NumDriftKinds]uint64
	// Operations counts what was done and what failed, by OpKind.
	Operations [NumOpKinds]OpCount
}

// Failure is something that could not be done for one service. It is tried
// again at Next.
type Failure struct {
	Service ServiceKey
	Op      Op    // zero if reading the service or writing the ledger failed
	Err     error // says the operation too
	Tries   int   // in a row, for this service
	Next    time.Time
}

// OpCount counts operations of one kind.
type OpCount struct{ Done, Failed uint64 }

// DriftKind is a way in which the kernel came to differ from what we applied,
// although what is wanted did not change.
type DriftKind uint8

// Kinds of drift.
const (
	ServiceMissing DriftKind = iota // its servers are not counted besides
	ServiceChanged
	ServerMissing
	ServerExtra
	ServerChanged

	NumDriftKinds = iota // how many there are
)

// String gives service_missing, service_changed, server_missing, server_extra
// or server_changed: labels for metrics.
func (k DriftKind) String() string {
	switch k {
	case ServiceMissing:
		return "service_missing"
	case ServiceChanged:
		return "service_changed"
	case ServerMissing:
		return "server_missing"
	case ServerExtra:
		return "server_extra"
	case ServerChanged:
		return "server_changed"
	}
	return "drift(" + utoa(uint64(k)) + ")"
}

// driftOf says which drift an operation repairs. A service that is wanted is
// never deleted.
func driftOf(k OpKind) DriftKind {
	switch k {
	case AddService:
		return ServiceMissing
	case UpdateService:
		return ServiceChanged
	case AddDest:
		return ServerMissing
	case UpdateDest:
		return ServerChanged
	case DeleteDest, DeleteService:
	}
	return ServerExtra
}

const (
	retryFirst = 100 * time.Millisecond
	retryMost  = 5 * time.Second
)

// retryAfter gives the pause after the nth failure in a row, from 1: 100 ms,
// doubled each time up to 5 s.
func retryAfter(n int) time.Duration {
	d := retryFirst
	for ; n > 1 && d < retryMost; n-- {
		d *= 2
	}
	return min(d, retryMost)
}
