package vip_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lbha/lbha/internal/vip"
	"github.com/lbha/lbha/internal/vip/viptest"
)

const second = time.Second

var errTest = errors.New("out of luck")

func TestNothingHappensBeforeTheFirstSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.admin(r.kernel.AdminAdd("192.0.2.1/24", "eth0", 0))
		r.admin(r.ledger.ClaimAddresses([][2]string{{"192.0.2.1/24", "eth0"}}))
		r.run()
		r.pass(time.Minute)
		r.tried()
		r.told()
		r.set(vip.Want{})
		r.tried("59999 delete 192.0.2.1/24 dev eth0")
		r.end()
	})
}

func TestAddressesComeAndGo(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.want(3*second, "192.0.2.1/24", "198.51.100.1/24 dev eth1")
		r.tried("0 add 192.0.2.1/24 dev eth0 valid_lft 3", "0 add 198.51.100.1/24 dev eth1 valid_lft 3")
		r.told("0 192.0.2.1/24@2 198.51.100.1/24@3")
		r.claimed("192.0.2.1/24 dev eth0", "198.51.100.1/24 dev eth1")
		if got := r.ledger.Writes(); got != 1 {
			r.t.Errorf("%d writes of the ledger for two addresses, want 1", got)
		}
		r.problems()

		r.want(3*second, "198.51.100.1/24 dev eth1")
		r.tried("0 delete 192.0.2.1/24 dev eth0")
		r.told("0 198.51.100.1/24@3")
		r.claimed("198.51.100.1/24 dev eth1")

		r.set(vip.Want{})
		r.tried("0 delete 198.51.100.1/24 dev eth1")
		r.told("0 ")
		r.claimed()
		r.machine("2 eth0 up\n3 eth1 up\n")
	})
}

func TestTheClaimIsOnDiskBeforeTheAdd(t *testing.T) {
	inBubble(t, func(r *rig) {
		var claims [][2]string
		r.failWith(func(vip.Op) error { claims = r.ledger.Addresses(); return nil })
		r.want(3*second, "192.0.2.1/24")
		if diff := cmp.Diff([][2]string{{"192.0.2.1/24", "eth0"}}, claims); diff != "" {
			r.t.Errorf("claims when the kernel was asked (-want +got):\n%s", diff)
		}
	})
}

func TestRenewalIsExactlyAtEachThirdAndInOneGo(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.want(2*second, "192.0.2.1/24", "192.0.2.2/24")
		r.take(&r.trace)
		r.pass(2100 * time.Millisecond)
		r.tried(
			"666 renew 192.0.2.1/24 dev eth0 valid_lft 2", "666 renew 192.0.2.2/24 dev eth0 valid_lft 2",
			"1333 renew 192.0.2.1/24 dev eth0 valid_lft 2", "1333 renew 192.0.2.2/24 dev eth0 valid_lft 2",
			"1999 renew 192.0.2.1/24 dev eth0 valid_lft 2", "1999 renew 192.0.2.2/24 dev eth0 valid_lft 2",
		)
		if r.told("0 192.0.2.1/24@2 192.0.2.2/24@2"); r.ledger.Writes() != 1 {
			r.t.Errorf("renewals wrote the ledger")
		}
	})
}

// One that was added in the second half of the others' third joins them.
func TestRenewalsFallIntoStep(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.want(3*second, "192.0.2.1/24")
		r.pass(400 * time.Millisecond)
		r.want(3*second, "192.0.2.1/24", "192.0.2.2/24")
		r.take(&r.trace)
		r.pass(2 * second)
		r.tried(
			"1000 renew 192.0.2.1/24 dev eth0 valid_lft 3", "1000 renew 192.0.2.2/24 dev eth0 valid_lft 3",
			"2000 renew 192.0.2.1/24 dev eth0 valid_lft 3", "2000 renew 192.0.2.2/24 dev eth0 valid_lft 3",
		)
	})
}

func TestASlowKernelDoesNotDelayTheNextRenewal(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.want(3*second, "192.0.2.1/24")
		r.take(&r.trace)
		r.failWith(func(vip.Op) error { time.Sleep(700 * time.Millisecond); return nil })
		r.pass(3500 * time.Millisecond)
		r.tried(
			"1000 renew 192.0.2.1/24 dev eth0 valid_lft 3",
			"2000 renew 192.0.2.1/24 dev eth0 valid_lft 3",
			"3000 renew 192.0.2.1/24 dev eth0 valid_lft 3",
		)
	})
}

func TestWithoutALeaseNothingIsRenewed(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.want(0, "192.0.2.1/24")
		r.pass(time.Hour)
		r.tried("0 add 192.0.2.1/24 dev eth0")
		r.machine("2 eth0 up\n    192.0.2.1/24\n3 eth1 up\n")
	})
}

func TestALeaseChangesInPlace(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.want(0, "192.0.2.1/24")
		r.want(4*second, "192.0.2.1/24")
		r.want(2*second, "192.0.2.1/24")
		r.want(0, "192.0.2.1/24")
		r.tried(
			"0 add 192.0.2.1/24 dev eth0",
			"0 renew 192.0.2.1/24 dev eth0 valid_lft 4",
			"0 renew 192.0.2.1/24 dev eth0 valid_lft 2",
			"0 renew 192.0.2.1/24 dev eth0",
		)
		r.drift(vip.Drift{})
	})
}

func TestTheSameWantDoesNothing(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.want(3*second, "192.0.2.1/24")
		r.forget()
		for range 10 {
			r.want(3*second, "192.0.2.1/24")
		}
		r.tried()
		r.told()
		if got := r.changes.Load(); got != 0 {
			r.t.Errorf("Changed was called %d times", got)
		}
	})
}

// The kernel ends what nobody renews: no helper has to run.
func TestAfterTheEndOfRunTheKernelTakesTheAddressesOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.run()
		r.want(2*second, "192.0.2.1/24")
		r.pass(second)
		r.end()
		r.machine("2 eth0 up\n    192.0.2.1/24 valid_lft 2\n3 eth1 up\n")
		r.pass(2 * second)
		r.machine("2 eth0 up\n3 eth1 up\n")
	})
}

func TestHeldAddressesAreKeptButNotRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.admin(r.kernel.AdminAdd("192.0.2.1/24", "eth0", 3*second))
		r.admin(r.kernel.AdminAdd("192.0.2.2/24", "eth0", 3*second))
		r.admin(r.ledger.ClaimAddresses([][2]string{{"192.0.2.1/24", "eth0"}, {"192.0.2.2/24", "eth0"}, {"192.0.2.3/24", "eth0"}}))
		have, err := r.kernel.List()
		r.admin(err)
		if got := vip.Adoptable(have, r.ledger.Addresses()); len(got) != 2 || got[viptest.At("192.0.2.1/24", "eth0")].Remaining != 3*second {
			t.Errorf("adoptable is %v", got)
		}
		r.run()
		r.set(vip.Want{Hold: hold("192.0.2.1/24", "192.0.2.2/24")})
		r.pass(1500 * time.Millisecond)
		r.tried()
		r.claimed("192.0.2.1/24 dev eth0", "192.0.2.2/24 dev eth0")

		r.want(3*second, "192.0.2.1/24") // the role came with it
		r.tried("1499 renew 192.0.2.1/24 dev eth0 valid_lft 3", "1499 delete 192.0.2.2/24 dev eth0")
		// The first look finds it in the kernel, wanted and gone with nobody: no drift.
		r.drift(vip.Drift{})
		r.end()
	})
}

func TestSyncWaitsForTheWantAndSaysWhatIsAmiss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		ctx, cancel := context.WithTimeout(context.Background(), second)
		defer cancel()
		if err := r.rec.Sync(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Sync without Run: %v", err)
		}
		r.run()
		r.rec.Set(vip.Want{Present: specs(3*second, "192.0.2.1/24")})
		if err := r.rec.Sync(context.Background()); err != nil {
			t.Errorf("Sync: %v", err)
		}
		r.machine("2 eth0 up\n    192.0.2.1/24 valid_lft 3\n3 eth1 up\n")

		r.failWith(func(vip.Op) error { return errTest })
		r.rec.Set(vip.Want{})
		err := r.rec.Sync(context.Background())
		if !errors.Is(err, errTest) || err.Error() != "delete address 192.0.2.1/24 on eth0: out of luck" {
			t.Errorf("Sync: %v", err)
		}
		r.listFails(errTest)
		if err := r.rec.Sync(context.Background()); !errors.Is(err, errTest) {
			t.Errorf("Sync when nothing can be read: %v", err)
		}
		r.end()
	})
}
