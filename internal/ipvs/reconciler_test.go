package ipvs_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lbha/lbha/internal/ipvs"
	"github.com/lbha/lbha/internal/ipvs/ipvstest"
)

func TestReconcilerAddsAndLeavesForeignServicesAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, kernelWith(foreign))
		r.want(ipvs.Table{web: two})
		r.expectApplied(
			"add tcp 192.0.2.1:80 rr",
			"add tcp 192.0.2.1:80 -> 198.51.100.1:80 masq weight 1",
			"add tcp 192.0.2.1:80 -> 198.51.100.2:80 masq weight 1",
		)
		r.expectOwned("tcp 192.0.2.1:80")
		if r.Status().Synced.IsZero() || r.changes.Load() == 0 {
			t.Errorf("synced %v after %d changes", r.Status().Synced, r.changes.Load())
		}
		r.want(nil)
		r.expectApplied("delete tcp 192.0.2.1:80")
		r.expectKernel(ipvstest.Text(foreign))
		r.expectOwned()
		if gets := r.kernel.Gets(); slices.Contains(gets, other) {
			t.Errorf("a foreign service was read: %v", gets)
		}
		r.stop()
	})
}

func TestReconcilerDoesNothingBeforeTheFirstSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, kernelWith(ipvs.Table{web: two}), web.String())
		if err := r.Sync(t.Context()); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Minute) // of the bubble
		r.expectApplied()
		if gets := r.kernel.Gets(); len(gets) != 0 {
			t.Errorf("read %v", gets)
		}
		r.stop()
	})
}

func TestReconcilerRemovesWhatAnEarlierLifeLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old, gone := tcp("192.0.2.9:80"), tcp("192.0.2.8:80")
		r := start(t, kernelWith(ipvs.Table{old: two, other: foreign[other]}),
			old.String(), gone.String(), "a line of a later version")
		r.want(ipvs.Table{web: pool(rr, nil)})
		r.expectApplied("add tcp 192.0.2.1:80 rr", "delete tcp 192.0.2.9:80")
		r.expectOwned("a line of a later version", "tcp 192.0.2.1:80")
		r.stop()
	})
}

func TestReconcilerAdoptsAServiceInPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, kernelWith(ipvs.Table{web: pool(wlc, map[string]uint32{"198.51.100.1:80": 5, "198.51.100.3:80": 1})}))
		r.want(ipvs.Table{web: two})
		r.expectApplied(
			"edit tcp 192.0.2.1:80 rr",
			"add tcp 192.0.2.1:80 -> 198.51.100.2:80 masq weight 1",
			"edit tcp 192.0.2.1:80 -> 198.51.100.1:80 masq weight 1",
			"delete tcp 192.0.2.1:80 -> 198.51.100.3:80",
		)
		r.expectOwned("tcp 192.0.2.1:80")
		if got := r.Status().Drift; got != [ipvs.NumDriftKinds]uint64{} {
			t.Errorf("adoption counted as drift: %v", got)
		}
		r.stop()
	})
}

func TestLedgerIsWrittenBeforeTheFirstAdd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, ipvstest.NewKernel())
		r.kernel.FailOps(func(op ipvs.Op) error {
			if !slices.Contains(r.ledger.Services(), op.Key.String()) {
				t.Errorf("%s before its claim", op)
			}
			return nil
		})
		full := errors.New("disk full")
		r.ledger.Fail(full)
		r.Set(ipvs.Table{web: two})
		time.Sleep(time.Second)
		synctest.Wait()
		r.expectApplied()
		if fs := r.Status().Failures; len(fs) != 1 || !errors.Is(fs[0].Err, full) || fs[0].Service != web {
			t.Errorf("failures %v", fs)
		}
		r.ledger.Fail(nil)
		r.want(ipvs.Table{web: two})
		r.expectKernel(ipvstest.Text(ipvs.Table{web: two}))
		r.stop()
	})
}

// Wanted, but never claimed: whoever added it meanwhile, it is not ours.
func TestReconcilerDoesNotDeleteWhatItCouldNotClaim(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, kernelWith(foreign))
		r.ledger.Fail(errors.New("disk full"))
		r.Set(ipvs.Table{other: two})
		time.Sleep(time.Second)
		synctest.Wait()
		r.want(nil)
		r.expectKernel(ipvstest.Text(foreign))
		r.stop()
	})
}

func TestReleaseIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, ipvstest.NewKernel())
		r.want(ipvs.Table{web: two})
		r.ledger.Fail(errors.New("disk full"))
		r.Set(nil)
		time.Sleep(time.Second)
		synctest.Wait()
		r.expectKernel("")
		if fs := r.Status().Failures; len(fs) != 1 || !strings.Contains(fs[0].Err.Error(), "release tcp 192.0.2.1:80") {
			t.Errorf("failures %v", fs)
		}
		r.ledger.Fail(nil)
		if err := r.Sync(t.Context()); err != nil {
			t.Error(err)
		}
		r.expectOwned()
		r.stop()
	})
}

func TestOneFailingServiceDoesNotStopTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, ipvstest.NewKernel())
		r.kernel.LackSchedulers("twos")
		lacking := ipvs.Service{Spec: ipvs.ServiceSpec{Scheduler: "twos"}, Dests: two.Dests}
		bad := pool(rr, map[string]uint32{"198.51.100.1:80": 1, "198.51.100.2:80": 70000, "198.51.100.3:80": 1})
		r.Set(ipvs.Table{tcp("192.0.2.1:1"): lacking, tcp("192.0.2.1:2"): bad, tcp("192.0.2.1:3"): two})
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		err := r.Sync(ctx)
		r.expectKernel("-A -t 192.0.2.1:2 -s rr\n-a -t 192.0.2.1:2 -r 198.51.100.1:80 -m -w 1\n" +
			"-a -t 192.0.2.1:2 -r 198.51.100.3:80 -m -w 1\n" +
			ipvstest.Text(ipvs.Table{tcp("192.0.2.1:3"): two}))

		var got []string
		for _, f := range r.Status().Failures {
			got = append(got, fmt.Sprintf("%s (try %d)", f.Err, f.Tries))
			if !errors.Is(err, f.Err) {
				t.Errorf("Sync does not say %v", f.Err)
			}
		}
		want := []string{
			"add tcp 192.0.2.1:1 twos: the kernel lacks scheduler twos: it is in the module ip_vs_twos (try 1)",
			"add tcp 192.0.2.1:2 -> 198.51.100.2:80 masq weight 70000: invalid: weight 70000 is over 65535 (try 1)",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("failures (-want +got):\n%s", diff)
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Sync: %v", err)
		}
		r.stop()
	})
}

func TestFailingServiceIsTriedAgainWithBackOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, ipvstest.NewKernel())
		var tries []time.Duration
		last := time.Now()
		r.kernel.FailOps(func(ipvs.Op) error {
			tries = append(tries, time.Since(last))
			last = time.Now()
			return errors.New("no memory")
		})
		r.Set(ipvs.Table{web: two})
		time.Sleep(20 * time.Second)
		synctest.Wait()
		want := []time.Duration{0, 100 * time.Millisecond, 200 * time.Millisecond, 400 * time.Millisecond, 800 * time.Millisecond,
			1600 * time.Millisecond, 3200 * time.Millisecond, 5 * time.Second, 5 * time.Second}
		if diff := cmp.Diff(want, tries); diff != "" {
			t.Errorf("pauses (-want +got):\n%s", diff)
		}
		tries = nil
		r.Set(ipvs.Table{web: pool(wlc, nil)}) // a new wish begins anew
		time.Sleep(150 * time.Millisecond)
		synctest.Wait()
		if len(tries) != 2 || tries[1] != 100*time.Millisecond {
			t.Errorf("pauses after another Set: %v", tries)
		}
		r.kernel.FailOps(nil)
		start := time.Now()
		r.want(ipvs.Table{web: pool(rr, nil)}) // a new wish does not wait
		if d := time.Since(start); d != 0 {
			t.Errorf("a changed service waited for %s", d)
		}
		if fs := r.Status().Failures; len(fs) != 0 {
			t.Errorf("failures %v", fs)
		}
		r.stop()
	})
}

func TestRunEndsWithItsContextAndSyncSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, ipvstest.NewKernel())
		r.kernel.FailOps(func(ipvs.Op) error { return errors.New("no memory") })
		r.Set(ipvs.Table{web: two})
		synctest.Wait()
		r.stop()
		err := r.Sync(t.Context())
		if err == nil || !strings.Contains(err.Error(), "has ended") || !strings.Contains(err.Error(), "no memory") {
			t.Errorf("Sync after the end: %v", err)
		}
	})
}
