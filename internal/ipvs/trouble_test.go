package ipvs_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lbha/lbha/internal/ipvs"
	"github.com/lbha/lbha/internal/ipvs/ipvstest"
)

func TestKernelWithoutIPVSIsSaidAndTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, ipvstest.NewKernel())
		reads := 0
		r.kernel.FailReads(func(ipvs.ServiceKey) error { reads++; return ipvs.ErrNoIPVS })
		r.Set(largeTable())
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if s := r.Status(); !errors.Is(s.Err, ipvs.ErrNoIPVS) || !s.Synced.IsZero() {
			t.Errorf("status %v, %v", s.Err, s.Synced)
		}
		if reads > 10 {
			t.Errorf("asked %d times in 10 s", reads)
		}
		before := reads
		r.Set(ipvs.Table{web: two}) // does not hurry what cannot work
		synctest.Wait()
		if reads != before {
			t.Error("a Set asked a kernel that just said it has no IPVS")
		}
		r.kernel.FailReads(nil)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if s := r.Status(); s.Err != nil || len(s.Failures) != 0 {
			t.Errorf("status %v, %v", s.Err, s.Failures)
		}
		r.expectKernel(ipvstest.Text(ipvs.Table{web: two}))
		r.stop()
	})
}

func TestHangingKernelIsSaidWhileItHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, ipvstest.NewKernel())
		release := make(chan struct{})
		r.kernel.FailOps(func(ipvs.Op) error { <-release; return nil })
		r.Set(ipvs.Table{web: two})
		synctest.Wait()
		r.Set(ipvs.Table{web: pool(rr, nil)}) // does not block
		changes := r.changes.Load()
		time.Sleep(6 * time.Second)
		synctest.Wait()
		if err := r.Status().Err; !errors.Is(err, ipvs.ErrTimeout) {
			t.Errorf("status while it hangs: %v", err)
		}
		if r.changes.Load() == changes {
			t.Error("Changed was not called")
		}
		close(release)
		if err := r.Sync(t.Context()); err != nil {
			t.Error(err)
		}
		if err := r.Status().Err; err != nil {
			t.Errorf("status after it came back: %v", err)
		}
		r.expectKernel("-A -t 192.0.2.1:80 -s rr")
		r.stop()
	})
}

// What is wrong with the kernel as a whole is not tried 50 times.
func TestKernelThatFailsAsAWholeEndsThePass(t *testing.T) {
	for _, whole := range []error{ipvs.ErrTimeout, ipvs.ErrPermission, ipvs.ErrNoIPVS, ipvs.ErrReloaded} {
		t.Run(whole.Error(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := start(t, ipvstest.NewKernel())
				tried := 0
				r.kernel.FailOps(func(ipvs.Op) error { tried++; return whole })
				r.Set(largeTable())
				synctest.Wait()
				if s := r.Status(); tried != 1 || !errors.Is(s.Err, whole) || len(s.Failures) != 0 {
					t.Errorf("%d tried, status %v, %d failures", tried, s.Err, len(s.Failures))
				}
				r.kernel.FailOps(nil)
				time.Sleep(100 * time.Millisecond)
				synctest.Wait()
				if s := r.Status(); s.Err != nil || s.Synced.IsZero() {
					t.Errorf("after the pause: %v, synced %v", s.Err, s.Synced)
				}
				r.stop()
			})
		})
	}
}

// What a broken pass did not get to is looked at when the kernel is asked again,
// not only by the next resync.
func TestServiceOfABrokenPassIsLookedAtAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, ipvstest.NewKernel())
		wanted := ipvs.Table{web: two, web6: pool(rr, nil)}
		r.want(wanted)
		once := true
		r.kernel.FailReads(func(key ipvs.ServiceKey) error {
			if once && key == web {
				once = false
				return ipvs.ErrTimeout
			}
			return nil
		})
		r.kernel.Edit(func(t ipvs.Table) { delete(t[web].Dests, one) })
		time.Sleep(1200 * time.Millisecond) // the resync after 1 s, and 100 ms
		synctest.Wait()
		r.expectKernel(ipvstest.Text(wanted))
		r.stop()
	})
}

func TestFailureIsListedOnceWhenTheServiceWasReadAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, ipvstest.NewKernel())
		r.kernel.FailOps(func(op ipvs.Op) error {
			switch op.Dest {
			case one:
				return errors.New("no memory")
			case second: // another program adds it at that moment
				r.kernel.Edit(func(t ipvs.Table) { t[web].Dests[second] = masq })
			}
			return nil
		})
		r.Set(ipvs.Table{web: two})
		synctest.Wait()
		if fs := r.Status().Failures; len(fs) != 1 || fs[0].Op.Dest != one {
			t.Errorf("failures %v", fs)
		}
		r.stop()
	})
}
