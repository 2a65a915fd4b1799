package ipvs_test

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lbha/lbha/internal/ipvs"
	"github.com/lbha/lbha/internal/ipvs/ipvstest"
)

func (r *rig) expectDrift(want map[ipvs.DriftKind]uint64) {
	r.t.Helper()
	got := map[ipvs.DriftKind]uint64{}
	for kind, n := range r.Status().Drift {
		if n > 0 {
			got[ipvs.DriftKind(kind)] = n
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		r.t.Errorf("drift (-want +got):\n%s", diff)
	}
}

var (
	one    = netip.MustParseAddrPort("198.51.100.1:80")
	second = netip.MustParseAddrPort("198.51.100.2:80")
	third  = netip.MustParseAddrPort("198.51.100.3:80")
)

func TestDriftIsRepairedWithinASecondAndCounted(t *testing.T) {
	for _, c := range []struct {
		name  string
		edit  func(ipvs.Table)
		drift map[ipvs.DriftKind]uint64
	}{
		{"ipvsadm -C", func(t ipvs.Table) { clear(t) },
			map[ipvs.DriftKind]uint64{ipvs.ServiceMissing: 2}},
		{"service changed", func(t ipvs.Table) { s := t[web]; s.Spec.Scheduler = "lc"; t[web] = s },
			map[ipvs.DriftKind]uint64{ipvs.ServiceChanged: 1}},
		{"server missing", func(t ipvs.Table) { delete(t[web].Dests, one) },
			map[ipvs.DriftKind]uint64{ipvs.ServerMissing: 1}},
		{"server extra", func(t ipvs.Table) { t[web].Dests[third] = masq },
			map[ipvs.DriftKind]uint64{ipvs.ServerExtra: 1}},
		{"server changed", func(t ipvs.Table) { t[web].Dests[one] = withWeight(masq, 9); t[web].Dests[second] = gue },
			map[ipvs.DriftKind]uint64{ipvs.ServerChanged: 2}},
		{"another family, which only a delete may have", func(t ipvs.Table) { t[web].Dests[netip.MustParseAddrPort("[2001:db8::9]:80")] = gue },
			map[ipvs.DriftKind]uint64{ipvs.ServerExtra: 1}},
		{"counters only", func(t ipvs.Table) { t[web].Counters[one] = ipvs.Counters{Active: 3} },
			map[ipvs.DriftKind]uint64{}},
		{"foreign services", func(t ipvs.Table) { t[other] = foreign[other] },
			map[ipvs.DriftKind]uint64{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := start(t, ipvstest.NewKernel())
				wanted := ipvs.Table{web: two, web6: pool(rr, nil)}
				r.want(wanted)
				r.kernel.Applied()
				r.kernel.Edit(c.edit)
				time.Sleep(time.Second)
				synctest.Wait()
				if r.kernel.Edit(func(t ipvs.Table) { delete(t, other) }); r.kernel.String() != ipvstest.Text(wanted) {
					t.Errorf("not repaired:\n%s", r.kernel)
				}
				r.expectDrift(c.drift)
				time.Sleep(10 * time.Second)
				synctest.Wait()
				r.expectDrift(c.drift) // counted once
				r.stop()
			})
		})
	}
}

func TestConnectionsAreInStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, ipvstest.NewKernel())
		r.want(ipvs.Table{web: two})
		changes := r.changes.Load()
		r.kernel.Edit(func(t ipvs.Table) { t[web].Counters[one] = ipvs.Counters{Active: 3, Inactive: 4} })
		time.Sleep(time.Second)
		synctest.Wait()
		if got := r.Status().Have[web].Counters[one]; got.Active != 3 || got.Inactive != 4 {
			t.Errorf("counters %+v", got)
		}
		if r.changes.Load() != changes {
			t.Error("Changed was called for counters")
		}
		r.stop()
	})
}

func TestAChangeOfMindIsNoDrift(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, ipvstest.NewKernel())
		r.want(ipvs.Table{web: two})
		r.want(ipvs.Table{web: pool(wlc, map[string]uint32{"198.51.100.1:80": 0, "198.51.100.3:80": 1})})
		r.want(ipvs.Table{})
		r.want(ipvs.Table{web: two})
		r.expectDrift(map[ipvs.DriftKind]uint64{})
		r.stop()
	})
}

// A failing repair is no new drift each time it is tried.
func TestDriftIsCountedWhenItIsRepaired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, ipvstest.NewKernel())
		r.want(ipvs.Table{web: two})
		r.kernel.FailOps(func(ipvs.Op) error { return errors.New("no memory") })
		r.kernel.Edit(func(t ipvs.Table) { delete(t[web].Dests, one) })
		time.Sleep(time.Minute)
		synctest.Wait()
		r.expectDrift(map[ipvs.DriftKind]uint64{})
		r.stop()
	})
}

// 10,000 servers in 50 services: one verdict is one read and one write.
func TestOneVerdictAmongManyIsOneOperation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, ipvstest.NewKernel())
		r.want(largeTable())
		synctest.Wait()
		r.kernel.Applied()
		r.kernel.Gets()
		changed := largeTable()
		key := largeKey(17)
		dest := largeDest(17, 42)
		changed[key].Dests[dest] = withWeight(masq, 0)
		start := time.Now()
		r.want(changed)
		r.expectApplied(fmt.Sprintf("edit %s -> %s masq weight 0", key, dest))
		if gets := r.kernel.Gets(); len(gets) != 1 || gets[0] != key {
			t.Errorf("read %v", gets)
		}
		if d := time.Since(start); d != 0 {
			t.Errorf("it waited for %s", d)
		}
		r.want(largeTable())
		synctest.Wait()
		r.kernel.Applied()
		r.kernel.Gets()
		r.want(largeTable())
		r.expectApplied()
		if gets := r.kernel.Gets(); len(gets) != 0 {
			t.Errorf("an equal table read %v", gets)
		}
		r.stop()
	})
}

// A verdict that comes while the resync reads is not kept waiting for all of it.
func TestVerdictOvertakesTheResync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, ipvstest.NewKernel())
		r.want(largeTable())
		synctest.Wait()
		r.kernel.Gets()
		last := largeKey(largeServices - 1)
		changed := largeTable()
		changed[last].Dests[largeDest(largeServices-1, 0)] = withWeight(masq, 0)
		once := true
		r.kernel.FailReads(func(ipvs.ServiceKey) error {
			if once {
				once = false
				r.Set(changed)
			}
			return nil
		})
		time.Sleep(1500 * time.Millisecond)
		synctest.Wait()
		gets := r.kernel.Gets()
		if at := slices.Index(gets, last); at < 0 || at > 2 {
			t.Errorf("read %d services first", at)
		}
		// The one that changed was read twice: that resync had still to come to it.
		if len(gets) != largeServices+1 {
			t.Errorf("read %d services in one resync", len(gets))
		}
		r.expectDrift(map[ipvs.DriftKind]uint64{})
		r.stop()
	})
}

// A dump that another program's change shifted lacks a server that is there.
func TestServerMissingFromADumpIsConfirmed(t *testing.T) {
	for _, reads := range []int{1, 2, 3} {
		t.Run(fmt.Sprintf("from %d dumps", reads), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := start(t, ipvstest.NewKernel())
				r.want(ipvs.Table{web: two})
				r.kernel.Applied()
				tried := 0
				r.kernel.FailOps(func(ipvs.Op) error { tried++; return nil })
				r.kernel.Skip(one, reads)
				time.Sleep(2 * time.Second)
				synctest.Wait()
				// Wrong alike twice: the kernel knows better, and it is read again.
				if want := reads - 1; tried != want {
					t.Errorf("%d operations tried, want %d", tried, want)
				}
				r.expectApplied()
				r.expectDrift(map[ipvs.DriftKind]uint64{})
				if s := r.Status(); len(s.Failures) != 0 || len(s.Have[web].Dests) != 2 {
					t.Errorf("status %+v", s)
				}
				r.stop()
			})
		})
	}
}

// Another program is faster, between our read and our write.
func TestReconcilerReadsAgainWhenItWasOvertaken(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(ipvs.Table)
	}{
		{"service added", func(t ipvs.Table) { t[web] = pool(wlc, nil) }},
		{"service deleted", func(t ipvs.Table) { delete(t, web) }},
		{"server added", func(t ipvs.Table) {
			if s, ok := t[web]; ok {
				s.Dests[second] = withWeight(masq, 3)
			}
		}},
		{"server deleted", func(t ipvs.Table) { delete(t[web].Dests, one) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := kernelWith(ipvs.Table{web: pool(rr, map[string]uint32{"198.51.100.1:80": 9})})
				r := start(t, k)
				once := true
				k.FailOps(func(ipvs.Op) error {
					if once {
						once = false
						k.Edit(c.edit)
					}
					return nil
				})
				before := time.Now()
				r.want(ipvs.Table{web: two})
				if d := time.Since(before); d != 0 {
					t.Errorf("it took %s", d)
				}
				r.expectKernel(ipvstest.Text(ipvs.Table{web: two}))
				r.stop()
			})
		})
	}
}
