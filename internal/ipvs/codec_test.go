package ipvs

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The bytes below are those of a little-endian machine, as captured from one.
func littleEndian(t testing.TB) {
	t.Helper()
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		t.Skip("the bytes of this table are little-endian")
	}
}

func bytesOf(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestEncodeService(t *testing.T) {
	littleEndian(t)
	for _, c := range []struct{ key, want string }{
		{"tcp 192.0.2.1:80", `2400 0100
			0600 0100 0200 0000
			0600 0200 0600 0000
			0800 0300 c0000201
			0600 0400 0050 0000`},
		{"udp [2001:db8::1]:53", `3000 0100
			0600 0100 0a00 0000
			0600 0200 1100 0000
			1400 0300 20010db8000000000000000000000001
			0600 0400 0035 0000`},
		{"fwmark 7 ipv6", `1400 0100
			0600 0100 0a00 0000
			0800 0500 07000000`},
	} {
		key, err := ParseServiceKey(c.key)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(bytesOf(t, c.want), appendService(nil, key)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.key, diff)
		}
	}
}

func TestEncodeDest(t *testing.T) {
	littleEndian(t)
	gue := DestSpec{Weight: 3, Forwarding: Tunnel, Upper: 9, Lower: 8,
		Encap: Encap{Type: GUE, Port: 5555, Flags: EncapChecksum}}
	for _, c := range []struct {
		name string
		dest string
		spec *DestSpec
		want string
	}{
		// Family and tunnel are in there, also when they are zero.
		{"nat", "198.51.100.1:80", &DestSpec{Weight: 65535}, `5400 0200
			0800 0100 c6336401
			0600 0200 0050 0000
			0600 0b00 0200 0000
			0800 0300 00000000
			0800 0400 ffff0000
			0800 0500 00000000
			0800 0600 00000000
			0500 0d00 00 000000
			0600 0e00 0000 0000
			0600 0f00 0000 0000`},
		{"gue", "[2001:db8::9]:80", &gue, `6000 0200
			1400 0100 20010db8000000000000000000000009
			0600 0200 0050 0000
			0600 0b00 0a00 0000
			0800 0300 02000000
			0800 0400 03000000
			0800 0500 09000000
			0800 0600 08000000
			0500 0d00 01 000000
			0600 0e00 15b3 0000
			0600 0f00 0100 0000`},
		{"only the name", "198.51.100.1:80", nil, `1c00 0200
			0800 0100 c6336401
			0600 0200 0050 0000
			0600 0b00 0200 0000`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := appendDest(nil, netip.MustParseAddrPort(c.dest), c.spec)
			if diff := cmp.Diff(hex.EncodeToString(bytesOf(t, c.want)), hex.EncodeToString(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestNetmaskIsAMaskForIPv4AndANumberForIPv6(t *testing.T) {
	for _, c := range []struct {
		family Family
		bits   uint8
		want   []byte
	}{
		{IPv4, 0, []byte{255, 255, 255, 255}},
		{IPv4, 24, []byte{255, 255, 255, 0}},
		{IPv4, 1, []byte{128, 0, 0, 0}},
		{IPv6, 0, binary.NativeEndian.AppendUint32(nil, 128)},
		{IPv6, 64, binary.NativeEndian.AppendUint32(nil, 64)},
	} {
		got := binary.NativeEndian.AppendUint32(nil, kernelNetmask(ServiceSpec{Netmask: c.bits}, c.family))
		if !bytes.Equal(got, c.want) {
			t.Errorf("%s /%d: % x, want % x", c.family, c.bits, got, c.want)
		}
		back, err := netmaskOf(got, c.family)
		if want := (ServiceSpec{Netmask: c.bits}).normal(c.family).Netmask; err != nil || back != want {
			t.Errorf("%s /%d read back: %d, %v", c.family, c.bits, back, err)
		}
	}
	for _, mask := range [][]byte{{255, 0, 255, 0}, {0, 0, 0, 0}, {0, 255, 255, 255}} {
		if got, err := netmaskOf(mask, IPv4); got != NetmaskOther || err != nil {
			t.Errorf("mask %v: %d, %v", mask, got, err)
		}
	}
}

// serviceMessage is an answer of Linux 6.1 to IPVS_CMD_GET_SERVICE, but for
// most of the statistics.
const serviceMessage = `8400 0100
	0600 0100 0200 0000
	0600 0200 0600 0000
	1400 0300 c0000201 000000000000000000000000
	0600 0400 0050 0000
	0700 0600 776c63 00
	0c00 0700 07000000 ffffffff
	0800 0800 2c010000
	0800 0900 ffffff00
	1400 0a00 0800 0100 05000000 0800 0200 06000000
	1c00 0c00 0c00 0100 0500000001000000 0c00 0200 0600000002000000`

func TestParseService(t *testing.T) {
	littleEndian(t)
	key, svc, err := parseService(bytesOf(t, serviceMessage))
	if err != nil {
		t.Fatal(err)
	}
	if key.String() != "tcp 192.0.2.1:80" {
		t.Errorf("key %s", key)
	}
	want := Service{
		// Flags 7 in the message: the kernel's own 2 is masked.
		Spec: ServiceSpec{Scheduler: "wlc", Flags: FlagPersistent | FlagOnePacket, Timeout: 300 * time.Second, Netmask: 24},
		// The 64-bit numbers, not those that wrapped.
		Stats: Stats{Connections: 1<<32 + 5, PacketsIn: 2<<32 + 6},
	}
	if diff := cmp.Diff(want, svc); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestStatistics64CountWhateverTheOrder(t *testing.T) {
	littleEndian(t)
	const small, large = `0c00 0a00 0800 0100 05000000`, `1000 0c00 0c00 0100 0500000001000000`
	const head = `0600 0100 0200 0000 0800 0500 07000000 0800 0900 ffffffff`
	for _, c := range []struct {
		msg  string
		want uint64
	}{
		{`2800 0100` + head + small, 5}, // before Linux 4.1
		{`3800 0100` + head + small + large, 1<<32 + 5},
		{`3800 0100` + head + large + small, 1<<32 + 5},
	} {
		_, svc, err := parseService(bytesOf(t, c.msg))
		if err != nil || svc.Stats.Connections != c.want {
			t.Errorf("%d connections, %v; want %d", svc.Stats.Connections, err, c.want)
		}
	}
}

// destMessage is an answer of Linux 6.1 to IPVS_CMD_GET_DEST, but for most of
// the statistics.
const destMessage = `9400 0200
	1400 0100 c6336401 000000000000000000000000
	0600 0200 0050 0000
	0800 0300 02000000
	0800 0400 ffff0000
	0500 0d00 01 000000
	0600 0e00 15b3 0000
	0600 0f00 0100 0000
	0800 0500 09000000
	0800 0600 08000000
	0800 0700 03000000
	0800 0800 04000000
	0800 0900 05000000
	0600 0b00 0200 0000
	1c00 0c00 0c00 0400 0700000001000000 0c00 0500 0800000002000000`

func TestParseDest(t *testing.T) {
	littleEndian(t)
	dest, spec, count, err := parseDest(bytesOf(t, destMessage))
	if err != nil {
		t.Fatal(err)
	}
	if dest.String() != "198.51.100.1:80" {
		t.Errorf("dest %s", dest)
	}
	want := DestSpec{Weight: 65535, Forwarding: Tunnel, Upper: 9, Lower: 8,
		Encap: Encap{Type: GUE, Port: 5555, Flags: EncapChecksum}}
	if diff := cmp.Diff(want, spec); diff != "" {
		t.Errorf("spec (-want +got):\n%s", diff)
	}
	wantCount := Counters{Active: 3, Inactive: 4, Persistent: 5, Stats: Stats{BytesIn: 1<<32 + 7, BytesOut: 2<<32 + 8}}
	if diff := cmp.Diff(wantCount, count); diff != "" {
		t.Errorf("counters (-want +got):\n%s", diff)
	}
}

// An IPv6 server in an IPv4 service (of another program) is read as what it is.
func TestParseDestOfAnotherFamilyThanItsService(t *testing.T) {
	dest := netip.MustParseAddrPort("[2001:db8::9]:80")
	got, _, _, err := parseDest(appendDest(nil, dest, &DestSpec{Forwarding: Tunnel}))
	if err != nil || got != dest {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestParseRefusesMalformedMessages(t *testing.T) {
	littleEndian(t)
	for _, c := range []struct{ name, msg, want string }{
		{"empty", "", "attribute 1 is missing"},
		{"half a header", "0800", "2 bytes left"},
		{"shorter than its header", "0300 0100", "attribute of 3 bytes in 4"},
		{"longer than the message", "2000 0100 0600 0100 0200 0000", "attribute of 32 bytes in 12"},
		{"inner attribute longer than outer", "0c00 0100 0900 0100 0200 0000", "attribute of 9 bytes in 8"},
		{"unknown family", "0c00 0100 0600 0100 0700 0000", "attribute 1: family 7"},
		{"short number", "0c00 0100 0500 0100 0200 0000", "attribute 1: 1 bytes where 2 are expected"},
		{"short flags", "1400 0100 0600 0100 0200 0000 0800 0700 00000000", "flags of 4 bytes"},
		{"no address", "0c00 0100 0600 0100 0200 0000", "address of 0 bytes in family 2"},
		{"IPv4 address for IPv6", "1400 0100 0600 0100 0a00 0000 0800 0300 c0000201", "address of 4 bytes in family 10"},
		{"no netmask", "1400 0100 0600 0100 0200 0000 0800 0500 07000000", "netmask of 0 bytes"},
		{"mark without family", "0c00 0100 0800 0500 07000000", "mark 7, family 0"},
	} {
		_, _, err := parseService(bytesOf(t, c.msg))
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "read service: ") {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	// The last attribute is not padded: nl.ParseRouteAttr panics here.
	_, _, _, err := parseDest(bytesOf(t, "0900 0200 0500 0d00 01"))
	if err == nil || !strings.Contains(err.Error(), "address of 0 bytes") {
		t.Errorf("unpadded: %v", err)
	}
}

func FuzzParseService(f *testing.F) {
	f.Add(bytesOf(f, serviceMessage))
	f.Add(appendService(nil, ServiceKey{FWMark: 7, Family: IPv6}))
	f.Add([]byte{5, 0, 1, 0, 1})
	f.Fuzz(func(t *testing.T, msg []byte) {
		key, svc, err := parseService(msg)
		if err != nil {
			return
		}
		if svc.Spec.Flags&flagHashed != 0 {
			t.Errorf("flags %#x", svc.Spec.Flags)
		}
		// What was read can be asked for again.
		value, err := findAttr(appendService(nil, key), attrService)
		if err != nil {
			t.Fatal(err)
		}
		var p servicePart
		if err := eachAttr(value, p.take); err != nil {
			t.Fatal(err)
		}
		p.netmask = make([]byte, 4)
		if again, _, err := p.finish(); err != nil || again != key {
			t.Errorf("%v read back as %v, %v", key, again, err)
		}
	})
}

func FuzzParseDest(f *testing.F) {
	f.Add(bytesOf(f, destMessage))
	f.Add([]byte{9, 0, 2, 0, 5, 0, 13, 0, 1})
	f.Fuzz(func(t *testing.T, msg []byte) {
		dest, spec, _, err := parseDest(msg)
		if err != nil {
			return
		}
		again, same, _, err := parseDest(appendDest(nil, dest, &spec))
		if err != nil || again != dest || same != spec {
			t.Errorf("%s %s read back as %s %s, %v", dest, spec, again, same, err)
		}
	})
}
