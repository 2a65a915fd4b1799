package arp

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestFailedBurstIsRetriedSoonThenTheScheduleGoesOn(t *testing.T) {
	bubble(t, func(t *testing.T, w *wire, a *Announcer) {
		w.fail(vip.Index, errDown)
		a.Set(map[Claim]Schedule{vip: usual})
		after(65 * time.Millisecond) // attempts at 0, 10, 30 ms
		want := Status{
			Claims: []ClaimStatus{{Claim: vip, Next: w.began.Add(70 * time.Millisecond), Err: "announce on eth0: network is down"}},
			Totals: []Total{{Addr: vip.Addr, Errors: 3}},
		}
		if diff := cmp.Diff(want, a.Status(), cmpopts.EquateComparable(netip.Addr{})); diff != "" {
			t.Errorf("status while down (-want +got):\n%s", diff)
		}
		if w.open != 0 || len(w.dials) != 3 {
			t.Errorf("%d sockets are open, dialled %q; want a new one for each attempt", w.open, w.dials)
		}
		w.fail(vip.Index, nil)
		after(1200 * time.Millisecond)
		wantSent(t, w, bursts("70ms eth0 192.0.2.10", "1.17s eth0 192.0.2.10")...)
		if s := a.Status().Claims[0]; s.Err != "" || s.Bursts != 2 {
			t.Errorf("status %+v, want 2 bursts and no error", s)
		}
	})
}

func TestErrorIsLoggedOncePerChange(t *testing.T) {
	bubble(t, func(t *testing.T, w *wire, a *Announcer) {
		w.fail(3, errDown)
		a.Set(map[Claim]Schedule{on("eth0", 3, "192.0.2.1"): usual, on("eth0", 3, "192.0.2.2"): usual})
		after(10 * time.Second)
		w.fail(3, fmt.Errorf("no such device"))
		after(10 * time.Second)
		w.fail(3, nil)
		after(10 * time.Second)
		const want = `level=WARN msg="announcements cannot be sent" iface=eth0 vip=192.0.2.1 err="network is down"
level=WARN msg="announcements cannot be sent" iface=eth0 vip=192.0.2.1 err="no such device"
level=INFO msg="announcements are sent again" iface=eth0
`
		if diff := cmp.Diff(want, w.log.String()); diff != "" {
			t.Errorf("log (-want +got):\n%s", diff)
		}
	})
}

func TestLinkThatFailsHoldsUpNoOther(t *testing.T) {
	bubble(t, func(t *testing.T, w *wire, a *Announcer) {
		w.fail(3, errDown)
		tried := 0
		w.onSend = func(link string) {
			if link == "eth0" {
				tried++
			}
		}
		a.Set(map[Claim]Schedule{
			on("eth0", 3, "192.0.2.1"): usual, on("eth0", 3, "192.0.2.2"): usual, on("eth1", 4, "198.51.100.1"): usual,
		})
		after(5 * time.Millisecond)
		wantSent(t, w, bursts("0s eth1 198.51.100.1")...)
		if tried != 1 {
			t.Errorf("the failing link was tried %d times in one pass, want once", tried)
		}
		for _, total := range a.Status().Totals[:2] {
			if total.Errors != 1 {
				t.Errorf("%d errors counted for %s, want 1", total.Errors, total.Addr)
			}
		}
	})
}

func TestOneSocketPerLinkIsKept(t *testing.T) {
	bubble(t, func(t *testing.T, w *wire, a *Announcer) {
		claims := map[Claim]Schedule{}
		for i := range 255 {
			claims[on("eth0", 3, fmt.Sprintf("192.0.2.%d", i))] = usual
		}
		a.Set(claims)
		after(5 * time.Second)
		if diff := cmp.Diff([]string{"0s eth0"}, w.dials); diff != "" {
			t.Errorf("sockets opened (-want +got):\n%s", diff)
		}
		if sent := w.take(); len(sent) != 255*2*5 || !strings.HasPrefix(sent[0], "0s eth0 192.0.2.0 ") {
			t.Errorf("%d frames, the first %q; want %d, in order of address", len(sent), sent[0], 255*2*5)
		}
	})
}

func TestMissingInterfaceIsRetriedUntilItIsThere(t *testing.T) {
	bubble(t, func(t *testing.T, w *wire, a *Announcer) {
		w.gone[3] = fmt.Errorf("open packet socket: no such device")
		a.Set(map[Claim]Schedule{vip: usual})
		after(time.Minute)
		if got := a.Status().Claims[0].Err; got != "announce on eth0: open packet socket: no such device" {
			t.Errorf("status error %q", got)
		}
		w.mu.Lock()
		delete(w.gone, 3)
		w.mu.Unlock()
		after(lastRetry)
		if sent := w.take(); len(sent) != 2 {
			t.Errorf("sent %q within a retry of the interface's return, want one burst", sent)
		}
	})
}
