package vip_test

import (
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/lbha/lbha/internal/vip"
	"github.com/lbha/lbha/internal/vip/viptest"
)

// The virtual addresses of the random test, and those of somebody else, which
// share no subnet with them.
var (
	virtual = set("192.0.2.1/24", "192.0.2.2/24", "192.0.2.2/32", "192.0.2.1/24 dev eth1", "2001:db8::1/64", "2001:db8::1/128", "2001:db8::2/64 dev eth1")
	others  = []string{"203.0.113.1/24", "203.0.113.2/24", "2001:db8:f::1/64"}
)

// All states in random order, with faults, and a person who takes addresses and
// links away: nobody else's address is ever touched, each of ours in the kernel
// is claimed, and when the faults are over everything is as wanted.
func TestRandomLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// A bubble has no deadline, and a plain TB does not ask for one.
		rapid.Check(struct{ testing.TB }{t}, func(rt *rapid.T) { life(t, rt) })
	})
}

func life(t *testing.T, rt *rapid.T) {
	r := newRig(t)
	r.kernel.PromoteSecondaries = rapid.Bool().Draw(rt, "promote")
	r.run()
	defer r.end()
	var want vip.Want
	links := map[string]bool{"eth0": true, "eth1": true}
	theirs := map[string]bool{}
	actions := map[string]func(){
		"want": func() {
			want = drawWant(rt)
			r.rec.Set(want)
		},
		"time":      func() { time.Sleep(time.Duration(rapid.IntRange(1, 3000).Draw(rt, "ms")) * time.Millisecond) },
		"wake":      func() { r.rec.Wake() },
		"take away": func() { _ = r.kernel.AdminDelete(drawn(rt, virtual)) },
		"make theirs": func() {
			if p := rapid.SampledFrom(others).Draw(rt, "prefix"); r.kernel.AdminAdd(p, "eth0", 0) == nil {
				theirs[p] = true
			}
		},
		"remove link": func() {
			delete(links, "eth0")
			r.kernel.RemoveLink("eth0")
			clear(theirs)
		},
		"add link": func() {
			links["eth0"] = true
			r.kernel.AddLink("eth0")
			clear(theirs)
		},
		"kernel fault": func() {
			kind := rapid.SampledFrom([]vip.OpKind{vip.Add, vip.Renew, vip.Delete}).Draw(rt, "kind")
			r.failWith(func(op vip.Op) error {
				if op.Kind == kind {
					return errTest
				}
				return nil
			})
		},
		"list fault":   func() { r.listFails(errTest) },
		"ledger fault": func() { r.ledger.FailWith(errTest) },
		"mend":         func() { mend(r) },
		"":             func() { check(rt, r, theirs) },
	}
	rt.Repeat(withT(actions))

	mend(r)
	r.rec.Wake()
	time.Sleep(5 * second)
	synctest.Wait()
	check(rt, r, theirs)
	converged(rt, r, want, links)
}

func withT(actions map[string]func()) map[string]func(*rapid.T) {
	out := map[string]func(*rapid.T){}
	for name, f := range actions {
		out[name] = func(*rapid.T) {
			f()
			synctest.Wait()
		}
	}
	return out
}

func drawn(rt *rapid.T, list []vip.Address) (prefix, link string) {
	a := rapid.SampledFrom(list).Draw(rt, "address")
	return a.Prefix.String(), a.Link
}

// drawWant never wants one IPv6 address with two prefix lengths on one link:
// the kernel cannot.
func drawWant(rt *rapid.T) vip.Want {
	w := vip.Want{Present: map[vip.Address]vip.Spec{}, Hold: map[vip.Address]bool{}}
	taken := map[string]bool{}
	for _, a := range virtual {
		spot := a.Prefix.Addr().String() + a.Link
		switch rapid.SampledFrom([]string{"present", "hold", "neither"}).Draw(rt, a.String()) {
		case "present":
			if a.Prefix.Addr().Is4() || !taken[spot] {
				w.Present[a] = vip.Spec{Lease: rapid.SampledFrom([]time.Duration{0, second, 1500 * time.Millisecond, 4 * second}).Draw(rt, "lease")}
				taken[spot] = true
			}
		case "hold":
			if a.Prefix.Addr().Is4() {
				w.Hold[a] = true
			}
		}
	}
	return w
}

func mend(r *rig) {
	r.failWith(func(vip.Op) error { return nil })
	r.listFails(nil)
	r.ledger.FailWith(nil)
}

// check holds after each action.
func check(rt *rapid.T, r *rig, theirs map[string]bool) {
	fault := r.kernel.ListError
	r.listFails(nil)
	have, err := r.kernel.List()
	r.listFails(fault)
	if err != nil {
		rt.Fatal(err)
	}
	for p := range theirs {
		if st, ok := have[viptest.At(p, "eth0")]; !ok || !st.Forever {
			rt.Fatalf("somebody else's %s was touched\n%s", p, r.kernel)
		}
	}
	claims := map[[2]string]bool{}
	for _, c := range r.ledger.Addresses() {
		claims[c] = true
	}
	for _, a := range virtual {
		if _, there := have[a]; there && !claims[[2]string{a.Prefix.String(), a.Link}] {
			rt.Fatalf("%s is in the kernel and not claimed", a)
		}
	}
}

func converged(rt *rapid.T, r *rig, want vip.Want, links map[string]bool) {
	have, err := r.kernel.List()
	if err != nil {
		rt.Fatal(err)
	}
	var present int
	for _, a := range virtual {
		st, there := have[a]
		spec, wanted := want.Present[a]
		switch {
		case wanted && links[a.Link] && (!there || st.Forever != (spec.Lease == 0)):
			rt.Fatalf("%s is wanted and not there, or with another lifetime\n%s\nlast operations:\n%s", a, r.kernel, strings.Join(r.take(&r.trace), "\n"))
		case !wanted && !want.Hold[a] && there:
			rt.Fatalf("%s is there and not wanted\n%s", a, r.kernel)
		}
		if wanted && there {
			present++
		}
	}
	s := r.rec.Status()
	if len(s.Present) != present || s.ListError != "" || s.LedgerError != "" {
		rt.Fatalf("status is %+v, want %d present", s, present)
	}
	for _, p := range s.Problems {
		if p.Kind != vip.ProblemPending || links[p.Address.Link] {
			rt.Fatalf("a problem is left: %+v", p)
		}
	}
	claims := map[[2]string]bool{}
	for _, c := range r.ledger.Addresses() {
		claims[c] = true
	}
	allowed := maps.Clone(want.Hold)
	for a := range want.Present {
		allowed[a] = true
	}
	for _, a := range virtual {
		if !allowed[a] && claims[[2]string{a.Prefix.String(), a.Link}] {
			rt.Fatalf("%s is claimed for nothing", a)
		}
	}
}
