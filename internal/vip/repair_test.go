package vip_test

import (
	"testing"
	"time"

	"github.com/lbha/lbha/internal/vip"
)

func TestARemovedAddressIsPutBackAtOnce(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.want(3*second, "192.0.2.1/24")
		r.pass(500 * time.Millisecond)
		r.forget()
		r.admin(r.kernel.AdminDelete("192.0.2.1/24", "eth0"))
		r.rec.Wake()
		r.pass(time.Millisecond)
		r.tried("499 add 192.0.2.1/24 dev eth0 valid_lft 3")
		r.told() // back before anybody heard that it was away
		r.drift(vip.Drift{Removed: 1})
		if got := r.logged("somebody removed an address"); got != 1 {
			r.t.Errorf("said %d times, want once", got)
		}
	})
}

// Without an event, the next look finds it.
func TestARemovedAddressIsFoundWithoutAnEvent(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.want(0, "192.0.2.1/24")
		r.take(&r.trace)
		r.admin(r.kernel.AdminDelete("192.0.2.1/24", "eth0"))
		r.pass(1500 * time.Millisecond)
		r.tried("1000 add 192.0.2.1/24 dev eth0")
		r.drift(vip.Drift{Removed: 1})
	})
}

func TestAChangedLifetimeIsSetAgain(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.want(3*second, "192.0.2.1/24")
		r.want(3*second, "192.0.2.1/24", "192.0.2.2/24")
		r.take(&r.trace)
		r.admin(r.kernel.AdminAdd("192.0.2.1/24", "eth0", 0))
		r.rec.Wake()
		r.pass(time.Millisecond)
		r.tried("0 renew 192.0.2.1/24 dev eth0 valid_lft 3")
		r.drift(vip.Drift{Lifetime: 1})
	})
}

func TestRemovingTheFirstOfASubnetPutsTheOthersBack(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.want(3*second, "192.0.2.1/24", "192.0.2.2/24", "192.0.2.3/24")
		r.forget()
		r.want(3*second, "192.0.2.2/24", "192.0.2.3/24")
		r.tried(
			"0 delete 192.0.2.1/24 dev eth0",
			"0 add 192.0.2.2/24 dev eth0 valid_lft 3",
			"0 add 192.0.2.3/24 dev eth0 valid_lft 3",
		)
		r.told("0 192.0.2.2/24@2 192.0.2.3/24@2")
		r.drift(vip.Drift{}) // our own doing
	})
}

func TestPromotedSecondariesNeedNoRepair(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.kernel.Change(func() { r.kernel.PromoteSecondaries = true })
		r.want(3*second, "192.0.2.1/24", "192.0.2.2/24")
		r.take(&r.trace)
		r.want(3*second, "192.0.2.2/24")
		r.tried("0 delete 192.0.2.1/24 dev eth0")
	})
}

func TestAMissingInterfaceIsWaitedFor(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.want(0, "192.0.2.1/24", "198.51.100.1/24 dev ppp0")
		r.pass(10 * second)
		r.problems("pending 198.51.100.1/24 dev ppp0: interface ppp0 is missing")
		if got := r.logged("waits for its interface"); got != 1 {
			r.t.Errorf("said %d times, want once", got)
		}
		if got := r.logged("level=ERROR"); got != 0 {
			r.t.Errorf("%d errors for an interface that may come", got)
		}
		r.forget()
		r.kernel.AddLink("ppp0")
		r.rec.Wake()
		r.pass(time.Millisecond)
		r.tried("9999 add 198.51.100.1/24 dev ppp0")
		r.told("9999 192.0.2.1/24@2 198.51.100.1/24@4")
		r.problems()
	})
}

// Announcements restart because the address is told with its link's new index.
func TestALinkMadeAnewGetsItsAddressesAndIsTold(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.want(3*second, "192.0.2.1/24")
		r.pass(500 * time.Millisecond)
		r.forget()
		r.kernel.AddLink("eth0") // in place of the old one, between two looks
		r.rec.Wake()
		r.pass(100 * time.Millisecond)
		r.tried("499 add 192.0.2.1/24 dev eth0 valid_lft 3")
		r.told("499 192.0.2.1/24@4")
		r.drift(vip.Drift{}) // the link took it along

		r.forget()
		r.kernel.RemoveLink("eth0")
		r.rec.Wake()
		r.pass(100 * time.Millisecond)
		r.told("599 ")
		r.problems("pending 192.0.2.1/24 dev eth0: interface eth0 is missing")
		r.kernel.AddLink("eth0")
		r.rec.Wake()
		r.pass(100 * time.Millisecond)
		r.told("699 192.0.2.1/24@5")
		r.drift(vip.Drift{})
	})
}

func TestForeignAddressesAreNeverTouched(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.admin(r.kernel.AdminAdd("203.0.113.1/24", "eth0", 0))
		r.admin(r.kernel.AdminAdd("203.0.113.2/24", "eth0", 5*second))
		before := r.kernel.String()
		r.set(vip.Want{})
		r.want(3*second, "192.0.2.1/24")
		r.set(vip.Want{})
		r.tried("0 add 192.0.2.1/24 dev eth0 valid_lft 3", "0 delete 192.0.2.1/24 dev eth0")
		r.machine(before)
		r.problems()
	})
}

// A wanted address that a person set is used, told, and not taken over.
func TestAForeignAddressThatIsWantedIsUsedAndReported(t *testing.T) {
	const foreign = "foreign 192.0.2.1/24 dev eth0: somebody else set this address here; lbha leaves it alone, so it will not move " +
		"to the other director: take it out of this machine's own network configuration"
	inBubble(t, func(r *rig) {
		r.admin(r.kernel.AdminAdd("192.0.2.1/24", "eth0", 0))
		r.set(vip.Want{Absent: hold("192.0.2.1/24", "192.0.2.2/24")})
		r.problems(foreign) // a Backup that answers for it
		r.want(3*second, "192.0.2.1/24")
		r.pass(5 * second)
		r.problems(foreign)
		r.told("0 ", "0 192.0.2.1/24@2")
		r.set(vip.Want{})
		r.tried()
		r.claimed()
		r.machine("2 eth0 up\n    192.0.2.1/24\n3 eth1 up\n")
		if got := r.logged("somebody else set this address here"); got != 1 {
			r.t.Errorf("said %d times, want once", got)
		}

		// The person takes it away while it is wanted: then it is ours.
		r.want(3*second, "192.0.2.1/24")
		r.admin(r.kernel.AdminDelete("192.0.2.1/24", "eth0"))
		r.rec.Wake()
		r.pass(time.Millisecond)
		r.tried("4999 add 192.0.2.1/24 dev eth0 valid_lft 3")
		r.problems()
		r.claimed("192.0.2.1/24 dev eth0")
	})
}

// Somebody adds it between our look and our act: the claim is given back.
func TestWhoIsFasterOwnsTheAddress(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.failWith(func(vip.Op) error { return vip.ErrExists })
		r.want(3*second, "192.0.2.1/24")
		r.claimed()
		r.problems("failed 192.0.2.1/24 dev eth0: add address 192.0.2.1/24 on eth0: the address is on the interface already")
		r.admin(r.kernel.AdminAdd("192.0.2.1/24", "eth0", 0))
		r.failWith(func(vip.Op) error { return nil })
		r.pass(second)
		r.set(vip.Want{})
		r.tried("0 add 192.0.2.1/24 dev eth0 valid_lft 3")
		r.machine("2 eth0 up\n    192.0.2.1/24\n3 eth1 up\n")
	})
}

// Even if the ledger cannot be written then: it is not ours in this life.
func TestWhoIsFasterOwnsTheAddressAlsoWithABrokenLedger(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.failWith(func(vip.Op) error { r.ledger.FailWith(errTest); return vip.ErrExists })
		r.want(3*second, "192.0.2.1/24")
		r.admin(r.kernel.AdminAdd("192.0.2.1/24", "eth0", 0))
		r.failWith(func(vip.Op) error { return nil })
		r.set(vip.Want{})
		r.pass(second)
		r.tried("0 add 192.0.2.1/24 dev eth0 valid_lft 3")
		r.claimed("192.0.2.1/24 dev eth0")
		if got := r.rec.Status().LedgerError; got != errTest.Error() {
			r.t.Errorf("ledger error is %q", got)
		}
		r.ledger.FailWith(nil)
		r.pass(2 * second)
		r.claimed()
		if got := r.rec.Status().LedgerError; got != "" {
			r.t.Errorf("ledger error is %q after it was mended", got)
		}
	})
}

// An address of ours that was taken away and set again by hand stays ours.
func TestALostRaceForAnAddressOfOursKeepsTheClaim(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.want(3*second, "192.0.2.1/24")
		r.admin(r.kernel.AdminDelete("192.0.2.1/24", "eth0"))
		r.failWith(func(vip.Op) error { return vip.ErrExists })
		r.rec.Wake()
		r.pass(time.Millisecond)
		r.claimed("192.0.2.1/24 dev eth0")
	})
}

func TestChangedIsCalledForDrift(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.want(3*second, "192.0.2.1/24")
		r.changes.Store(0)
		r.admin(r.kernel.AdminDelete("192.0.2.1/24", "eth0"))
		r.rec.Wake()
		r.pass(time.Millisecond)
		if got := r.changes.Load(); got != 1 {
			r.t.Errorf("Changed was called %d times, want once", got)
		}
	})
}

func TestAForeignAddressIsReportedSinceItWasSeen(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.admin(r.kernel.AdminAdd("192.0.2.1/24", "eth0", 0))
		r.want(3*second, "192.0.2.1/24")
		since := r.rec.Status().Problems[0].Since
		r.pass(5 * second)
		if got := r.rec.Status().Problems[0].Since; !got.Equal(since) {
			r.t.Errorf("first seen %v, now it says %v", since, got)
		}
	})
}
