package vip

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

const second = time.Second

// addr reads "192.0.2.1/24 dev eth0".
func addr(text string) Address {
	prefix, link, _ := strings.Cut(text, " dev ")
	return Address{Prefix: netip.MustParsePrefix(prefix), Link: link}
}

func addrs(texts ...string) map[Address]bool {
	set := map[Address]bool{}
	for _, text := range texts {
		set[addr(text)] = true
	}
	return set
}

func texts(ops []Op) []string {
	var out []string
	for _, op := range ops {
		out = append(out, op.String())
	}
	return out
}

func TestDiff(t *testing.T) {
	const (
		a  = "192.0.2.1/24 dev eth0"
		a1 = "192.0.2.1/24 dev eth1"
		b  = "192.0.2.2/24 dev eth0"
		v6 = "2001:db8::1/64 dev eth0"
	)
	leased := State{Remaining: 4 * second, LinkIndex: 2}
	forever := State{Forever: true, LinkIndex: 2}
	present := func(lease time.Duration, list ...string) Want {
		w := Want{Present: map[Address]Spec{}}
		for _, text := range list {
			w.Present[addr(text)] = Spec{Lease: lease}
		}
		return w
	}
	for name, tt := range map[string]struct {
		have  map[Address]State
		want  Want
		owned map[Address]bool
		due   map[Address]bool
		ops   []string
	}{
		"nothing": {},
		"missing ones are added in order": {
			want: present(4*second, b, v6, a1, a),
			ops: []string{
				"add 192.0.2.1/24 dev eth0 valid_lft 4",
				"add 192.0.2.1/24 dev eth1 valid_lft 4",
				"add 192.0.2.2/24 dev eth0 valid_lft 4",
				"add 2001:db8::1/64 dev eth0 nodad preferred_lft 0 valid_lft 4",
			},
		},
		"a lease is rounded up to whole seconds": {
			want: present(2100*time.Millisecond, a),
			ops:  []string{"add 192.0.2.1/24 dev eth0 valid_lft 3"},
		},
		"without a lease it is for ever": {
			want: present(0, a),
			ops:  []string{"add 192.0.2.1/24 dev eth0"},
		},
		"there and not due": {
			have: map[Address]State{addr(a): leased}, want: present(4*second, a), owned: addrs(a),
		},
		"due": {
			have: map[Address]State{addr(a): leased, addr(b): leased},
			want: present(4*second, a, b), owned: addrs(a, b), due: addrs(b),
			ops: []string{"renew 192.0.2.2/24 dev eth0 valid_lft 4"},
		},
		"permanent and wanted leased": {
			have: map[Address]State{addr(a): forever}, want: present(4*second, a), owned: addrs(a),
			ops: []string{"renew 192.0.2.1/24 dev eth0 valid_lft 4"},
		},
		"leased and wanted for ever": {
			have: map[Address]State{addr(a): leased}, want: present(0, a), owned: addrs(a),
			ops: []string{"renew 192.0.2.1/24 dev eth0"},
		},
		"a foreign one is left alone, wanted or not, due or not": {
			have: map[Address]State{addr(a): forever, addr(b): leased},
			want: present(4*second, a), due: addrs(a, b),
		},
		"ours and unwanted goes": {
			have: map[Address]State{addr(a): leased}, owned: addrs(a, b),
			ops: []string{"delete 192.0.2.1/24 dev eth0"},
		},
		"held stays and is not renewed": {
			have: map[Address]State{addr(a): leased, addr(b): leased},
			want: Want{Hold: addrs(a, a1)}, owned: addrs(a, a1, b), due: addrs(a),
			ops: []string{"delete 192.0.2.2/24 dev eth0"},
		},
		"present wins over held": {
			want: Want{Present: map[Address]Spec{addr(a): {Lease: second}}, Hold: addrs(a)}, owned: addrs(a),
			ops: []string{"add 192.0.2.1/24 dev eth0 valid_lft 1"},
		},
		"renewal first, add before delete": {
			have: map[Address]State{addr(b): leased, addr(a1): leased},
			want: present(4*second, a, b), owned: addrs(a1, b), due: addrs(b),
			ops: []string{
				"renew 192.0.2.2/24 dev eth0 valid_lft 4",
				"add 192.0.2.1/24 dev eth0 valid_lft 4",
				"delete 192.0.2.1/24 dev eth1",
			},
		},
		"an IPv4 prefix length changes without the address being away": {
			have: map[Address]State{addr(a): leased}, want: present(0, "192.0.2.1/32 dev eth0"), owned: addrs(a),
			ops: []string{"add 192.0.2.1/32 dev eth0", "delete 192.0.2.1/24 dev eth0"},
		},
		"an IPv6 address cannot be there twice": {
			have: map[Address]State{addr(v6): leased}, want: present(0, "2001:db8::1/128 dev eth0", b), owned: addrs(v6),
			ops: []string{
				"add 192.0.2.2/24 dev eth0",
				"delete 2001:db8::1/64 dev eth0",
				"add 2001:db8::1/128 dev eth0 nodad preferred_lft 0",
			},
		},
		"nor taken from somebody else": {
			have: map[Address]State{addr(v6): leased}, want: present(0, "2001:db8::1/128 dev eth0"),
			ops: []string{"add 2001:db8::1/128 dev eth0 nodad preferred_lft 0"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.ops, texts(Diff(tt.have, tt.want, tt.owned, tt.due))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestForeignAndForgettable(t *testing.T) {
	have := map[Address]State{
		addr("192.0.2.1/24 dev eth0"): {}, addr("192.0.2.2/24 dev eth0"): {},
		addr("192.0.2.3/24 dev eth0"): {}, addr("192.0.2.4/24 dev eth0"): {},
	}
	want := Want{
		Present: map[Address]Spec{addr("192.0.2.1/24 dev eth0"): {}, addr("192.0.2.4/24 dev eth0"): {}},
		Hold:    addrs("192.0.2.7/24 dev eth0"),
		Absent:  addrs("192.0.2.2/24 dev eth0", "192.0.2.9/24 dev eth0"),
	}
	owned := addrs("192.0.2.4/24 dev eth0", "192.0.2.6/24 dev eth0", "192.0.2.7/24 dev eth0")
	got := foreign(have, want, owned)
	if diff := cmp.Diff([]Address{addr("192.0.2.1/24 dev eth0"), addr("192.0.2.2/24 dev eth0")}, got, compareAddress); diff != "" {
		t.Errorf("foreign (-want +got):\n%s", diff)
	}
	got = forgettable(have, want, owned)
	if diff := cmp.Diff([]Address{addr("192.0.2.6/24 dev eth0")}, got, compareAddress); diff != "" {
		t.Errorf("forgettable (-want +got):\n%s", diff)
	}
}

var compareAddress = cmp.Comparer(func(a, b Address) bool { return a == b })

// Whatever the kernel has and whatever is wanted: no operation touches what is
// not ours, none is pointless, and after all of them there is nothing to do.
func TestDiffIsSafeAndComplete(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all []Address
		for _, text := range []string{
			"192.0.2.1/24 dev eth0", "192.0.2.1/32 dev eth0", "192.0.2.1/24 dev eth1", "192.0.2.2/24 dev eth0",
			"2001:db8::1/64 dev eth0", "2001:db8::1/128 dev eth0",
		} {
			all = append(all, addr(text))
		}
		subset := func(name string) map[Address]bool {
			set := map[Address]bool{}
			for _, a := range rapid.SliceOfDistinct(rapid.SampledFrom(all), rapid.ID).Draw(t, name) {
				set[a] = true
			}
			return set
		}
		have := map[Address]State{}
		for a := range subset("have") {
			have[a] = State{Forever: rapid.Bool().Draw(t, "forever")}
		}
		want := Want{Present: map[Address]Spec{}, Hold: subset("hold")}
		for a := range subset("present") {
			want.Present[a] = Spec{Lease: rapid.SampledFrom([]time.Duration{0, second}).Draw(t, "lease")}
		}
		owned, due := subset("owned"), subset("due")

		ops := Diff(have, want, owned, due)
		for _, op := range ops {
			_, there := have[op.Address]
			if there && !owned[op.Address] {
				t.Fatalf("%s touches somebody else's", op)
			}
			if _, present := want.Present[op.Address]; present != (op.Kind != Delete) || want.Hold[op.Address] && op.Kind == Delete {
				t.Fatalf("%s is not what is wanted", op)
			}
			switch op.Kind {
			case Add:
				have[op.Address] = State{Forever: op.Lease == 0}
				owned[op.Address] = true
			case Renew:
				have[op.Address] = State{Forever: op.Lease == 0}
			case Delete:
				delete(have, op.Address)
			}
		}
		if again := Diff(have, want, owned, nil); len(again) > 0 {
			t.Fatalf("after %q there is still %q", texts(ops), texts(again))
		}
		last := Op{}
		for _, op := range slices.Backward(ops) {
			if op.Kind == Delete && last.Kind == Renew {
				t.Fatalf("%s comes before a renewal", op)
			}
			last = op
		}
	})
}
