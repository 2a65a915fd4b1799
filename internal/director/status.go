package director

import (
	"time"
)

// Status is everything a director knows of itself at one moment: what `lbha status` prints and GET /v1/status
// returns. It is a value; nothing in it changes after it was handed out. The JSON names are stable.
type Status struct {
	Version  string    `json:"version"`
	Director string    `json:"director"`
	PID      int       `json:"pid"`
	Started  time.Time `json:"started"`
	Now      time.Time `json:"now"`
	Config   FileInfo  `json:"config"`

	Routers  []RouterStatus  `json:"routers"`
	Services []ServiceStatus `json:"services"`
	Sysctls  []SysctlStatus  `json:"sysctls"`
	// Problems are the things that keep this director from doing what its file says, each a sentence.
	Problems []string `json:"problems"`
}

// FileInfo says which configuration is running.
type FileInfo struct {
	Files []string `json:"files"`
	Hash  string   `json:"hash"` // SHA-256 over all files, hexadecimal
}

// RouterStatus is one virtual router as this director sees it.
type RouterStatus struct {
	Name      string    `json:"name"`
	VRID      uint8     `json:"vrid"`
	Interface string    `json:"interface"`
	State     string    `json:"state"` // initialize, backup, active, fault
	Since     time.Time `json:"since"`
	Reason    string    `json:"reason"`
	Fault     string    `json:"fault,omitempty"` // why it cannot run, while in fault
	Priority  uint8     `json:"priority"`
	Interval  float64   `json:"advertisement_interval_seconds"`
	Preempt   string    `json:"preempt"` // on, off, held

	Active   *PeerStatus     `json:"active,omitempty"` // the director that was last heard as Active
	Adverts  AdvertStatus    `json:"advertisements"`
	Lateness LatenessStatus  `json:"lateness"`
	VIPs     []AddressStatus `json:"addresses"`
}

// PeerStatus is what the last advertisement of the other Active said.
type PeerStatus struct {
	Address  string  `json:"address"`
	Priority uint8   `json:"priority"`
	Interval float64 `json:"advertisement_interval_seconds"`
	Checksum string  `json:"checksum"` // rfc9568 or pseudo_header
}

// AdvertStatus counts advertisements since this director started.
type AdvertStatus struct {
	Sent      uint64            `json:"sent"`
	Received  uint64            `json:"received"`
	Dropped   map[string]uint64 `json:"dropped"` // by reason; reasons that never occurred are left out
	SendError string            `json:"send_error,omitempty"`
}

// LatenessStatus is how late own advertisements left, against their deadline.
type LatenessStatus struct {
	Count uint64  `json:"count"`
	Max   float64 `json:"max_seconds"`
}

// AddressStatus is one virtual address on this machine.
type AddressStatus struct {
	Address   string  `json:"address"`
	Interface string  `json:"interface"`
	Present   bool    `json:"present"`       // it is in the kernel
	Lease     float64 `json:"lease_seconds"` // lifetime that the kernel is given at each renewal; 0: for ever
	Announced uint64  `json:"announced"`     // announcement frames sent for it
	Error     string  `json:"error,omitempty"`
}

// ServiceStatus is one virtual server and its pool.
type ServiceStatus struct {
	Name       string         `json:"name"`
	Address    string         `json:"address"`
	Protocol   string         `json:"protocol"`
	Scheduler  string         `json:"scheduler"`
	Forwarding string         `json:"forwarding"`
	InKernel   bool           `json:"in_kernel"`
	Error      string         `json:"error,omitempty"`
	Healthy    int            `json:"healthy_servers"`
	Servers    []ServerStatus `json:"servers"`
}

// ServerStatus is one real server of a service.
type ServerStatus struct {
	Name       string        `json:"name"`
	Address    string        `json:"address"`
	Forwarding string        `json:"forwarding"`
	Verdict    string        `json:"verdict"` // pending, up, down
	Reason     string        `json:"reason"`
	Since      time.Time     `json:"since"`
	Configured int           `json:"configured_weight"`
	InKernel   bool          `json:"in_kernel"`
	Weight     int           `json:"weight"` // what the kernel has; 0 when it is not in the table
	Active     uint32        `json:"connections_active"`
	Inactive   uint32        `json:"connections_inactive"`
	Checks     []CheckStatus `json:"checks"`
}

// CheckStatus is one check of one server.
type CheckStatus struct {
	Name    string    `json:"name"`
	Verdict string    `json:"verdict"`
	Since   time.Time `json:"since"`
	Reason  string    `json:"reason"`  // closed set
	Detail  string    `json:"detail"`  // for a person
	Took    float64   `json:"seconds"` // of the last probe
	Last    time.Time `json:"last"`    // zero: not probed yet
}

// SysctlStatus is one kernel setting that the file needs.
type SysctlStatus struct {
	Key   string `json:"key"`
	Want  string `json:"want"`
	Have  string `json:"have"`
	Why   string `json:"why"`
	Error string `json:"error,omitempty"`
}
