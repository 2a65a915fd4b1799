package arp

import (
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func on(link string, index int, addr string) Claim {
	return Claim{Addr: netip.MustParseAddr(addr), Link: link, Index: index, MAC: "02:00:00:00:00:0a"}
}

func wantSent(t *testing.T, w *wire, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, w.take(), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
}

func bubble(t *testing.T, f func(t *testing.T, w *wire, a *Announcer)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWire()
		f(t, w, w.start(t))
	})
}

func TestClaimIsAnnouncedAtOnceThenOnSchedule(t *testing.T) {
	bubble(t, func(t *testing.T, w *wire, a *Announcer) {
		after(time.Hour)
		a.Set(map[Claim]Schedule{vip: usual})
		after(150 * time.Second)
		wantSent(t, w, bursts("1h0m0s eth0 192.0.2.10", "1h0m1.1s eth0 192.0.2.10", "1h0m2.2s eth0 192.0.2.10", "1h0m3.3s eth0 192.0.2.10",
			"1h0m4.4s eth0 192.0.2.10", "1h1m4.4s eth0 192.0.2.10", "1h2m4.4s eth0 192.0.2.10")...)
		last := w.began.Add(time.Hour + 2*time.Minute + 4400*time.Millisecond)
		want := Status{
			Claims: []ClaimStatus{{Claim: vip, Bursts: 7, Last: last, Next: last.Add(time.Minute)}},
			Totals: []Total{{Addr: vip.Addr, Requests: 7, Replies: 7}},
		}
		if diff := cmp.Diff(want, a.Status(), cmpopts.EquateComparable(netip.Addr{})); diff != "" {
			t.Errorf("status (-want +got):\n%s", diff)
		}
	})
}

func TestRefreshIsSpreadByTheSourceGiven(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire()
		a := w.start(t)
		numbers := []float64{0, 0.25}
		a.jitter = func() float64 { n := numbers[0]; numbers = append(numbers[1:], 0.5); return n }
		a.Set(map[Claim]Schedule{vip: {Count: 1, Refresh: 100 * time.Second}})
		after(300 * time.Second)
		wantSent(t, w, bursts("0s eth0 192.0.2.10", "1m30s eth0 192.0.2.10", "3m5s eth0 192.0.2.10", "4m45s eth0 192.0.2.10")...)
	})
}

func TestWithdrawnClaimIsAnnouncedNoMore(t *testing.T) {
	bubble(t, func(t *testing.T, w *wire, a *Announcer) {
		other := on("eth1", 4, "198.51.100.1")
		a.Set(map[Claim]Schedule{vip: usual, other: usual})
		after(2 * time.Second)
		w.take()
		a.Set(map[Claim]Schedule{other: usual})
		after(time.Second)
		wantSent(t, w, bursts("2.2s eth1 198.51.100.1")...)
		if w.open != 1 {
			t.Errorf("%d sockets are open for one link", w.open)
		}
		if totals := a.Status().Totals; len(totals) != 2 || totals[0].Addr != vip.Addr || totals[0].Replies != 2 {
			t.Errorf("totals %+v, want those of %s kept", totals, vip.Addr)
		}
	})
}

func TestSettingTheSameAgainSendsNothing(t *testing.T) {
	bubble(t, func(t *testing.T, w *wire, a *Announcer) {
		a.Set(map[Claim]Schedule{vip: usual})
		after(time.Second / 2)
		w.take()
		a.Set(map[Claim]Schedule{vip: usual})
		after(time.Second / 2)
		wantSent(t, w)
		after(time.Second / 2)
		wantSent(t, w, bursts("1.1s eth0 192.0.2.10")...)
	})
}

func TestClaimMadeAgainIsNewEvenIfNobodyLookedBetween(t *testing.T) {
	bubble(t, func(t *testing.T, w *wire, a *Announcer) {
		a.Set(map[Claim]Schedule{vip: usual})
		after(10 * time.Second)
		w.take()
		a.Set(nil)
		a.Set(map[Claim]Schedule{vip: usual})
		after(2 * time.Second)
		wantSent(t, w, bursts("10s eth0 192.0.2.10", "11.1s eth0 192.0.2.10")...)
	})
}

func TestAgainBeginsTheMatchingClaimsAnew(t *testing.T) {
	bubble(t, func(t *testing.T, w *wire, a *Announcer) {
		other := on("eth0", 2, "192.0.2.11")
		a.Set(map[Claim]Schedule{vip: {Count: 1}, other: {Count: 1}})
		after(10 * time.Second)
		w.take()
		a.Again(func(c Claim) bool { return c == vip })
		after(10 * time.Second)
		wantSent(t, w, bursts("10s eth0 192.0.2.10")...)
	})
}

func TestChangedIndexOrMACIsAnotherClaim(t *testing.T) {
	for name, change := range map[string]func(*Claim){
		"index": func(c *Claim) { c.Index++ },
		"MAC":   func(c *Claim) { c.MAC = "02:00:00:00:00:0b" },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *wire, a *Announcer) {
				a.Set(map[Claim]Schedule{vip: usual})
				after(10 * time.Second)
				w.take()
				c := vip
				change(&c)
				a.Set(map[Claim]Schedule{c: usual})
				after(time.Second)
				wantSent(t, w, bursts("10s eth0 192.0.2.10")...)
			})
		})
	}
}

func TestChangedScheduleCountsFromTheLastBurst(t *testing.T) {
	bubble(t, func(t *testing.T, w *wire, a *Announcer) {
		a.Set(map[Claim]Schedule{vip: {Count: 1}}) // never again
		after(10 * time.Second)
		a.Set(map[Claim]Schedule{vip: {Count: 1, Refresh: 15 * time.Second}})
		after(6 * time.Second)
		wantSent(t, w, bursts("0s eth0 192.0.2.10", "15s eth0 192.0.2.10")...)
	})
}

func TestChangedScheduleDoesNotPutOffARetry(t *testing.T) {
	bubble(t, func(t *testing.T, w *wire, a *Announcer) {
		a.Set(map[Claim]Schedule{vip: {Count: 1, Refresh: 10 * time.Second}})
		after(5 * time.Second)
		w.fail(vip.Index, errDown)
		after(5005 * time.Millisecond) // failed at 10s, again at 10.01s
		w.fail(vip.Index, nil)
		a.Set(map[Claim]Schedule{vip: {Count: 1, Refresh: time.Hour}})
		after(time.Minute)
		wantSent(t, w, bursts("0s eth0 192.0.2.10", "10.01s eth0 192.0.2.10")...)
	})
}

// The rest of a burst of many claims must not go out after they were withdrawn.
func TestWithdrawalStopsABurst(t *testing.T) {
	bubble(t, func(t *testing.T, w *wire, a *Announcer) {
		frames := 0
		w.onSend = func(string) {
			if frames++; frames == 3 { // the second claim's first
				a.Set(nil)
			}
		}
		a.Set(map[Claim]Schedule{on("eth0", 3, "192.0.2.1"): usual, on("eth0", 3, "192.0.2.2"): usual, on("eth0", 3, "192.0.2.3"): usual})
		after(10 * time.Second)
		wantSent(t, w, bursts("0s eth0 192.0.2.1", "0s eth0 192.0.2.2")...)
	})
}

func TestIPv6ClaimHasAnErrorAndDisturbsNoOther(t *testing.T) {
	bubble(t, func(t *testing.T, w *wire, a *Announcer) {
		six := on("eth0", 3, "2001:db8::1")
		a.Set(map[Claim]Schedule{six: usual, vip: {}})
		after(10 * time.Second)
		wantSent(t, w, bursts("0s eth0 192.0.2.10")...)
		want := []ClaimStatus{
			{Claim: vip, Bursts: 1, Last: w.began},
			{Claim: six, Err: "announce 2001:db8::1 on eth0: IPv6 addresses are not announced"},
		}
		if diff := cmp.Diff(want, a.Status().Claims, cmpopts.EquateComparable(netip.Addr{})); diff != "" {
			t.Errorf("status (-want +got):\n%s", diff)
		}
		const wantLog = `level=WARN msg="address cannot be announced" vip=2001:db8::1 iface=eth0 err="announce 2001:db8::1 on eth0: IPv6 addresses are not announced"` + "\n"
		if diff := cmp.Diff(wantLog, w.log.String()); diff != "" {
			t.Errorf("log (-want +got):\n%s", diff)
		}
	})
}

func TestOversleptBurstWaitsForTheClaimToBeWithdrawn(t *testing.T) {
	now := time.Unix(1000, 0)
	var tab table
	tab.set(map[Claim]wanted{vip: {schedule: usual, born: 1}}, now, nil)
	tab[0].sent(now, 0.5) // next at +1.1s
	awake := now.Add(1100*time.Millisecond + late + 1)
	if due := tab.due(awake); len(due) != 0 {
		t.Fatalf("a burst overslept by more than %v is due at once", late)
	}
	if next, ok := tab.next(); !ok || next != awake.Add(late) {
		t.Errorf("it is put off to %v, %v; want %v after waking", next, ok, late)
	}
	// A machine that is always late must still announce.
	if due := tab.due(awake.Add(3 * late)); len(due) != 1 {
		t.Error("it was put off twice")
	}
	tab[0].sent(now, 0.5)
	if due := tab.due(now.Add(1100*time.Millisecond + late)); len(due) != 1 {
		t.Errorf("a burst late by no more than %v was put off", late)
	}
	if due := tab.due(awake); len(due) != 0 {
		t.Error("one that was put off once is not put off when overslept again, after it was sent")
	}
}
