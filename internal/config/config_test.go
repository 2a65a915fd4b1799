package config

import (
	"crypto/sha256"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/zclconf/go-cty/cty"
)

// ignoreSources leaves out where things stand.
var ignoreSources = cmp.Options{
	cmpopts.IgnoreTypes(Source{}),
	cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
	cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b }),
	cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }),
	cmp.Comparer(func(a, b cty.Value) bool { return a.RawEquals(b) }),
}

func TestUsualFileBecomesAConfigWithEveryDefault(t *testing.T) {
	const text = `
director "server04" {
  address  = "192.168.17.103"
  priority = 150
}
director "server05" {
  address = "192.168.17.104"
}
vrrp "frontend" {
  virtual_router_id = 51
  interface         = "eth0"
  virtual_address "192.168.24.52/24" {}
  virtual_address "gateway" {
    address   = "192.168.17.100/24"
    interface = "eth1"
  }
}
virtual_server "web" {
  address = "192.168.24.52:80"
  check "http" {}
  check "http" { path = "/two" }
  real_server "server01" { address = "192.168.17.102:80" }
  real_server "server03" {
    address    = "192.168.17.101:80"
    weight     = 0
    forwarding = "dr"
    check "tcp" {
      interval = "1m"
      source   = self.address
    }
  }
}
`
	path := write(t, text)
	got := load(t, path, "server05")

	http := Check{Name: "http", Kind: "http", Interval: 2 * time.Second, Timeout: time.Second, FastInterval: 2 * time.Second, Rise: 2, Fall: 3,
		HTTP: &HTTPCheck{Path: "/healthz", Method: "GET", Status: []StatusRange{{200, 299}}}}
	second := http
	second.Name, second.HTTP = "http-2", &HTTPCheck{Path: "/two", Method: "GET", Status: []StatusRange{{200, 299}}}
	directors := []Director{
		{Name: "server04", Addresses: []netip.Addr{netip.MustParseAddr("192.168.17.103")}, Priority: 150, Vars: cty.EmptyObjectVal},
		{Name: "server05", Addresses: []netip.Addr{netip.MustParseAddr("192.168.17.104")}, Priority: 100, Vars: cty.EmptyObjectVal},
	}
	want := &Config{
		Files:     []string{path},
		Hash:      fmt.Sprintf("%x", sha256.Sum256([]byte(text))),
		Directors: directors,
		Self:      &directors[1],
		Routers: []Router{{
			Name: "frontend", VRID: 51, Interface: "eth0", Priority: 100, Interval: time.Second, Checksum: "rfc9568",
			Preempt: true, Lease: 4 * time.Second,
			Addresses: []VirtualAddress{
				{Name: "192.168.24.52/24", Prefix: netip.MustParsePrefix("192.168.24.52/24"), Interface: "eth0"},
				{Name: "gateway", Prefix: netip.MustParsePrefix("192.168.17.100/24"), Interface: "eth1"},
			},
			Announce: Announce{Count: 5, Interval: 1100 * time.Millisecond, Refresh: time.Minute},
		}},
		Services: []Service{{
			Name: "web", Address: netip.MustParseAddrPort("192.168.24.52:80"), Protocol: "tcp", Scheduler: "wlc",
			Forwarding: "nat", OnFailure: "remove", Require: "all", Checks: []Check{http, second},
			Servers: []Server{
				{Name: "server01", Address: netip.MustParseAddrPort("192.168.17.102:80"), Weight: 1, Forwarding: "nat", Checks: []Check{http, second}},
				{Name: "server03", Address: netip.MustParseAddrPort("192.168.17.101:80"), Weight: 0, Forwarding: "dr", Checks: []Check{{
					Name: "tcp", Kind: "tcp", Interval: time.Minute, Timeout: time.Second, FastInterval: time.Minute, Rise: 2, Fall: 3,
					Source: netip.MustParseAddr("192.168.17.104")}}},
			},
		}},
		Sysctl:  Sysctl{Manage: true},
		OnStop:  OnStopKeep,
		Control: Control{Socket: "/run/lbha/lbha.sock", Group: "lbha"},
		Log:     Log{Level: "info", Format: "text"},
	}
	if diff := cmp.Diff(want, got, ignoreSources); diff != "" {
		t.Errorf("Config (-want +got):\n%s", diff)
	}
	if got.Self != &got.Directors[1] {
		t.Error("Self is not one of Directors")
	}
}

func TestEachDirectorReadsItsOwnSelf(t *testing.T) {
	type view struct {
		Interface string
		Priority  uint8
		Addresses []string
		Source    string
	}
	for name, want := range map[string]view{
		"a": {"eth0", 151, []string{"192.168.24.52/24 eth1", "192.168.24.53/24 eth1"}, "192.168.17.103"},
		"b": {"ens3", 101, []string{"192.168.24.52/24 eth1", "192.168.24.53/24 eth1"}, "192.168.17.104"},
	} {
		cfg := load(t, "testdata/valid/language.hcl", name)
		r := cfg.Routers[0]
		got := view{Interface: r.Interface, Priority: r.Priority, Source: cfg.Services[0].Checks[0].Source.String()}
		for _, va := range r.Addresses {
			got.Addresses = append(got.Addresses, va.Prefix.String()+" "+va.Interface)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("as %s (-want +got):\n%s", name, diff)
		}
		if paths := cfg.Services[0].Checks[0].HTTP.Path + cfg.Services[0].Checks[1].HTTP.Path; paths != "//status" {
			t.Errorf("as %s: paths %q", name, paths)
		}
		if port := cfg.Services[0].Servers[1].Checks[0].Port; port != 8101 {
			t.Errorf("as %s: server03's check has port %d, want 8101", name, port)
		}
	}
}

func TestAutoLeaseIsFourIntervalsInWholeSeconds(t *testing.T) {
	tests := []struct{ interval, want time.Duration }{
		{10 * time.Millisecond, 2 * time.Second},
		{500 * time.Millisecond, 2 * time.Second},
		{510 * time.Millisecond, 3 * time.Second},
		{time.Second, 4 * time.Second},
		{1010 * time.Millisecond, 5 * time.Second},
		{40950 * time.Millisecond, 164 * time.Second},
	}
	for _, tt := range tests {
		if got := autoLease(tt.interval); got != tt.want {
			t.Errorf("interval %s: lease %s, want %s", tt.interval, got, tt.want)
		}
	}
}

func TestLeaseOffIsZeroAndExplicitIsKept(t *testing.T) {
	cfg := load(t, "testdata/valid/edges.hcl", "b")
	var got []time.Duration
	for _, r := range cfg.Routers {
		got = append(got, r.Lease)
	}
	if diff := cmp.Diff([]time.Duration{time.Second, 24 * time.Hour, 0}, got); diff != "" {
		t.Errorf("leases (-want +got):\n%s", diff)
	}
}

func TestStatusListIsSorted(t *testing.T) {
	cfg := load(t, "testdata/valid/edges.hcl", "owner")
	want := []StatusRange{{200, 200}, {204, 204}, {300, 399}}
	if diff := cmp.Diff(want, cfg.Services[0].Checks[0].HTTP.Status); diff != "" {
		t.Errorf("status (-want +got):\n%s", diff)
	}
}

func TestSourcesPointAtWhatWasWritten(t *testing.T) {
	cfg := load(t, "testdata/valid/edges.hcl", "b")
	r := cfg.Routers[0]
	for _, tt := range []struct {
		what      string
		got, want int
	}{
		{"header", r.Src.Block.Start.Line, 12},
		{"label", r.Src.Label.Start.Column, 6},
		{"a key", r.Src.At("lease").Start.Line, 16},
		{"a key that was left out", r.Src.At("preempt").Start.Line, 12},
	} {
		if tt.got != tt.want {
			t.Errorf("%s is at %d, want %d", tt.what, tt.got, tt.want)
		}
	}
	if r.Src.Has("preempt") || !r.Src.Has("lease") {
		t.Error("Has does not tell what was written")
	}
}

func TestDirectorThatIsNotThere(t *testing.T) {
	const pair = "testdata/valid/edges.hcl"
	tests := []struct {
		name, path, director string
		any                  bool
		self, want           string
	}{
		{"named", pair, "b", false, "b", ""},
		{"nobody of that name", pair, "web1", false, "", `No director block is named "web1". Name one of "owner" and "b" with --director`},
		{"not said", pair, "", false, "", `Nothing says which director this machine is. Name one of "owner" and "b"`},
		{"any will do", pair, "web1", true, "owner", ""},
		{"any, but this one is there", pair, "b", true, "b", ""},
		{"a file without directors", "testdata/valid/lone-balancer.hcl", "web1", false, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg, diags := Load(tt.path, Options{Director: tt.director, AnyDirector: tt.any})
			text := render(t, diags)
			if diags.HasErrors() != (tt.want != "") || !strings.Contains(strings.ReplaceAll(text, "\n", " "), tt.want) {
				t.Errorf("want %q in:\n%s", tt.want, text)
			}
			self := ""
			if cfg != nil && cfg.Self != nil {
				self = cfg.Self.Name
			}
			if self != tt.self {
				t.Errorf("self is %q, want %q", self, tt.self)
			}
		})
	}
}

func TestUnknownDirectorHidesNoOtherMistake(t *testing.T) {
	_, diags := Load("testdata/golden.hcl", Options{Director: "nobody"})
	want := []string{"7 ERROR: Unknown director", "27 ERROR: Invalid scheduler", "38 ERROR: Unknown variable"}
	got := positions(diags)
	for _, w := range want {
		if !strings.Contains(strings.Join(got, "\n")+"\n", w+"\n") {
			t.Errorf("%q is missing in %q", w, got)
		}
	}
	for _, g := range got {
		if strings.HasPrefix(g, "18 ") {
			t.Errorf("self is unknown, yet: %s", g)
		}
	}
}

func TestValidateSaysForWhichDirector(t *testing.T) {
	_, diags := Validate("testdata/invalid/one-director-only.hcl")
	for _, diag := range diags.All() {
		if !strings.HasSuffix(diag.Detail, "\n\nThis is so for director \"b\" only.") {
			t.Errorf("detail %q", diag.Detail)
		}
	}
	_, diags = Validate("testdata/invalid/machines.hcl")
	for _, diag := range diags.All() {
		if strings.Contains(diag.Detail, "only.") {
			t.Errorf("it is so for both, yet: %q", diag.Detail)
		}
	}
}

func load(t *testing.T, path, director string) *Config {
	t.Helper()
	cfg, diags := Load(path, Options{Director: director})
	if cfg == nil || len(diags.All()) > 0 {
		t.Fatalf("load %s as %q:\n%s", path, director, render(t, diags))
	}
	return cfg
}

func TestMain(m *testing.M) {
	os.Unsetenv("LBHA_TEST_NOT_SET")
	os.Exit(m.Run())
}
