package ipvs

import (
	"maps"
	"net/netip"
	"time"
)

// Table is a set of virtual services: what is wanted, or what the kernel has.
type Table map[ServiceKey]Service

// Service is one virtual service with its servers.
type Service struct {
	Spec  ServiceSpec
	Dests map[netip.AddrPort]DestSpec // by address and port of the server

	// Stats and Counters are what the kernel counted, filled by Kernel and
	// never compared. Counters has one entry for each of Dests.
	Stats    Stats
	Counters map[netip.AddrPort]Counters
}

// ServiceSpec is everything about a virtual service that can be changed while
// it lives. It is compared with ==.
type ServiceSpec struct {
	Scheduler string        // the kernel's name of it, "rr", "wlc", …; 1 to 15 bytes; needs the module ip_vs_NAME
	Flags     Flags         // persistence, one-packet scheduling, the scheduler's own
	Timeout   time.Duration // of persistence, with FlagPersistent; whole seconds, up to 31 days
	Netmask   uint8         // of persistence, in bits: 1 to 32 or 128; 0 is the whole address
	Engine    string        // persistence engine, "" or "sip"; needs the module ip_vs_pe_NAME
}

// NetmaskOther is the Netmask of a service in the kernel whose IPv4 mask is no
// prefix length or has none of its bits set. It is never written.
const NetmaskOther = 255

// MaxTimeout is the longest persistence timeout, the limit of ipvsadm(8).
const MaxTimeout = 31 * 24 * time.Hour

// Flags are the flags of a service (IP_VS_SVC_F_*). The kernel's own 0x2
// ("hashed") is no part of them: it sets that itself, and left in it would make
// every comparison fail.
type Flags uint32

// Flags of a service. What FlagSched1 to 3 mean is the scheduler's choice; sh
// and mh give the first two the names below.
const (
	FlagPersistent Flags = 0x0001
	FlagOnePacket  Flags = 0x0004 // udp only
	FlagSched1     Flags = 0x0008
	FlagSched2     Flags = 0x0010
	FlagSched3     Flags = 0x0020

	FlagSHFallback = FlagSched1
	FlagSHPort     = FlagSched2
	FlagMHFallback = FlagSched1
	FlagMHPort     = FlagSched2

	flagHashed Flags = 0x0002
	flagsKnown       = FlagPersistent | FlagOnePacket | FlagSched1 | FlagSched2 | FlagSched3
)

// DestKey names a server of a service.
type DestKey = netip.AddrPort

// DestSpec is everything about a server that can be changed while it is in a
// service. It is compared with ==.
type DestSpec struct {
	Weight     uint32 // 0 to 65535; 0 gets no new connections
	Forwarding Forwarding
	Upper      uint32 // connections above which it gets no new ones; 0: none
	Lower      uint32 // connections below which it gets some again; at most Upper
	Encap      Encap  // with Tunnel only
}

// MaxWeight is the largest weight of a server, the limit of ipvsadm(8).
const MaxWeight = 65535

// Forwarding is the way packets reach a server (IP_VS_CONN_F_FWD_MASK).
type Forwarding uint8

// Ways of forwarding. LocalNode and Bypass are only ever read.
const (
	Masquerade Forwarding = 0
	LocalNode  Forwarding = 1
	Tunnel     Forwarding = 2
	Direct     Forwarding = 3
	Bypass     Forwarding = 4
)

// String gives the word of ipvsadm: masq, local, tunnel, route, bypass.
func (f Forwarding) String() string {
	switch f {
	case Masquerade:
		return "masq"
	case LocalNode:
		return "local"
	case Tunnel:
		return "tunnel"
	case Direct:
		return "route"
	case Bypass:
		return "bypass"
	}
	return "forwarding(" + utoa(uint64(f)) + ")"
}

// Encap is how a tunnel wraps a packet. The zero value is plain ipip.
type Encap struct {
	Type  EncapType
	Port  uint16     // gue only, and never 0 there
	Flags EncapFlags // gue and gre
}

// EncapType is the kind of a tunnel (IP_VS_CONN_F_TUNNEL_TYPE_*).
type EncapType uint8

// Kinds of tunnels.
const (
	IPIP EncapType = 0
	GUE  EncapType = 1
	GRE  EncapType = 2
)

// String gives ipip, gue or gre.
func (t EncapType) String() string {
	switch t {
	case IPIP:
		return "ipip"
	case GUE:
		return "gue"
	case GRE:
		return "gre"
	}
	return "encap(" + utoa(uint64(t)) + ")"
}

// EncapFlags are the flags of a tunnel (IP_VS_TUNNEL_ENCAP_FLAG_*).
type EncapFlags uint16

// Flags of a tunnel: neither is "no checksum".
const (
	EncapChecksum       EncapFlags = 1
	EncapRemoteChecksum EncapFlags = 2
)

// Counters are the connections and the traffic of one server.
type Counters struct {
	Active     uint32 // connections that are established
	Inactive   uint32 // connections in any other state
	Persistent uint32 // persistence templates
	Stats
}

// Stats are totals since the service or server was added, in 64 bits.
type Stats struct {
	Connections          uint64
	PacketsIn, BytesIn   uint64
	PacketsOut, BytesOut uint64
}

// equal reports whether two services are the same but for what was counted.
func (s Service) equal(o Service, f Family) bool {
	return s.Spec.normal(f) == o.Spec.normal(f) && maps.Equal(s.Dests, o.Dests)
}

// normal gives the spec as the kernel would report it: a netmask is always a
// number of bits there.
func (s ServiceSpec) normal(f Family) ServiceSpec {
	if s.Netmask == 0 {
		s.Netmask = f.bits()
	}
	return s
}
