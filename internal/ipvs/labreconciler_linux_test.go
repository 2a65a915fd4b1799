//go:build lab

package ipvs_test

import (
	"context"
	"io"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/lbha/lbha/internal/ipvs"
	"github.com/lbha/lbha/internal/ipvs/ipvstest"
)

// All states in random order, one after the other in the same kernel, with
// ipvsadm's view after each.
func TestLabAllStatesInRandomOrder(t *testing.T) {
	k := realKernel(t)
	apply(t, k, addService(other, wlc), addDest(other, "198.51.100.99:25", withWeight(masq, 7)))
	foreignText := ipvstest.Text(foreign)
	rapid.Check(t, func(rt *rapid.T) {
		want := genTable().Draw(rt, "want")
		have, err := k.List()
		if err != nil {
			rt.Fatal(err)
		}
		delete(have, other)
		for _, op := range ipvs.Diff(have, want) {
			if err := k.Apply(op); err != nil {
				rt.Fatal(err)
			}
		}
		text := foreignText + ipvstest.Text(want)
		if diff := cmp.Diff(sortedLines(text), sortedLines(ipvsadm(t, "-Sn"))); diff != "" {
			rt.Fatalf("ipvsadm -Sn (-want +got):\n%s", diff)
		}
		if have, err = k.List(); err != nil {
			rt.Fatal(err)
		}
		delete(have, other)
		if ops := ipvs.Diff(have, want); len(ops) != 0 {
			rt.Fatalf("never done: %v", ops)
		}
	})
}

// startReal runs a reconciler on the real kernel.
func startReal(t *testing.T, k ipvs.Kernel) (*ipvs.Reconciler, *ipvstest.Ledger) {
	t.Helper()
	ledger := ipvstest.NewLedger()
	r := ipvs.NewReconciler(k, ledger, ipvs.Options{})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- r.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return r, ledger
}

func syncNow(t *testing.T, r *ipvs.Reconciler, want ipvs.Table) time.Duration {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	start := time.Now()
	r.Set(want)
	if err := r.Sync(ctx); err != nil {
		t.Fatal(err)
	}
	return time.Since(start)
}

func TestLabReconcilerRepairsIpvsadmAndLeavesForeignServices(t *testing.T) {
	k := realKernel(t)
	r, ledger := startReal(t, k)
	want := ipvs.Table{web: two, web6: pool(wlc, map[string]uint32{"[2001:db8::9]:80": 3})}
	syncNow(t, r, want)

	ipvsadm(t, "-C")
	ipvsadm(t, "-A", "-t", other.Addr.String(), "-s", "wlc")
	ipvsadm(t, "-a", "-t", other.Addr.String(), "-r", "198.51.100.99:25", "-m", "-w", "7")
	text := sortedLines(ipvstest.Text(want) + ipvstest.Text(foreign))
	start := time.Now()
	for !cmp.Equal(text, sortedLines(ipvsadm(t, "-Sn"))) {
		if time.Since(start) > 30*time.Second {
			t.Fatalf("not repaired: %+v\n%s", r.Status(), ipvsadm(t, "-Sn"))
		}
	}
	t.Logf("repaired %v after ipvsadm -C", time.Since(start).Round(10*time.Millisecond))
	syncNow(t, r, nil)
	if diff := cmp.Diff(sortedLines(ipvstest.Text(foreign)), sortedLines(ipvsadm(t, "-Sn"))); diff != "" {
		t.Errorf("after the end (-want +got):\n%s", diff)
	}
	if left := ledger.Services(); len(left) != 0 {
		t.Errorf("ledger: %v", left)
	}
	if n := r.Status().Drift[ipvs.ServiceMissing]; n != 2 {
		t.Errorf("%d services counted as missing, want 2", n)
	}
}

// A connection is counted, and lives through changes of scheduler and weight.
func TestLabConnectionSurvivesChangesInPlace(t *testing.T) {
	k := realKernel(t)
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		if conn, err := listener.Accept(); err == nil {
			_, _ = io.Copy(conn, conn)
		}
	}()
	key, dest := tcp("127.0.0.2:80"), listener.Addr().String()
	apply(t, k, addService(key, rr), addDest(key, dest, masq))
	conn, err := net.Dial("tcp4", "127.0.0.2:80")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	echo := func(when string) {
		t.Helper()
		_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
		b := make([]byte, 5)
		if _, err := io.WriteString(conn, "hello"); err != nil {
			t.Fatalf("%s: %v", when, err)
		}
		if _, err := io.ReadFull(conn, b); err != nil || string(b) != "hello" {
			t.Fatalf("%s: %q, %v", when, b, err)
		}
	}
	echo("at first")
	apply(t, k, editService(key, wlc))
	echo("after another scheduler")
	apply(t, k, editDest(key, dest, withWeight(masq, 0)))
	echo("after weight 0")

	server := netip.MustParseAddrPort(dest)
	count := get(t, k, key).Counters[server]
	if count.Active != 1 || count.Inactive != 0 {
		t.Errorf("counted %+v", count)
	}
	// Totals are as old as the kernel's last estimation, up to 2 s.
	for start := time.Now(); count.Connections == 0 && time.Since(start) < 30*time.Second; {
		time.Sleep(100 * time.Millisecond)
		count = get(t, k, key).Counters[server]
	}
	if count.Connections != 1 || count.PacketsIn < 3 || count.BytesOut < 3*40 {
		t.Errorf("counted %+v", count)
	}
	apply(t, k, deleteDest(key, dest), addDest(key, dest, masq))
	echo("after the server went and came back")
}

func get(t *testing.T, k ipvs.Kernel, key ipvs.ServiceKey) ipvs.Service {
	t.Helper()
	svc, err := k.Get(key)
	if err != nil {
		t.Fatal(err)
	}
	return svc
}

// The figures are logged, not judged: this may be a slow kernel.
func TestLabTenThousandServers(t *testing.T) {
	k := realKernel(t)
	r, _ := startReal(t, k)
	t.Logf("10,000 servers in 50 services from empty: %v", syncNow(t, r, largeTable()).Round(time.Millisecond))
	if n := strings.Count(ipvsadm(t, "-Sn"), "\n"); n != largeServices*(largeServers+1) {
		t.Errorf("ipvsadm shows %d lines", n)
	}
	start := time.Now()
	for before := r.Status().Synced; !r.Status().Synced.After(before); {
		time.Sleep(time.Millisecond)
	}
	t.Logf("next resync within %v", time.Since(start).Round(time.Millisecond))

	before := r.Status().Operations
	changed := largeTable()
	changed[largeKey(17)].Dests[largeDest(17, 42)] = withWeight(masq, 0)
	took := syncNow(t, r, changed)
	t.Logf("one verdict among them: %v", took.Round(10*time.Microsecond))
	before[ipvs.UpdateDest].Done++
	if diff := cmp.Diff(before, r.Status().Operations); diff != "" {
		t.Errorf("operations (-want +got):\n%s", diff)
	}
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	t.Logf("heap %d KiB", memory.HeapAlloc>>10)
	t.Logf("all out: %v", syncNow(t, r, nil).Round(time.Millisecond))
}
