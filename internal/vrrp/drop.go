package vrrp

import "fmt"

// DropReason says what is wrong with a received packet. The set is closed, so
// that counters can be arrays: reasons are 0 to NumDropReasons-1.
type DropReason uint8

const (
	// DropTruncated: shorter than its own fields say (RFC 9568, 7.1).
	DropTruncated DropReason = iota
	// DropTrailing: longer than its own fields say. See Parse.
	DropTrailing
	// DropVersion: not version 3.
	DropVersion
	// DropType: not type 1, ADVERTISEMENT (RFC 9568, 5.2.2).
	DropType
	// DropChecksum: right under neither form of the checksum.
	DropChecksum
	// DropTTL: TTL or hop limit is not 255, so it may come from beyond the
	// link (RFC 9568, 5.1.1.3). Found by the owner of the socket.
	DropTTL
	// DropVRID: a virtual router that is not configured on this interface.
	DropVRID
	// DropInterval: a Max Advertise Interval of 0 (erratum 8301).
	DropInterval
	// DropCount: no address at all (erratum 8299).
	DropCount
	// DropFamily: not of the family of the virtual router.
	DropFamily
	// DropSelf: our own advert came back.
	DropSelf
	// DropHeader: the IP header is not one. Found by the owner of the socket.
	DropHeader

	// The rest are counted and logged, but the packet is acted on: RFC 9568,
	// 7.1 and erratum 8298. See Mismatch.

	// DropIntervalMismatch: another interval than ours; a Backup learns it.
	DropIntervalMismatch
	// DropAddressList: another list of addresses than ours.
	DropAddressList
	// DropOwner: we are the address owner, and so says the sender.
	DropOwner
)

// NumDropReasons is the number of drop reasons.
const NumDropReasons = 15

var dropNames = [NumDropReasons]string{
	"truncated", "trailing", "version", "type", "checksum", "ttl", "vrid", "interval", "count",
	"family", "self", "header", "interval_mismatch", "address_list", "owner",
}

// String returns the reason as a metric label in snake case.
func (r DropReason) String() string { return label(dropNames[:], int(r)) }

// Fatal reports whether a packet with this fault is discarded. The others are
// only counted and logged.
func (r DropReason) Fatal() bool { return r < DropIntervalMismatch }

// DropError is why a packet is not acted on. It is cheap to make, because
// anybody on the link can make this machine make one.
type DropError struct {
	Reason    DropReason
	Got, Want int // what was found and expected; both zero where that says nothing
}

// Error implements error: "drop advert: version 2, want 3".
func (e *DropError) Error() string {
	if e.Got == 0 && e.Want == 0 {
		return "drop advert: " + e.Reason.String()
	}
	return fmt.Sprintf("drop advert: %s %d, want %d", e.Reason, e.Got, e.Want)
}
