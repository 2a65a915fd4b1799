package ipvs_test

import (
	"context"
	"net/netip"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lbha/lbha/internal/ipvs"
	"github.com/lbha/lbha/internal/ipvs/ipvstest"
)

// rig is a reconciler that runs in a synctest bubble.
type rig struct {
	*ipvs.Reconciler
	t       *testing.T
	kernel  *ipvstest.Kernel
	ledger  *ipvstest.Ledger
	changes atomic.Int32
	stop    func()
}

func start(t *testing.T, kernel *ipvstest.Kernel, owned ...string) *rig {
	t.Helper()
	r := &rig{t: t, kernel: kernel, ledger: ipvstest.NewLedger(owned...)}
	r.Reconciler = ipvs.NewReconciler(kernel, r.ledger, ipvs.Options{Changed: func() { r.changes.Add(1) }})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- r.Run(ctx) }()
	r.stop = func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	}
	return r
}

// want sets a table and waits until the kernel has it.
func (r *rig) want(t ipvs.Table) {
	r.t.Helper()
	r.Set(t)
	if err := r.Sync(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) expectKernel(text string) {
	r.t.Helper()
	if diff := cmp.Diff(sortedLines(text), sortedLines(r.kernel.String())); diff != "" {
		r.t.Errorf("kernel (-want +got):\n%s", diff)
	}
}

func (r *rig) expectApplied(want ...string) {
	r.t.Helper()
	var got []string
	for _, op := range r.kernel.Applied() {
		got = append(got, op.String())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		r.t.Errorf("applied (-want +got):\n%s", diff)
	}
}

func (r *rig) expectOwned(want ...string) {
	r.t.Helper()
	if got := r.ledger.Services(); !slices.Equal(want, got) {
		r.t.Errorf("ledger has %q, want %q", got, want)
	}
}

func pool(s ipvs.ServiceSpec, dests map[string]uint32) ipvs.Service {
	svc := ipvs.Service{Spec: s, Dests: map[netip.AddrPort]ipvs.DestSpec{}}
	for addr, weight := range dests {
		svc.Dests[netip.MustParseAddrPort(addr)] = ipvs.DestSpec{Weight: weight}
	}
	return svc
}

var (
	other   = tcp("203.0.113.1:25")
	two     = pool(rr, map[string]uint32{"198.51.100.1:80": 1, "198.51.100.2:80": 1})
	foreign = ipvs.Table{other: pool(wlc, map[string]uint32{"198.51.100.99:25": 7})}
)

func kernelWith(t ipvs.Table) *ipvstest.Kernel {
	k := ipvstest.NewKernel()
	k.Edit(func(have ipvs.Table) {
		for key, svc := range t {
			have[key] = svc
		}
	})
	return k
}
