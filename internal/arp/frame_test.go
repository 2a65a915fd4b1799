package arp

import (
	"encoding/hex"
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// vip is the claim that most tests make.
var vip = Claim{Addr: netip.MustParseAddr("192.0.2.10"), Link: "eth0", Index: 3, MAC: "02:00:00:00:00:0a"}

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestFramesAreGratuitousInBothForms(t *testing.T) {
	got, err := Frames(vip)
	if err != nil {
		t.Fatal(err)
	}
	padding := strings.Repeat("00", 60-42) // Ethernet's least is 60 bytes
	want := []Frame{
		{Request, unhex(t, `
			ffffffffffff 02000000000a 0806
			0001 0800 06 04 0001
			02000000000a c000020a
			000000000000 c000020a`+padding)},
		{Reply, unhex(t, `
			ffffffffffff 02000000000a 0806
			0001 0800 06 04 0002
			02000000000a c000020a
			02000000000a c000020a`+padding)},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("frames (-want +got):\n%s", diff)
	}
}

func TestFramesRefuseWhatCannotBeAnnounced(t *testing.T) {
	for _, tt := range []struct {
		addr, mac string
		is        error
		want      string
	}{
		{"2001:db8::1", "02:00:00:00:00:0a", ErrIPv6, "announce 2001:db8::1 on eth0: IPv6 addresses are not announced"},
		{"::ffff:192.0.2.1", "02:00:00:00:00:0a", ErrIPv6, "announce ::ffff:192.0.2.1 on eth0: IPv6 addresses are not announced"},
		{"192.0.2.1", "", ErrNoEthernet, "announce 192.0.2.1 on eth0: the interface has no Ethernet address"},
		{"192.0.2.1", "02:00:00:00:00:00:00:0a", ErrNoEthernet, "announce 192.0.2.1 on eth0: the interface has no Ethernet address"},
		{"192.0.2.1", "rubbish", nil, "announce 192.0.2.1 on eth0: address rubbish: invalid MAC address"},
		{"", "02:00:00:00:00:0a", nil, "build ARP request for invalid IP: invalid IPv4 address"},
	} {
		var addr netip.Addr
		if tt.addr != "" {
			addr = netip.MustParseAddr(tt.addr)
		}
		_, err := Frames(Claim{Addr: addr, Link: "eth0", Index: 3, MAC: tt.mac})
		if err == nil || err.Error() != tt.want || tt.is != nil && !errors.Is(err, tt.is) {
			t.Errorf("Frames(%s, %s): error %v, want %s", tt.addr, tt.mac, err, tt.want)
		}
	}
}
