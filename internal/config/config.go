package config

import (
	"net/netip"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// DefaultPath is where the configuration is when nobody says otherwise.
const DefaultPath = "/etc/lbha/lbha.hcl"

// DefaultSocket and DefaultGroup are the defaults of the control block.
const (
	DefaultSocket = "/run/lbha/lbha.sock"
	DefaultGroup  = "lbha"
)

// The values of the keys that are one of a closed set.
const (
	ChecksumRFC9568      = "rfc9568"
	ChecksumPseudoHeader = "pseudo_header"

	ProtocolTCP = "tcp"
	ProtocolUDP = "udp"

	ForwardNAT = "nat"
	ForwardDR  = "dr"

	FailureRemove  = "remove"
	FailureQuiesce = "quiesce"

	RequireAll = "all"
	RequireAny = "any"

	CheckTCP  = "tcp"
	CheckHTTP = "http"
)

// OnStop says what becomes of the kernel's IPVS table of our services on exit.
type OnStop string

// The values of on_stop; keep is the default.
const (
	OnStopKeep   OnStop = "keep"
	OnStopRemove OnStop = "remove"
)

// Config is a whole configuration as one director sees it: checked, with every
// default filled in, in the order of the file.
type Config struct {
	// Files are the files read, the main one first, the included ones in the
	// order in which they were merged.
	Files []string
	// Hash is the SHA-256 of these files' bytes one after the other, in hex. For a
	// single file it is what sha256sum prints.
	Hash string

	Directors []Director
	// Self is the element of Directors that this machine is. It is nil only if
	// the file has no director block.
	Self     *Director
	Routers  []Router
	Services []Service

	Sysctl  Sysctl
	OnStop  OnStop
	Control Control
	Log     Log
}

// Director is one machine of the pair.
type Director struct {
	Name string
	// Addresses are how the other directors reach it: one, or one per family.
	Addresses []netip.Addr
	// Priority is its priority for every router that does not say its own:
	// 1 to 255, 255 being the address owner (RFC 9568 section 5.2.4); default 100.
	Priority uint8
	// Vars are free values, read back as self.vars.X; an empty object if absent.
	Vars cty.Value
	Src  Source
}

// Router is one virtual router (RFC 9568) with the addresses that follow its role.
type Router struct {
	Name string
	// VRID is the virtual router's number on its link: 1 to 255.
	VRID uint8
	// Interface carries the advertisements.
	Interface string
	// Priority is 1 to 255; default: the director's, or 100 if the file has no
	// director block.
	Priority uint8
	// Interval is the advertisement interval: 10ms to 40.95s in whole hundredths
	// of a second (RFC 9568 section 5.2.7); default 1s.
	Interval time.Duration
	// Checksum is the form sent for IPv4: ChecksumRFC9568 (default) or
	// ChecksumPseudoHeader. Both are accepted.
	Checksum string
	// Preempt is whether a higher priority takes the role from a living Active;
	// default true.
	Preempt bool
	// Lease is the kernel lifetime of the addresses while Active, in whole
	// seconds and longer than Interval; 0 is off. "auto" is resolved already.
	Lease     time.Duration
	Addresses []VirtualAddress
	Announce  Announce
	Src       Source
}

// VirtualAddress is one address of a Router. All of them are IPv4 for now.
type VirtualAddress struct {
	// Name is the block's label: the address itself, or a name.
	Name string
	// Prefix is the address, not the network, with its prefix length.
	Prefix netip.Prefix
	// Interface is where it is set; default: the router's.
	Interface string
	Src       Source
}

// Announce says how new ownership of an address is told to its link.
type Announce struct {
	// Count is how many announcements a new Active sends per address: 1 to 100,
	// default 5.
	Count int
	// Interval is the time between them: 10ms to 1m, default 1100ms, because
	// Linux ignores a change of a neighbour within 1s of the last.
	Interval time.Duration
	// Refresh is how often they are repeated later: 1s to 24h, default 60s;
	// 0 is never.
	Refresh time.Duration
}

// Service is one virtual server: an IPVS service and its pool.
type Service struct {
	Name string
	// Address is what the clients connect to; the port is never 0.
	Address netip.AddrPort
	// Protocol is ProtocolTCP (default) or ProtocolUDP.
	Protocol string
	// Scheduler is the kernel's name of it; default wlc.
	Scheduler string
	// Forwarding is ForwardNAT (default) or ForwardDR.
	Forwarding string
	// OnFailure is FailureRemove (default) or FailureQuiesce.
	OnFailure string
	// Require is how many of a server's checks must pass: RequireAll (default) or
	// RequireAny.
	Require string
	// Checks are those of every server that has none of its own.
	Checks  []Check
	Servers []Server
	Src     Source
}

// Server is one real server of a Service.
type Server struct {
	Name string
	// Address is of the service's family; the port is never 0.
	Address netip.AddrPort
	// Weight is 0 to 65535, default 1; 0 gets no new connections.
	Weight int
	// Forwarding is the service's unless the server has its own.
	Forwarding string
	// Checks are the service's unless the server has its own.
	Checks []Check
	Src    Source
}

// Check is one way to find out whether a server works.
type Check struct {
	// Name is the check's name among those of its server: its kind, and from the
	// second of a kind on with a number: "http", "http-2".
	Name string
	// Kind is CheckTCP or CheckHTTP.
	Kind string
	// Interval is the time between two probes: 10ms to 24h, default 2s.
	Interval time.Duration
	// Timeout is the deadline of one probe: at most Interval, default 1s.
	Timeout time.Duration
	// FastInterval is the interval while a verdict is changing: at most
	// Interval, which is the default.
	FastInterval time.Duration
	// Rise and Fall are how many results in a row make a server up or down: 1 to
	// 1000, default 2 and 3.
	Rise, Fall int
	// Port is what is probed; 0: the server's.
	Port int
	// Source is the local address to probe from; the zero Addr: the kernel's
	// choice.
	Source netip.Addr
	// HTTP is set for CheckHTTP alone.
	HTTP *HTTPCheck
	Src  Source
}

// HTTPCheck is what a check "http" asks and expects.
type HTTPCheck struct {
	// Path is the request's path and query; default /healthz.
	Path string
	// Host is the Host header; default "": the address that is probed.
	Host string
	// Method is GET (default), HEAD or OPTIONS.
	Method string
	// Status is what a good answer has; default 200 to 299.
	Status []StatusRange
}

// StatusRange is a range of HTTP status codes, both ends included, within 100 to 599.
type StatusRange struct {
	Low, High int
}

// Sysctl says who cares for the kernel settings that the file needs.
type Sysctl struct {
	// Manage, the default, sets them and puts them back; false only reports.
	Manage bool
}

// Control is the unix socket of the running director.
type Control struct {
	// Socket is its absolute path, at most 107 bytes; default DefaultSocket.
	Socket string
	// Group may use it beside root; default DefaultGroup; "": root alone.
	// Src.Has("group") tells a group that was asked for from the default.
	Group string
	Src   Source
}

// Log is how much is logged and in which form.
type Log struct {
	// Level is debug, info (default), warn or error.
	Level string
	// Format is text (default) or json.
	Format string
}

// Source is where a block stands, for what is found out later about its values.
type Source struct {
	// Block is the block's header; of a dynamic block, the dynamic block's.
	Block hcl.Range
	// Label is its first label, if it has one.
	Label hcl.Range
	// Values are the values written in it, by key.
	Values map[string]hcl.Range
}

// Has reports whether the key was written in the block.
func (s Source) Has(key string) bool {
	_, ok := s.Values[key]
	return ok
}

// At is where the key's value stands, or the block's header if it was left out.
func (s Source) At(key string) hcl.Range {
	if r, ok := s.Values[key]; ok {
		return r
	}
	return s.Block
}
