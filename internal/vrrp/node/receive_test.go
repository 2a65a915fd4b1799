package node

import (
	"net/netip"
	"slices"
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

// alone makes a node without a goroutine, whose turns the test calls, on a wire without one.
func alone(t *testing.T, s *segment, c Config) (*node, *wire) {
	t.Helper()
	nothing := func() {}
	n := newNode(key{"eth0", c.Router.VRID}, c.Router, new(tally), nothing, nothing)
	w := newWire(linkA, Options{Dial: s.dial}, nothing, n.tally)
	var m members
	m[c.Router.VRID] = n
	w.members.Store(&m)
	conn, err := s.dial(linkA)
	if err != nil {
		t.Fatal(err)
	}
	n.set(&want{cfg: c.Router, known: true, link: linkA, wire: w, conn: conn})
	n.turn()
	return n, w
}

func TestLateBackupHearsWhatWaitsBeforeItJudgesSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSegment(t)
		n, w := alone(t, s, router("web", 51, 100))
		conn := s.last()
		time.Sleep(3610*time.Millisecond + slack) // the Active_Down_Interval is 3609.375 ms
		s.inject(datagram(t, addrB, 51, 150))     // unread, as after a freeze
		n.turn()
		if got := n.face.Load().view.State; got != vrrp.Backup {
			t.Fatalf("%s with an advert in the socket, want backup", got)
		}
		if until, _ := n.sleep(); until != time.Now().Add(grace) {
			t.Errorf("waits until %s, want for the grace of %s", until, grace)
		}
		batch := make([]Datagram, batchSize)
		if k, err := conn.Receive(batch, true); k != 0 || err != nil {
			t.Fatalf("Receive is not interrupted but %d, %v", k, err)
		}
		if err := w.empty(conn, batch); err != nil {
			t.Fatal(err)
		}
		n.turn()
		if view := n.face.Load().view; view.State != vrrp.Backup || view.Active != addrB {
			t.Errorf("%s under %s, want backup under %s", view.State, view.Active, addrB)
		}
	})
}

func TestLateBackupTakesOverWhenTheSocketIsEmpty(t *testing.T) {
	for _, answered := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			s := newSegment(t)
			n, w := alone(t, s, router("web", 51, 100))
			time.Sleep(3610*time.Millisecond + slack)
			n.turn()
			if answered {
				if err := w.empty(s.last(), make([]Datagram, batchSize)); err != nil {
					t.Fatal(err)
				}
			} else {
				time.Sleep(grace)
			}
			n.turn()
			if got := n.face.Load().view.State; got != vrrp.Active {
				t.Errorf("%s with answered %t, want active", got, answered)
			}
		})
	}
}

func TestLateActiveSendsAtOnceUnlessAWholeIntervalLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSegment(t)
		n, _ := alone(t, s, router("web", 51, 255))
		time.Sleep(time.Second + 999*time.Millisecond)
		n.turn()
		if got := len(s.packets()); got != 2 {
			t.Errorf("%d packets, want the late one at once", got)
		}
		late := n.count.late.read()
		if late.Count != 1 || late.Max != 999*time.Millisecond {
			t.Errorf("lateness %+v, want one of 999ms", late)
		}
		time.Sleep(2*time.Second + time.Millisecond)
		n.turn()
		if got := len(s.packets()); got != 2 {
			t.Errorf("%d packets, want it to listen first", got)
		}
	})
}

func TestFullMailboxKeepsTheNewestAndNeverBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSegment(t)
		n, _ := alone(t, s, router("web", 51, 100))
		const flood = 1000
		for i := range flood {
			from := netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)})
			n.post(&received{from: from, advert: vrrp.Advert{VRID: 51, Priority: 200, Interval: time.Second, Addresses: []netip.Addr{vip}}})
		}
		n.turn()
		view := n.face.Load().view
		last := netip.AddrFrom4([4]byte{10, 1, (flood - 1) >> 8, (flood - 1) & 0xff})
		if view.Active != last {
			t.Errorf("follows %s, want the newest, %s", view.Active, last)
		}
		if got, want := n.count.superseded.Load(), uint64(flood-mailboxSize); got != want {
			t.Errorf("%d superseded, want %d", got, want)
		}
	})
}

func TestOneAnswerToManyAdvertsOfOneSender(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSegment(t)
		n, w := alone(t, s, router("web", 51, 255))
		for range 10 {
			w.deliver([]Datagram{datagram(t, addrB, 51, 10)})
		}
		n.turn()
		if got := len(s.packets()); got != 2 {
			t.Errorf("%d packets, want the first advert and one answer", got)
		}
		if got := n.count.superseded.Load(); got != 9 {
			t.Errorf("%d superseded, want 9", got)
		}
	})
}

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
