package node

import (
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lbha/lbha/internal/vrrp"
)

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
