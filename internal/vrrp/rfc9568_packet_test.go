package vrrp_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/lbha/lbha/internal/vrrp"
)

// Conformance of the codec: one test per requirement of RFC 9568, its section
// first. Checks of the IP header (5.1) belong to the socket and are tested
// there.

var cmpAddr = cmpopts.EquateComparable(netip.Addr{})

var (
	link4 = []netip.Addr{netip.MustParseAddr("10.77.0.1"), netip.MustParseAddr("224.0.0.18")}
	link6 = []netip.Addr{netip.MustParseAddr("fe80::1"), netip.MustParseAddr("ff02::12")}
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// sealed computes the checksum of a message by the sum of RFC 1071, written
// out on its own so that a mistake in the package does not hide here.
func sealed(b []byte, pseudo ...byte) []byte {
	b[6], b[7] = 0, 0
	var s uint32
	all := append(append([]byte{}, pseudo...), b...)
	for i, x := range all {
		s += uint32(x) << (8 * (1 - i%2))
	}
	for s > 0xffff {
		s = s&0xffff + s>>16
	}
	b[6], b[7] = ^byte(s>>8), ^byte(s)
	return b
}

// wantDrop parses what came over IPv4 and compares the reason of the refusal.
func wantDrop(t *testing.T, b []byte, want vrrp.DropReason) {
	t.Helper()
	a, _, err := vrrp.Parse(b, link4[0], link4[1])
	var drop *vrrp.DropError
	if !errors.As(err, &drop) {
		t.Fatalf("parse %x: %+v, %v; want drop %s", b, a, err, want)
	}
	if drop.Reason != want {
		t.Fatalf("parse %x: %s, want %s", b, drop.Reason, want)
	}
}

func parse4(t *testing.T, b []byte) (vrrp.Advert, vrrp.Checksum) {
	t.Helper()
	a, form, err := vrrp.Parse(b, link4[0], link4[1])
	if err != nil {
		t.Fatalf("parse %x: %v", b, err)
	}
	return a, form
}

func TestSection5_1_GroupsProtocolAndTTL(t *testing.T) {
	if got := vrrp.GroupIPv4().String(); got != "224.0.0.18" {
		t.Errorf("5.1.1.2: group %s", got)
	}
	if got := vrrp.GroupIPv6().String(); got != "ff02::12" {
		t.Errorf("5.1.2.2: group %s", got)
	}
	if vrrp.TTL != 255 || vrrp.Protocol != 112 {
		t.Errorf("5.1.1.3, 5.1.1.4: TTL %d, protocol %d", vrrp.TTL, vrrp.Protocol)
	}
}

func TestSection5_2_1_OtherVersionsAreDiscarded(t *testing.T) {
	for _, v := range []byte{0, 1, 2, 4, 15} {
		wantDrop(t, sealed([]byte{v<<4 | 1, 51, 100, 1, 0, 100, 0, 0, 10, 77, 0, 100}), vrrp.DropVersion)
	}
	// A real one of version 2 with its 8 bytes of authentication data.
	wantDrop(t, unhex(t, "214dc801 0101977b 0a4d0064 7365637265743737"), vrrp.DropVersion)
}

func TestSection5_2_2_UnknownTypesAreDiscarded(t *testing.T) {
	for typ := range byte(16) {
		if typ != 1 {
			wantDrop(t, sealed([]byte{0x30 | typ, 51, 100, 1, 0, 100, 0, 0, 10, 77, 0, 100}), vrrp.DropType)
		}
	}
}

func TestSection5_2_3_VRIDIs1To255(t *testing.T) {
	wantDrop(t, sealed([]byte{0x31, 0, 100, 1, 0, 100, 0, 0, 10, 77, 0, 100}), vrrp.DropVRID)
	a := vrrp.Advert{Interval: sec, Addresses: []netip.Addr{vip}}
	if _, err := a.Append(nil, link4[0], link4[1], vrrp.ChecksumRFC9568); err == nil {
		t.Error("an advert without a VRID was encoded")
	}
}

func TestSection5_2_4_EveryPriorityTravels(t *testing.T) {
	for p := range 256 {
		a, _ := parse4(t, sealed([]byte{0x31, 51, byte(p), 1, 0, 100, 0, 0, 10, 77, 0, 100}))
		if int(a.Priority) != p {
			t.Errorf("priority %d arrived as %d", p, a.Priority)
		}
	}
}

func TestSection5_2_5_CountOfZeroIsIgnored(t *testing.T) { // erratum 8299
	wantDrop(t, sealed([]byte{0x31, 51, 100, 0, 0, 100, 0, 0}), vrrp.DropCount)
}

func TestSection5_2_6_ReservedBits(t *testing.T) {
	for bit := 4; bit < 8; bit++ {
		a, _ := parse4(t, sealed([]byte{0x31, 51, 100, 1, 1 << bit, 100, 0, 0, 10, 77, 0, 100}))
		if a.Interval != sec {
			t.Errorf("reserved bit %d was read as part of the interval: %s", bit, a.Interval)
		}
	}
	b, err := vrrp.Advert{VRID: 51, Interval: vrrp.IntervalMax, Addresses: []netip.Addr{vip}}.
		Append(nil, link4[0], link4[1], vrrp.ChecksumRFC9568)
	if err != nil || b[4]>>4 != 0 {
		t.Errorf("reserved bits sent: %x, %v", b, err)
	}
}

func TestSection5_2_7_IntervalIs12BitsOfCentisecondsAndNever0(t *testing.T) { // erratum 8301
	for _, tc := range []struct {
		hi, lo byte
		want   time.Duration
	}{
		{0, 1, 10 * time.Millisecond}, {0, 100, sec}, {1, 0, 2560 * time.Millisecond}, {0xf, 0xff, 40950 * time.Millisecond},
	} {
		a, _ := parse4(t, sealed([]byte{0x31, 51, 100, 1, tc.hi, tc.lo, 0, 0, 10, 77, 0, 100}))
		if a.Interval != tc.want {
			t.Errorf("interval %x%02x: %s, want %s", tc.hi, tc.lo, a.Interval, tc.want)
		}
	}
	wantDrop(t, sealed([]byte{0x31, 51, 100, 1, 0, 0, 0, 0, 10, 77, 0, 100}), vrrp.DropInterval)
	wantDrop(t, sealed([]byte{0x31, 51, 100, 1, 0xf0, 0, 0, 0, 10, 77, 0, 100}), vrrp.DropInterval)
	for _, d := range []time.Duration{-sec, 0, 9 * time.Millisecond, 15 * time.Millisecond, 40960 * time.Millisecond} {
		a := vrrp.Advert{VRID: 51, Interval: d, Addresses: []netip.Addr{vip}}
		if b, err := a.Append(nil, link4[0], link4[1], vrrp.ChecksumRFC9568); err == nil {
			t.Errorf("interval %s was encoded as %x", d, b)
		}
	}
}

// The messages are from captures of keepalived: by default with a pseudo-header, and the same
// advert with v3_checksum_as_v2; the last one is its priority 0.
func TestSection5_2_8_IPv4ChecksumCoversTheMessageAlone(t *testing.T) {
	for _, tc := range []struct {
		name, msg string
		priority  uint8
		form      vrrp.Checksum
	}{
		{"the RFC's", "314dc801 0064fb9b 0a4d0064", 200, vrrp.ChecksumRFC9568},
		{"keepalived's", "314dc801 006410bf 0a4d0064", 200, vrrp.ChecksumPseudoHeader},
		{"keepalived's, leaving", "314d0001 0064d8bf 0a4d0064", 0, vrrp.ChecksumPseudoHeader},
	} {
		t.Run(tc.name, func(t *testing.T) {
			msg := unhex(t, tc.msg)
			got, form := parse4(t, msg)
			want := vrrp.Advert{VRID: 77, Priority: tc.priority, Interval: sec, Addresses: []netip.Addr{vip}}
			if diff := cmp.Diff(want, got, cmpAddr); diff != "" || form != tc.form {
				t.Errorf("form %s, want %s (-want +got):\n%s", form, tc.form, diff)
			}
			b, err := want.Append(nil, link4[0], link4[1], tc.form)
			if diff := cmp.Diff(msg, b); err != nil || diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
	wantDrop(t, unhex(t, "314dc801 0064fb9c 0a4d0064"), vrrp.DropChecksum)
	wantDrop(t, unhex(t, "314dc801 00640000 0a4d0064"), vrrp.DropChecksum)
}

// A long list of large numbers carries more than once.
func TestSection5_2_8_ChecksumOfEveryLength(t *testing.T) {
	for n := 1; n <= vrrp.MaxAddresses; n++ {
		for _, last := range []byte{0, 1, 0x36, 0x37, 0x38, 0xff} {
			a := vrrp.Advert{VRID: 0xff, Priority: 0xff, Interval: vrrp.IntervalMax}
			want := []byte{0x31, 0xff, 0xff, byte(n), 0x0f, 0xff, 0, 0}
			for i := range n {
				addr := [4]byte{0xff, 0xff, byte(i), last}
				a.Addresses = append(a.Addresses, netip.AddrFrom4(addr))
				want = append(want, addr[:]...)
			}
			sealed(want)
			b, err := a.Append(nil, link4[0], link4[1], vrrp.ChecksumRFC9568)
			if err != nil || !bytes.Equal(b, want) {
				t.Fatalf("%d addresses: checksum %x, want %x (%v)", n, b[6:8], want[6:8], err)
			}
			parse4(t, want)
		}
	}
}

func TestSection5_2_8_IPv6ChecksumHasThePseudoHeader(t *testing.T) {
	vips := []netip.Addr{netip.MustParseAddr("fe80::100"), netip.MustParseAddr("2001:db8::100")}
	a := vrrp.Advert{VRID: 7, Priority: 200, Interval: 250 * time.Millisecond, Addresses: vips}
	src, dst := link6[0].As16(), link6[1].As16()
	v0, v1 := vips[0].As16(), vips[1].As16()
	want := append([]byte{0x31, 7, 200, 2, 0, 25, 0, 0}, append(v0[:], v1[:]...)...)
	sealed(want, append(append(src[:], dst[:]...), 0, 0, 0, 40, 0, 0, 0, 112)...)
	for _, form := range []vrrp.Checksum{vrrp.ChecksumRFC9568, vrrp.ChecksumPseudoHeader} {
		b, err := a.Append([]byte{}, link6[0], link6[1], form)
		if diff := cmp.Diff(want, b); err != nil || diff != "" {
			t.Fatalf("asked for %s: %v (-want +got):\n%s", form, err, diff)
		}
	}
	got, _, err := vrrp.Parse(want, link6[0], link6[1])
	if diff := cmp.Diff(a, got, cmpAddr); err != nil || diff != "" { // 5.2.9: the order is kept
		t.Fatalf("%v (-want +got):\n%s", err, diff)
	}
	if _, _, err := vrrp.Parse(sealed(want), link6[0], link6[1]); err == nil {
		t.Error("a checksum without the pseudo-header was accepted over IPv6")
	}
}

func TestSection5_2_9_AllAddressesAreOfThePacketsFamily(t *testing.T) {
	v6 := netip.MustParseAddr("2001:db8::100")
	for _, list := range [][]netip.Addr{{vip, v6}, {v6, vip}, {netip.AddrFrom16(vip.As16())}, {{}}, {}, make([]netip.Addr, 256)} {
		a := vrrp.Advert{VRID: 51, Interval: sec, Addresses: list}
		if b, err := a.Append(nil, link4[0], link4[1], vrrp.ChecksumRFC9568); err == nil {
			t.Errorf("%v was encoded as %x", list, b)
		}
	}
	a := vrrp.Advert{VRID: 51, Interval: sec, Addresses: []netip.Addr{v6}}
	if _, err := a.Append(nil, link4[0], link4[1], vrrp.ChecksumRFC9568); err == nil {
		t.Error("IPv6 addresses were encoded for an IPv4 link")
	}
}

func TestSection7_1_IncompletePacketsAreDiscarded(t *testing.T) {
	whole := sealed([]byte{0x31, 51, 100, 2, 0, 100, 0, 0, 10, 77, 0, 100, 10, 77, 0, 101})
	for n := range len(whole) {
		wantDrop(t, whole[:n], vrrp.DropTruncated)
	}
	parse4(t, whole)
}

// Not a rule of the RFC: see Parse. The message is one that keepalived 2.4.3
// signed.
func TestSection5_2_BytesBeyondTheAddressesAreDiscarded(t *testing.T) {
	wantDrop(t, unhex(t, "314dc801 006410bf 0a4d0064 01010000 6b03ea0c 5f260000 8890bde1 a9cc6b0d bd62964f 1df3a366"), vrrp.DropTrailing)
	wantDrop(t, append(unhex(t, "314dc801 0064fb9b 0a4d0064"), 0), vrrp.DropTrailing)
}
