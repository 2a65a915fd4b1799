package viptest

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lbha/lbha/internal/vip"
)

// Machine is a kernel under test with one link, "lab0", up and without
// addresses, and none called "none0".
type Machine struct {
	Kernel  vip.Kernel
	Promote func(on bool) // sets promote_secondaries
}

// step is one line of the table that the pretended kernel and the real one
// both have to follow: an operation, its error, and what is on lab0 after it.
type step struct {
	kind   vip.OpKind
	prefix string
	link   string
	lease  time.Duration
	err    error
	want   string // prefixes on lab0, sorted, those with a lifetime marked with *
}

var table = []struct {
	name    string
	promote bool
	steps   []step
}{
	{"each operation and its errors", false, []step{
		{vip.Delete, "192.0.2.1/24", "lab0", 0, vip.ErrNotThere, ""},
		{vip.Add, "192.0.2.1/24", "none0", 0, vip.ErrNoLink, ""},
		{vip.Add, "192.0.2.1/24", "lab0", 0, nil, "192.0.2.1/24"},
		{vip.Add, "192.0.2.1/24", "lab0", 0, vip.ErrExists, "192.0.2.1/24"},
		{vip.Add, "192.0.2.1/24", "lab0", 9 * time.Second, vip.ErrExists, "192.0.2.1/24"},
		{vip.Renew, "192.0.2.1/24", "lab0", 9 * time.Second, nil, "192.0.2.1/24*"},
		{vip.Renew, "192.0.2.1/24", "lab0", 0, nil, "192.0.2.1/24"},
		{vip.Renew, "198.51.100.1/32", "lab0", 9 * time.Second, nil, "192.0.2.1/24 198.51.100.1/32*"},
		{vip.Renew, "198.51.100.1/32", "none0", 9 * time.Second, vip.ErrNoLink, "192.0.2.1/24 198.51.100.1/32*"},
		{vip.Delete, "198.51.100.1/32", "none0", 0, vip.ErrNoLink, "192.0.2.1/24 198.51.100.1/32*"},
		{vip.Delete, "192.0.2.1/32", "lab0", 0, vip.ErrNotThere, "192.0.2.1/24 198.51.100.1/32*"},
		{vip.Delete, "192.0.2.1/24", "lab0", 0, nil, "198.51.100.1/32*"},
	}},
	{"an IPv4 address may have two prefix lengths", false, []step{
		{vip.Add, "192.0.2.1/24", "lab0", 0, nil, "192.0.2.1/24"},
		{vip.Add, "192.0.2.1/32", "lab0", 0, nil, "192.0.2.1/24 192.0.2.1/32"},
		{vip.Delete, "192.0.2.1/24", "lab0", 0, nil, "192.0.2.1/32"},
	}},
	{"an IPv6 address is there once", false, []step{
		{vip.Add, "2001:db8::1/64", "lab0", 9 * time.Second, nil, "2001:db8::1/64*"},
		{vip.Add, "2001:db8::1/64", "lab0", 9 * time.Second, vip.ErrExists, "2001:db8::1/64*"},
		{vip.Add, "2001:db8::1/128", "lab0", 9 * time.Second, vip.ErrExists, "2001:db8::1/64*"},
		{vip.Renew, "2001:db8::1/64", "lab0", 0, nil, "2001:db8::1/64"},
		{vip.Add, "2001:db8::2/64", "lab0", 9 * time.Second, nil, "2001:db8::1/64 2001:db8::2/64*"},
		{vip.Delete, "2001:db8::1/64", "lab0", 0, nil, "2001:db8::2/64*"},
		{vip.Delete, "2001:db8::1/64", "lab0", 0, vip.ErrNotThere, "2001:db8::2/64*"},
	}},
	{"the first of a subnet takes the others along", false, []step{
		{vip.Add, "192.0.2.1/24", "lab0", 0, nil, "192.0.2.1/24"},
		{vip.Add, "192.0.2.2/24", "lab0", 0, nil, "192.0.2.1/24 192.0.2.2/24"},
		{vip.Add, "192.0.2.3/32", "lab0", 0, nil, "192.0.2.1/24 192.0.2.2/24 192.0.2.3/32"},
		{vip.Add, "198.51.100.1/24", "lab0", 0, nil, "192.0.2.1/24 192.0.2.2/24 192.0.2.3/32 198.51.100.1/24"},
		{vip.Delete, "192.0.2.1/24", "lab0", 0, nil, "192.0.2.3/32 198.51.100.1/24"},
	}},
	{"the second of a subnet goes alone", false, []step{
		{vip.Add, "192.0.2.1/24", "lab0", 0, nil, "192.0.2.1/24"},
		{vip.Add, "192.0.2.2/24", "lab0", 0, nil, "192.0.2.1/24 192.0.2.2/24"},
		{vip.Delete, "192.0.2.2/24", "lab0", 0, nil, "192.0.2.1/24"},
	}},
	{"promoted, the others stay", true, []step{
		{vip.Add, "192.0.2.1/24", "lab0", 0, nil, "192.0.2.1/24"},
		{vip.Add, "192.0.2.2/24", "lab0", 0, nil, "192.0.2.1/24 192.0.2.2/24"},
		{vip.Add, "192.0.2.3/24", "lab0", 0, nil, "192.0.2.1/24 192.0.2.2/24 192.0.2.3/24"},
		{vip.Delete, "192.0.2.1/24", "lab0", 0, nil, "192.0.2.2/24 192.0.2.3/24"},
		{vip.Delete, "192.0.2.2/24", "lab0", 0, nil, "192.0.2.3/24"},
	}},
}

// Conform runs the table. open makes a new machine for each part of it.
func Conform(t *testing.T, open func(t *testing.T) Machine) {
	for _, part := range table {
		t.Run(part.name, func(t *testing.T) {
			m := open(t)
			m.Promote(part.promote)
			listed(t, m.Kernel)
			for _, s := range part.steps {
				op := vip.Op{Kind: s.kind, Address: vip.Address{Prefix: netip.MustParsePrefix(s.prefix), Link: s.link}, Lease: s.lease}
				if err := m.Kernel.Apply(op); !errors.Is(err, s.err) {
					t.Fatalf("%s: error is %v, want %v", op, err, s.err)
				}
				if diff := cmp.Diff(s.want, listed(t, m.Kernel)); diff != "" {
					t.Fatalf("after %s, on lab0 (-want +got):\n%s", op, diff)
				}
			}
		})
	}
}

// listed is what is on lab0, link-local addresses aside: a real link makes one
// by itself.
func listed(t *testing.T, k vip.Kernel) string {
	t.Helper()
	have, err := k.List()
	if err != nil {
		t.Fatal(err)
	}
	var list []vip.Address
	for a := range have {
		if a.Link == "lab0" && !a.Prefix.Addr().IsLinkLocalUnicast() {
			list = append(list, a)
		}
	}
	slices.SortFunc(list, vip.Address.Compare)
	var words []string
	for _, a := range list {
		word := a.Prefix.String()
		if !have[a].Forever {
			word += "*"
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}
