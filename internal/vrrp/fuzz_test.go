package vrrp_test

import (
	"bytes"
	"errors"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lbha/lbha/internal/vrrp"
)

// FuzzParsePacket: no packet makes Parse panic or return anything but an advert
// or a *DropError; what it takes survives marshal and parse again; and no
// single flipped bit of it passes unnoticed.
func FuzzParsePacket(f *testing.F) {
	for _, s := range []string{
		"314dc801 0064fb9b 0a4d0064",                            // the RFC's checksum
		"314dc801 006410bf 0a4d0064",                            // keepalived
		"314d0001 0064d8bf 0a4d0064",                            // keepalived leaving
		"214dc801 0101977b 0a4d0064 7365637265743737",           // version 2 with a password
		"314dc802 f0640000 0a4d0064 0a4d0065",                   // reserved bits, no checksum
		"314dc801 006410bf 0a4d0064 01010000 6b03ea0c 5f260000", // half a trailer
		"31", "", "3107c802 00190000", "3100000000000000",
	} {
		f.Add(unhex(f, s), false)
	}
	a := vrrp.Advert{VRID: 7, Priority: 200, Interval: sec, Addresses: []netip.Addr{netip.MustParseAddr("fe80::100")}}
	b, err := a.Append(nil, link6[0], link6[1], vrrp.ChecksumRFC9568)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b, true)
	f.Fuzz(func(t *testing.T, b []byte, v6 bool) {
		src, dst := link4[0], link4[1]
		if v6 {
			src, dst = link6[0], link6[1]
		}
		before := bytes.Clone(b)
		a, form, err := vrrp.Parse(b, src, dst)
		if !bytes.Equal(before, b) {
			t.Fatalf("Parse wrote to its input: %x, was %x", b, before)
		}
		if err != nil {
			wantDropError(t, err)
			// Most random packets end at the checksum: look behind it.
			if len(b) < 8 {
				return
			}
			if a, form, err = vrrp.Parse(sealed(bytes.Clone(b)), src, dst); err != nil {
				wantDropError(t, err)
				return
			}
			b = sealed(bytes.Clone(b))
		}
		again, err := a.Append(nil, src, dst, form)
		if err != nil {
			t.Fatalf("%x was read as %+v, which cannot be sent: %v", b, a, err)
		}
		b2, form2, err := vrrp.Parse(again, src, dst)
		if diff := cmp.Diff(a, b2, cmpAddr); err != nil || form2 != form || diff != "" {
			t.Fatalf("%x: %s as %s, %v (-first +again):\n%s", again, form, form2, err, diff)
		}
		wantFlipsDetected(t, b, src, dst, form)
	})
}

func wantDropError(t *testing.T, err error) {
	t.Helper()
	var drop *vrrp.DropError
	if !errors.As(err, &drop) || !drop.Reason.Fatal() || drop.Error() == "" {
		t.Fatalf("error %#v is no reason to drop", err)
	}
}

// wantFlipsDetected flips each bit. A sum of 16-bit words always sees one; the
// other form of the checksum might not, so its acceptance must be told apart.
func wantFlipsDetected(t *testing.T, b []byte, src, dst netip.Addr, form vrrp.Checksum) {
	t.Helper()
	for bit := range len(b) * 8 {
		flipped := bytes.Clone(b)
		flipped[bit/8] ^= 1 << (bit % 8)
		if a, f, err := vrrp.Parse(flipped, src, dst); err == nil && f == form {
			t.Fatalf("bit %d of %x flipped: accepted as %+v", bit, b, a)
		}
	}
}

func TestParseTakesMappedAddresses(t *testing.T) {
	mapped := func(a netip.Addr) netip.Addr { return netip.AddrFrom16(a.As16()) }
	a, form, err := vrrp.Parse(unhex(t, "314dc801 006410bf 0a4d0064"), mapped(link4[0]), mapped(link4[1]))
	if err != nil || form != vrrp.ChecksumPseudoHeader || a.Addresses[0] != vip {
		t.Errorf("%+v, %s, %v", a, form, err)
	}
}

func TestParseRefusesMixedFamilies(t *testing.T) {
	b := unhex(t, "314dc801 0064fb9b 0a4d0064")
	for _, dst := range []netip.Addr{{}, link6[1]} {
		_, _, err := vrrp.Parse(b, link4[0], dst)
		wantDropError(t, err)
	}
	_, _, err := vrrp.Parse(b, netip.Addr{}, netip.Addr{})
	wantDropError(t, err)
}

func TestAppendKeepsWhatIsThere(t *testing.T) {
	good := vrrp.Advert{VRID: 77, Priority: 200, Interval: sec, Addresses: []netip.Addr{vip}}
	b, err := good.Append([]byte{1, 2, 3}, link4[0], link4[1], vrrp.ChecksumPseudoHeader)
	if want := unhex(t, "010203 314dc801 006410bf 0a4d0064"); err != nil || !bytes.Equal(b, want) {
		t.Errorf("%x, %v; want %x", b, err, want)
	}
	b, err = vrrp.Advert{}.Append([]byte{1, 2, 3}, link4[0], link4[1], vrrp.ChecksumRFC9568)
	if err == nil || !bytes.Equal(b, []byte{1, 2, 3}) {
		t.Errorf("%x, %v; want the buffer unchanged and an error", b, err)
	}
	if _, err := good.Append(nil, netip.Addr{}, link4[1], vrrp.ChecksumPseudoHeader); err == nil {
		t.Error("a pseudo-header without a source was encoded")
	}
}
