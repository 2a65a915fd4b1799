package node

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lbha/lbha/internal/vrrp"
)

// FuzzReceive gives datagrams to a wire with two routers. What is delivered must be a valid advert with a TTL of 255 for
// a router of ours, and everything else counted once.
func FuzzReceive(f *testing.F) {
	f.Add(uint8(255), []byte{10, 0, 0, 2}, []byte{224, 0, 0, 18}, message(f, addrB, 51, 100))
	f.Add(uint8(255), []byte{10, 0, 0, 2}, []byte{224, 0, 0, 18}, message(f, addrB, 52, 0))
	f.Add(uint8(1), []byte{10, 0, 0, 1}, []byte{10, 0, 0, 1}, []byte{0x31, 51})
	f.Add(uint8(255), make([]byte, 16), make([]byte, 16), []byte{})
	f.Fuzz(func(t *testing.T, ttl uint8, from, to, payload []byte) {
		d := Datagram{TTL: ttl, Payload: payload}
		d.From, _ = netip.AddrFromSlice(from)
		d.To, _ = netip.AddrFromSlice(to)
		ours := []uint8{51, 255}
		shared := new(tally)
		var m members
		for _, vrid := range ours {
			m[vrid] = newNode(key{"eth0", vrid}, router("", vrid, 100).Router, shared, func() {}, func() {})
		}
		w := newWire(linkA, Options{}, func() {}, shared)
		w.route(&m, d)
		total := sum(shared.dropped.read())
		for _, vrid := range ours {
			total += sum(m[vrid].count.dropped.read()) + uint64(len(m[vrid].mail))
			if len(m[vrid].mail) == 0 {
				continue
			}
			r := <-m[vrid].mail
			again, _, err := vrrp.Parse(payload, d.From, d.To)
			if err != nil || ttl != vrrp.TTL || r.advert.VRID != vrid || d.From == addrA || d.To != group || !again.Equal(r.advert) {
				t.Errorf("delivered %+v to %d from %+v: %v", r, vrid, d, err)
			}
		}
		if total != 1 {
			t.Errorf("one datagram was counted %d times", total)
		}
	})
}

func sum(m map[vrrp.DropReason]uint64) uint64 {
	var n uint64
	for _, v := range m {
		n += v
	}
	return n
}

func TestIPv4HeaderIsTakenOff(t *testing.T) {
	header := []byte{0x46, 0xc0, 0, 28, 0, 0, 0, 0, 255, 112, 0, 0, 10, 0, 0, 2, 224, 0, 0, 18, 1, 1, 1, 1}
	packet := append(header, 'v', 'r', 'r', 'p')
	want := Datagram{From: addrB, To: group, TTL: 255, Payload: []byte("vrrp")}
	edit := func(i int, b byte) []byte {
		p := slices.Clone(packet)
		p[i] = b
		return p
	}
	tests := []struct {
		name string
		in   []byte
		ok   bool
	}{
		{"with options", packet, true},
		{"with bytes after it", append(slices.Clone(packet), 0, 0), true},
		{"cut header", packet[:19], false},
		{"cut options", packet[:23], false},
		{"version 6", edit(0, 0x66), false},
		{"header too short", edit(0, 0x44), false},
		{"total shorter than header", edit(3, 23), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := parseIPv4(tt.in)
			if ok != tt.ok {
				t.Fatalf("accepted is %t, want %t", ok, tt.ok)
			}
			if diff := cmp.Diff(want, got, cmpAddr); ok && diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
