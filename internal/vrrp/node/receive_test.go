package node

import (
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lbha/lbha/internal/vrrp"
)

func TestBadDatagramsAreCountedAndNotActedOn(t *testing.T) {
	good := func() Datagram { return datagram(t, addrB, 51, 250) }
	edit := func(f func(*Datagram)) Datagram {
		d := good()
		f(&d)
		return d
	}
	v6 := netip.MustParseAddr("2001:db8::1")
	tests := []struct {
		name string
		d    Datagram
		drop vrrp.DropReason
		wire bool // counted for the interface
	}{
		{"forwarded", edit(func(d *Datagram) { d.TTL = 254 }), vrrp.DropTTL, false},
		{"sent to us alone", edit(func(d *Datagram) { d.To = addrA }), vrrp.DropHeader, false},
		{"our own", datagram(t, addrA, 51, 250), vrrp.DropSelf, false},
		{"wrong checksum", edit(func(d *Datagram) { d.Payload[6] ^= 1 }), vrrp.DropChecksum, false},
		{"cut", edit(func(d *Datagram) { d.Payload = d.Payload[:9] }), vrrp.DropTruncated, false},
		{"longer than it says", edit(func(d *Datagram) { d.Payload = append(d.Payload, 0) }), vrrp.DropTrailing, false},
		{"version 2", edit(func(d *Datagram) { d.Payload[0] = 0x21 }), vrrp.DropVersion, false},
		{"unknown type", edit(func(d *Datagram) { d.Payload[0] = 0x32 }), vrrp.DropType, false},
		{"no address", edit(func(d *Datagram) { d.Payload[3] = 0 }), vrrp.DropCount, false},
		{"family", edit(func(d *Datagram) { d.From = v6 }), vrrp.DropFamily, false},
		{"no VRID at all", edit(func(d *Datagram) { d.Payload = d.Payload[:1] }), vrrp.DropTruncated, true},
		{"empty", edit(func(d *Datagram) { d.Payload = nil }), vrrp.DropTruncated, true},
		{"somebody else's router", datagram(t, addrB, 52, 250), vrrp.DropVRID, true},
		{"our own, of a router that was", datagram(t, addrA, 52, 250), vrrp.DropSelf, true},
		{"somebody else's, forwarded", edit(func(d *Datagram) { d.Payload[1], d.TTL = 52, 3 }), vrrp.DropTTL, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSegment(t)
				r, stop := start(t, s, linkA, Options{}, router("web", 51, 150))
				defer stop()
				time.Sleep(10 * time.Second)
				synctest.Wait()
				before, packets := one(t, r), len(s.packets())
				s.inject(tt.d)
				synctest.Wait()
				after := one(t, r)
				counted, other := after.Dropped, after.Wire.Dropped
				if tt.wire {
					counted, other = other, counted
				}
				if diff := cmp.Diff(map[vrrp.DropReason]uint64{tt.drop: 1}, counted); diff != "" || len(other) != 0 {
					t.Errorf("counted (-want +got)\n%s and elsewhere %v", diff, other)
				}
				if after.View != before.View || after.Received != 0 || len(s.packets()) != packets {
					t.Errorf("it was acted on: %+v", after)
				}
			})
		})
	}
}

func TestAnotherAdvertOfTheSameActiveIsNoChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSegment(t)
		changes := 0
		r, stop := start(t, s, linkA, Options{Changed: func() { changes++ }}, router("web", 51, 100))
		defer stop()
		s.inject(datagram(t, addrB, 51, 200))
		synctest.Wait()
		before := changes
		for range 10 {
			time.Sleep(time.Second)
			s.inject(datagram(t, addrB, 51, 200))
		}
		synctest.Wait()
		if changes != before {
			t.Errorf("%d changes were told of", changes-before)
		}
		if got := one(t, r); !got.View.Heard.At.Equal(time.Now()) || got.Received != 11 {
			t.Errorf("last heard %s, received %d; want now and 11", got.View.Heard.At, got.Received)
		}
	})
}

func TestStrangersAreNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSegment(t)
		r, stop := start(t, s, linkA, Options{}, router("web", 51, 150), router("db", 53, 150))
		defer stop()
		addrC := netip.MustParseAddr("10.0.0.3")
		for _, d := range []Datagram{datagram(t, addrB, 200, 1), datagram(t, addrC, 7, 1), datagram(t, addrC, 200, 1)} {
			s.inject(d)
		}
		synctest.Wait()
		want := []Foreign{{7, addrC, 1}, {200, addrC, 2}}
		for _, got := range r.Status() {
			if diff := cmp.Diff(want, got.Wire.Foreign, cmpAddr); diff != "" {
				t.Errorf("%s (-want +got)\n%s", got.Name, diff)
			}
		}
	})
}

func TestOddAdvertIsCountedAndActedOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSegment(t)
		r, stop := start(t, s, linkA, Options{}, router("web", 51, 150))
		defer stop()
		a := vrrp.Advert{VRID: 51, Priority: 250, Interval: 2 * time.Second, Addresses: []netip.Addr{addrB}}
		b, err := a.Append(nil, addrB, group, vrrp.ChecksumPseudoHeader)
		if err != nil {
			t.Fatal(err)
		}
		s.inject(Datagram{From: addrB, To: group, TTL: vrrp.TTL, Payload: b})
		synctest.Wait()
		got := one(t, r)
		want := map[vrrp.DropReason]uint64{vrrp.DropIntervalMismatch: 1, vrrp.DropAddressList: 1}
		if diff := cmp.Diff(want, got.Dropped); diff != "" {
			t.Errorf("counted (-want +got)\n%s", diff)
		}
		if got.View.Active != addrB || got.Received != 1 || got.PeerChecksum == nil || *got.PeerChecksum != vrrp.ChecksumPseudoHeader {
			t.Errorf("active %s, received %d, checksum %v; want it followed", got.View.Active, got.Received, got.PeerChecksum)
		}
	})
}
