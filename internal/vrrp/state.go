package vrrp

// State is the state of a virtual router on this machine (RFC 9568, 6.3).
type State uint8

const (
	// Initialize is the state before Startup and after Shutdown. It has no
	// deadline. It is the zero value.
	Initialize State = iota
	// Backup watches the Active and takes over when it goes silent.
	Backup
	// Active forwards for the virtual addresses and advertises.
	Active
	// Fault takes no part in the election because a link is unusable. It has
	// no deadline: LinkUp ends it. The RFC has no such state; to the others it
	// looks like Initialize.
	Fault
)

// NumStates is the number of states: States are 0 to NumStates-1.
const NumStates = 4

var stateNames = [NumStates]string{"initialize", "backup", "active", "fault"}

// String returns the state as a metric label: "initialize", "backup",
// "active" or "fault".
func (s State) String() string { return label(stateNames[:], int(s)) }

// Reason says why a router changed its state.
type Reason uint8

const (
	// ReasonNone is the reason of a machine that has not moved yet.
	ReasonNone Reason = iota
	// ReasonStartup: the router was started.
	ReasonStartup
	// ReasonShutdown: the router was stopped.
	ReasonShutdown
	// ReasonTimeout: no Active was heard for the Active_Down_Interval.
	ReasonTimeout
	// ReasonPreempt: an Active of lower priority lives and is replaced.
	ReasonPreempt
	// ReasonPriorityZero: the Active said that it leaves.
	ReasonPriorityZero
	// ReasonHigherPriority: another Active has a higher priority.
	ReasonHigherPriority
	// ReasonHigherAddress: another Active has the same priority and the
	// greater address.
	ReasonHigherAddress
	// ReasonOwner: the address owner (priority 255) is Active from the start.
	ReasonOwner
	// ReasonRivalOwner: another owner has the greater address. Two owners on a
	// link are a mistake of configuration (RFC 9568, 8.3.2).
	ReasonRivalOwner
	// ReasonAdopted: nobody was heard in the window of a restart, so the role
	// of the earlier life goes on.
	ReasonAdopted
	// ReasonStalled: this process was not scheduled for so long that another
	// router may have taken over.
	ReasonStalled
	// ReasonLinkDown: a link that the router needs became unusable.
	ReasonLinkDown
	// ReasonLinkUp: the links are usable again.
	ReasonLinkUp
)

// NumReasons is the number of reasons: Reasons are 0 to NumReasons-1.
const NumReasons = 14

var reasonNames = [NumReasons]string{
	"none", "startup", "shutdown", "timeout", "preempt", "priority_zero", "higher_priority",
	"higher_address", "owner", "rival_owner", "adopted", "stalled", "link_down", "link_up",
}

// String returns the reason as a metric label in snake case.
func (r Reason) String() string { return label(reasonNames[:], int(r)) }

// label looks a name up without trusting the value.
func label(names []string, i int) string {
	if i >= len(names) {
		return "unknown"
	}
	return names[i]
}
