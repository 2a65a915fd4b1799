package vip_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lbha/lbha/internal/vip"
)

func TestAFailedOperationIsRetriedWithBackOff(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.failWith(func(vip.Op) error { return vip.ErrPermission })
		r.want(0, "192.0.2.1/24")
		r.pass(3200 * time.Millisecond)
		r.tried(
			"0 add 192.0.2.1/24 dev eth0", "50 add 192.0.2.1/24 dev eth0", "150 add 192.0.2.1/24 dev eth0",
			"350 add 192.0.2.1/24 dev eth0", "750 add 192.0.2.1/24 dev eth0", "1550 add 192.0.2.1/24 dev eth0",
			"2550 add 192.0.2.1/24 dev eth0",
		)
		r.problems("failed 192.0.2.1/24 dev eth0: add address 192.0.2.1/24 on eth0: not permitted: setting addresses needs CAP_NET_ADMIN")
		if got := r.logged("cannot set address"); got != 1 {
			r.t.Errorf("said %d times, want once", got)
		}
		if got := r.rec.Status().Operations; got.AddFailures != 7 || got.Added != 0 {
			r.t.Errorf("operations are %+v", got)
		}
		r.failWith(func(vip.Op) error { return nil })
		r.pass(second)
		r.problems()
		r.told("0 ", "3550 192.0.2.1/24@2")
	})
}

func TestOneFailingAddressDoesNotStopTheOthers(t *testing.T) {
	inBubble(t, func(r *rig) {
		bad := set("192.0.2.1/24")[0]
		r.failWith(func(op vip.Op) error {
			if op.Address == bad {
				return errTest
			}
			return nil
		})
		r.want(3*second, "192.0.2.1/24", "192.0.2.2/24", "198.51.100.1/24 dev eth1")
		r.told("0 192.0.2.2/24@2 198.51.100.1/24@3")
	})
}

// A renewal that fails is tried again while the lease lasts.
func TestAFailedRenewalIsRetriedWithinTheLease(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.want(3*second, "192.0.2.1/24")
		r.take(&r.trace)
		r.failWith(func(vip.Op) error { return errTest })
		r.pass(2 * second)
		r.tried(
			"1000 renew 192.0.2.1/24 dev eth0 valid_lft 3", "1050 renew 192.0.2.1/24 dev eth0 valid_lft 3",
			"1150 renew 192.0.2.1/24 dev eth0 valid_lft 3", "1350 renew 192.0.2.1/24 dev eth0 valid_lft 3",
			"1725 renew 192.0.2.1/24 dev eth0 valid_lft 3",
		)
		r.failWith(func(vip.Op) error { return nil })
		r.pass(3 * second)
		r.tried(
			"2100 renew 192.0.2.1/24 dev eth0 valid_lft 3", "3100 renew 192.0.2.1/24 dev eth0 valid_lft 3",
			"4100 renew 192.0.2.1/24 dev eth0 valid_lft 3",
		)
		r.drift(vip.Drift{})
		r.problems()
	})
}

// The kernel refused for longer than the lease: it is lost, and counted as our
// lateness.
func TestALeaseThatEndedIsCounted(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.want(2*second, "192.0.2.1/24")
		r.failWith(func(vip.Op) error { return errTest })
		r.pass(2200 * time.Millisecond)
		r.told("0 192.0.2.1/24@2", "2016 ")
		r.failWith(func(vip.Op) error { return nil })
		r.pass(second)
		r.drift(vip.Drift{Expired: 1})
		r.told("2266 192.0.2.1/24@2")
	})
}

func TestARenewalDoesNotWaitForAReadableKernel(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.want(3*second, "192.0.2.1/24")
		r.take(&r.trace)
		r.listFails(errTest)
		r.pass(2200 * time.Millisecond)
		r.tried("1000 renew 192.0.2.1/24 dev eth0 valid_lft 3", "2000 renew 192.0.2.1/24 dev eth0 valid_lft 3")
		if got := r.rec.Status().ListError; got != errTest.Error() {
			r.t.Errorf("list error is %q", got)
		}
		if got := r.logged("cannot read addresses"); got != 1 {
			r.t.Errorf("said %d times, want once", got)
		}
		r.told("0 192.0.2.1/24@2") // not known to have gone
		r.listFails(nil)
		r.pass(2 * second)
		if got := r.rec.Status().ListError; got != "" {
			r.t.Errorf("list error is %q after it was mended", got)
		}
	})
}

// A full disk: what cannot be claimed is not added; what is there lives on.
func TestWithoutAClaimNothingIsAdded(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.want(3*second, "192.0.2.1/24", "198.51.100.1/24 dev eth1")
		r.forget()
		r.ledger.FailWith(errors.New("write /run/lbha/owned.json: no space left on device"))
		r.want(3*second, "192.0.2.1/24", "192.0.2.2/24")
		r.tried("0 delete 198.51.100.1/24 dev eth1")
		r.told("0 192.0.2.1/24@2")
		r.problems("failed 192.0.2.2/24 dev eth0: add address 192.0.2.2/24 on eth0: not claimed: " +
			"write /run/lbha/owned.json: no space left on device")
		r.pass(1100 * time.Millisecond)
		r.tried("1000 renew 192.0.2.1/24 dev eth0 valid_lft 3")

		r.ledger.FailWith(nil)
		r.pass(second)
		r.claimed("192.0.2.1/24 dev eth0", "192.0.2.2/24 dev eth0")
		r.problems()
	})
}

func TestWithoutAClaimWhatIsReplacedStays(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.want(3*second, "2001:db8::1/64")
		r.ledger.FailWith(errTest)
		r.want(3*second, "2001:db8::1/128")
		r.machine("2 eth0 up\n    2001:db8::1/64 valid_lft 3\n3 eth1 up\n")
		r.ledger.FailWith(nil)
		r.pass(100 * time.Millisecond)
		r.machine("2 eth0 up\n    2001:db8::1/128 valid_lft 3\n3 eth1 up\n")
		r.claimed("2001:db8::1/128 dev eth0")
	})
}

func TestAReleaseThatFailsIsTriedAgain(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.want(3*second, "192.0.2.1/24")
		r.ledger.FailWith(errTest)
		r.rec.Set(vip.Want{})
		if err := r.rec.Sync(context.Background()); err == nil || err.Error() != "release addresses: out of luck" {
			r.t.Errorf("Sync: %v", err)
		}
		r.machine("2 eth0 up\n3 eth1 up\n")
		r.ledger.FailWith(nil)
		r.pass(2 * second)
		r.claimed()
	})
}

// A process that was stopped for longer than its lease has lost its addresses
// to another director. It must not put them back before the election had time
// to notice the same stall.
func TestAfterAStallNothingIsAddedAtOnce(t *testing.T) {
	for name, tt := range map[string]struct {
		act  func(*rig)
		want []string
	}{
		"the role is kept": {
			func(*rig) {},
			[]string{"8200 add 192.0.2.1/24 dev eth0 valid_lft 2"},
		},
		"the role is given up": {
			func(r *rig) { r.set(vip.Want{Absent: hold("192.0.2.1/24")}) },
			nil,
		},
		"another router's want came first": {
			func(r *rig) { r.set(vip.Want{Present: specs(2*second, "192.0.2.1/24", "192.0.2.2/24")}) },
			[]string{"8200 add 192.0.2.1/24 dev eth0 valid_lft 2", "8200 add 192.0.2.2/24 dev eth0 valid_lft 2"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(r *rig) {
				r.want(2*second, "192.0.2.1/24")
				frozen := true
				r.failWith(func(vip.Op) error {
					if frozen { // the whole process, here inside its next call of the kernel
						frozen = false
						time.Sleep(8*second - 2*second/3)
						return errTest
					}
					return nil
				})
				r.pass(8*second + time.Microsecond)
				r.take(&r.trace)
				time.Sleep(10 * time.Millisecond)
				synctest.Wait()
				r.tried()
				tt.act(r)
				r.pass(500 * time.Millisecond)
				r.tried(tt.want...)
			})
		})
	}
}

func TestStatusIsASnapshot(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.want(3*second, "192.0.2.1/24")
		before := r.rec.Status()
		r.set(vip.Want{})
		if len(before.Present) != 1 || len(r.rec.Status().Present) != 0 {
			r.t.Errorf("before %v, after %v", before.Present, r.rec.Status().Present)
		}
		if before.Synced.IsZero() {
			r.t.Error("never synced")
		}
		want := vip.Operations{Added: 1, Deleted: 1}
		if diff := cmp.Diff(want, r.rec.Status().Operations); diff != "" {
			r.t.Errorf("(-want +got):\n%s", diff)
		}
		if got := r.changes.Load(); got != 2 {
			r.t.Errorf("Changed was called %d times, want twice", got)
		}
	})
}

// Events come in storms; what failed a moment ago is not tried at each.
func TestAWakeDoesNotCutABackOffShort(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.failWith(func(vip.Op) error { return errTest })
		r.want(0, "192.0.2.1/24")
		since := r.rec.Status().Problems[0].Since
		for range 40 {
			r.rec.Wake()
			r.pass(time.Millisecond)
		}
		r.tried("0 add 192.0.2.1/24 dev eth0")
		r.pass(100 * time.Millisecond)
		if got := r.rec.Status().Problems[0].Since; !got.Equal(since) {
			r.t.Errorf("the problem began at %v, now it says %v", since, got)
		}
	})
}

func TestAnotherWantGivesWhatFailedANewChance(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.failWith(func(vip.Op) error { return errTest })
		r.want(0, "192.0.2.1/24")
		r.pass(600 * time.Millisecond) // the next attempt would be at 750
		r.failWith(func(vip.Op) error { return nil })
		r.take(&r.trace)
		r.want(0, "192.0.2.1/24", "192.0.2.2/24")
		r.tried("599 add 192.0.2.1/24 dev eth0", "599 add 192.0.2.2/24 dev eth0")
	})
}

// Gone is gone, whoever did it.
func TestDeletingWhatIsGoneIsNoFailure(t *testing.T) {
	for _, gone := range []error{vip.ErrNotThere, vip.ErrNoLink} {
		inBubble(t, func(r *rig) {
			r.want(3*second, "192.0.2.1/24")
			r.kernel.Change(func() {
				r.kernel.Fail = func(op vip.Op) error {
					r.kernel.Fail = nil
					return gone
				}
			})
			r.rec.Set(vip.Want{})
			if err := r.rec.Sync(context.Background()); err != nil {
				r.t.Errorf("Sync: %v", err)
			}
			if got := r.logged("level=ERROR"); got != 0 {
				r.t.Errorf("%v: %d errors were logged", gone, got)
			}
		})
	}
}
