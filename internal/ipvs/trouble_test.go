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
		r.Set(ipvs.Table{web: two}) // does not hurry what cannot work
		synctest.Wait()
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
