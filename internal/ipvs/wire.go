package ipvs

// Numbers of the generic-netlink family "IPVS", from linux/ip_vs.h.

const (
	familyName    = "IPVS"
	familyVersion = 1
)

// IPVS_CMD_*. There is no GET_DEST for one server, only the dump of all.
const (
	cmdGetService = 4
	cmdNewDest    = 5
	cmdSetDest    = 6
	cmdDelDest    = 7
	cmdGetDest    = 8
	cmdGetInfo    = 15
)

// IPVS_CMD_ATTR_*: the outermost attributes.
const (
	attrService = 1
	attrDest    = 2
)

// IPVS_SVC_ATTR_*.
const (
	svcFamily    = 1  // u16, AF_*
	svcProtocol  = 2  // u16
	svcAddr      = 3  // 16 bytes; of IPv4 the first 4
	svcPort      = 4  // be16
	svcMark      = 5  // u32
	svcScheduler = 6  // string
	svcFlags     = 7  // u32 flags, u32 mask
	svcTimeout   = 8  // u32 seconds
	svcNetmask   = 9  // IPv4: mask, be32; IPv6: bits, u32
	svcStats     = 10 // nested, 32 bits
	svcEngine    = 11 // string
	svcStats64   = 12 // nested, since Linux 4.1
)

// IPVS_DEST_ATTR_*.
const (
	destAddr       = 1 // 16 bytes; of IPv4 the first 4
	destPort       = 2 // be16
	destForwarding = 3 // u32
	destWeight     = 4 // u32
	destUpper      = 5 // u32
	destLower      = 6 // u32
	destActive     = 7 // u32
	destInactive   = 8 // u32
	destPersistent = 9 // u32
	destStats      = 10
	destFamily     = 11 // u16, since Linux 3.18
	destStats64    = 12 // nested, since Linux 4.1
	destTunType    = 13 // u8, since Linux 5.3
	destTunPort    = 14 // be16, since Linux 5.3
	destTunFlags   = 15 // u16, since Linux 5.3
)

// IPVS_STATS_ATTR_*: the totals. The rates (6 to 10) are not read.
const (
	statsConnections = 1
	statsPacketsIn   = 2
	statsPacketsOut  = 3
	statsBytesIn     = 4
	statsBytesOut    = 5
)

// forwardingMask is IP_VS_CONN_F_FWD_MASK.
const forwardingMask = 7
