package ipvs_test

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/lbha/lbha/internal/ipvs"
	"github.com/lbha/lbha/internal/ipvs/ipvstest"
)

func TestDiff(t *testing.T) {
	three := pool(rr, map[string]uint32{"198.51.100.1:80": 1, "198.51.100.2:80": 1, "198.51.100.3:80": 1})
	for _, c := range []struct {
		name       string
		have, want ipvs.Table
		ops        string
	}{
		{"nothing", nil, nil, ""},
		{"service before its servers, in order", nil, ipvs.Table{web6: pool(rr, nil), web: two, mark(7, ipvs.IPv4): pool(wlc, nil)}, `
add tcp 192.0.2.1:80 rr
add tcp 192.0.2.1:80 -> 198.51.100.1:80 masq weight 1
add tcp 192.0.2.1:80 -> 198.51.100.2:80 masq weight 1
add tcp [2001:db8::1]:80 rr
add fwmark 7 ipv4 wlc`},
		{"adds before updates before deletes", ipvs.Table{web: pool(rr, map[string]uint32{"198.51.100.1:80": 1, "198.51.100.2:80": 1})},
			ipvs.Table{web: pool(rr, map[string]uint32{"198.51.100.2:80": 2, "198.51.100.3:80": 1})}, `
add tcp 192.0.2.1:80 -> 198.51.100.3:80 masq weight 1
edit tcp 192.0.2.1:80 -> 198.51.100.2:80 masq weight 2
delete tcp 192.0.2.1:80 -> 198.51.100.1:80`},
		{"another key is another service, added before the old one is deleted",
			ipvs.Table{tcp("192.0.2.1:80"): two}, ipvs.Table{udp("192.0.2.1:80"): pool(rr, nil)}, `
add udp 192.0.2.1:80 rr
delete tcp 192.0.2.1:80`},
		{"deletes of all services come last", ipvs.Table{tcp("192.0.2.1:1"): three, tcp("192.0.2.1:2"): three},
			ipvs.Table{tcp("192.0.2.1:1"): two, tcp("192.0.2.1:3"): pool(rr, nil)}, `
add tcp 192.0.2.1:3 rr
delete tcp 192.0.2.1:1 -> 198.51.100.3:80
delete tcp 192.0.2.1:2`},
		{"a scheduler is changed in place", ipvs.Table{web: two}, ipvs.Table{web: ipvs.Service{
			Spec: ipvs.ServiceSpec{Scheduler: "sh", Flags: ipvs.FlagSHPort | ipvs.FlagPersistent, Timeout: time.Minute, Netmask: 24, Engine: "sip"}, Dests: two.Dests}}, `
edit tcp 192.0.2.1:80 sh (sh-port) persistent 60 mask 24 pe sip`},
		{"a tunnel's flags are a change", ipvs.Table{web: {Spec: rr, Dests: map[netip.AddrPort]ipvs.DestSpec{one: gue}}},
			ipvs.Table{web: {Spec: rr, Dests: map[netip.AddrPort]ipvs.DestSpec{one: {Weight: 1, Forwarding: ipvs.Tunnel, Upper: 9, Lower: 8,
				Encap: ipvs.Encap{Type: ipvs.GUE, Port: 5555, Flags: ipvs.EncapRemoteChecksum}}}}}, `
edit tcp 192.0.2.1:80 -> 198.51.100.1:80 tunnel gue:5555:remcsum weight 1 upper 9 lower 8`},
		{"a netmask that is not said is the whole address", ipvs.Table{
			web:  {Spec: ipvs.ServiceSpec{Scheduler: "rr", Netmask: 32}},
			web6: {Spec: ipvs.ServiceSpec{Scheduler: "rr", Netmask: 128}}},
			ipvs.Table{web: pool(rr, nil), web6: pool(rr, nil)}, ""},
		{"counters are no difference", ipvs.Table{web: {Spec: rr, Stats: ipvs.Stats{Connections: 1}}}, ipvs.Table{web: pool(rr, nil)}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var lines []string
			for _, op := range ipvs.Diff(c.have, c.want) {
				lines = append(lines, op.String())
			}
			if diff := cmp.Diff(strings.TrimSpace(c.ops), strings.Join(lines, "\n")); diff != "" {
				t.Errorf("ops (-want +got):\n%s", diff)
			}
		})
	}
}

// genTable draws tables that often share keys and servers, of both families.
func genTable() *rapid.Generator[ipvs.Table] {
	return rapid.Custom(func(t *rapid.T) ipvs.Table {
		table := ipvs.Table{}
		for _, key := range rapid.SliceOfDistinct(rapid.SampledFrom(smallKeys), func(k ipvs.ServiceKey) ipvs.ServiceKey { return k }).Draw(t, "keys") {
			table[key] = genService(key.AddrFamily()).Draw(t, "service")
		}
		return table
	})
}

var smallKeys = []ipvs.ServiceKey{web, udp("192.0.2.1:80"), tcp("192.0.2.2:443"), web6, mark(1, ipvs.IPv4), mark(1, ipvs.IPv6)}

func genService(f ipvs.Family) *rapid.Generator[ipvs.Service] {
	return rapid.Custom(func(t *rapid.T) ipvs.Service {
		svc := ipvs.Service{Spec: genSpec(f).Draw(t, "spec"), Dests: map[netip.AddrPort]ipvs.DestSpec{}}
		for range rapid.IntRange(0, 4).Draw(t, "servers") {
			addr := netip.AddrFrom4([4]byte{198, 51, 100, byte(rapid.IntRange(1, 4).Draw(t, "server"))})
			if f == ipvs.IPv6 {
				addr = netip.MustParseAddr("2001:db8::9").Prev()
				for range rapid.IntRange(0, 3).Draw(t, "server") {
					addr = addr.Next()
				}
			}
			svc.Dests[netip.AddrPortFrom(addr, 80)] = genDest().Draw(t, "dest")
		}
		return svc
	})
}

func genSpec(f ipvs.Family) *rapid.Generator[ipvs.ServiceSpec] {
	return rapid.Custom(func(t *rapid.T) ipvs.ServiceSpec {
		s := ipvs.ServiceSpec{Scheduler: rapid.SampledFrom(
			[]string{"rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "sed", "nq", "fo", "ovf", "mh"}).Draw(t, "scheduler")}
		if s.Scheduler == "sh" || s.Scheduler == "mh" {
			s.Flags |= rapid.SampledFrom([]ipvs.Flags{0, ipvs.FlagSched1, ipvs.FlagSched2, ipvs.FlagSched1 | ipvs.FlagSched2}).Draw(t, "flags")
		}
		if rapid.Bool().Draw(t, "persistent") {
			s.Flags |= ipvs.FlagPersistent
			s.Timeout = time.Duration(rapid.IntRange(1, 400).Draw(t, "timeout")) * time.Second
			s.Netmask = uint8(rapid.IntRange(0, map[ipvs.Family]int{ipvs.IPv4: 32, ipvs.IPv6: 128}[f]).Draw(t, "netmask"))
		}
		return s
	})
}

func genDest() *rapid.Generator[ipvs.DestSpec] {
	return rapid.Custom(func(t *rapid.T) ipvs.DestSpec {
		return rapid.SampledFrom([]ipvs.DestSpec{
			masq, withWeight(masq, 0), withWeight(masq, 65535), gue, withWeight(gue, 7), gre,
			{Weight: 1, Forwarding: ipvs.Direct},
			{Weight: 3, Forwarding: ipvs.Tunnel},
			{Weight: 3, Upper: 100, Lower: 50},
		}).Draw(t, "spec")
	})
}

func TestDiffAppliedGivesWhatIsWanted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		have, want := genTable().Draw(t, "have"), genTable().Draw(t, "want")
		k := ipvstest.NewKernel()
		k.Edit(func(table ipvs.Table) {
			for key, svc := range have {
				table[key] = svc
			}
			table[other] = foreign[other]
		})
		for _, op := range ipvs.Diff(have, want) {
			if err := k.Apply(op); err != nil {
				t.Fatal(err)
			}
		}
		list, err := k.List()
		if err != nil {
			t.Fatal(err)
		}
		want = ipvstest.Clone(want)
		want[other] = foreign[other]
		if ops := ipvs.Diff(list, want); len(ops) != 0 {
			t.Fatalf("still to do: %v", ops)
		}
		if diff := cmp.Diff(ipvstest.Text(want), k.String()); diff != "" {
			t.Fatalf("kernel (-want +got):\n%s", diff)
		}
	})
}

func TestDiffOfEqualTablesIsEmpty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table := genTable().Draw(t, "table")
		if ops := ipvs.Diff(table, ipvstest.Clone(table)); len(ops) != 0 {
			t.Fatalf("ops %v", ops)
		}
	})
}

func TestDiffOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		have, want := genTable().Draw(t, "have"), genTable().Draw(t, "want")
		ops := ipvs.Diff(have, want)
		if again := ipvs.Diff(ipvstest.Clone(have), ipvstest.Clone(want)); !slices.Equal(ops, again) {
			t.Fatalf("another order: %v, %v", ops, again)
		}
		stage := 0 // adds and changes, deletes of servers, deletes of services
		there := map[ipvs.ServiceKey]bool{}
		for key := range have {
			there[key] = true
		}
		for _, op := range ops {
			now := map[ipvs.OpKind]int{ipvs.DeleteDest: 1, ipvs.DeleteService: 2}[op.Kind]
			if now < stage {
				t.Fatalf("%s too late in %v", op, ops)
			}
			stage = now
			if op.Kind == ipvs.AddService {
				there[op.Key] = true
			}
			if !there[op.Key] {
				t.Fatalf("%s before its service", op)
			}
		}
	})
}

const largeServices, largeServers = 50, 200

func largeKey(i int) ipvs.ServiceKey {
	return ipvs.ServiceKey{Protocol: ipvs.TCP, Addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}), 80)}
}

func largeDest(i, j int) netip.AddrPort {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], 10<<24|uint32(i)<<8|uint32(j+1))
	return netip.AddrPortFrom(netip.AddrFrom4(b), 80)
}

// largeTable has 10,000 servers in 50 services.
func largeTable() ipvs.Table {
	t := ipvs.Table{}
	for i := range largeServices {
		svc := ipvs.Service{Spec: wlc, Dests: map[netip.AddrPort]ipvs.DestSpec{}}
		for j := range largeServers {
			svc.Dests[largeDest(i, j)] = masq
		}
		t[largeKey(i)] = svc
	}
	return t
}

func BenchmarkDiff(b *testing.B) {
	have := largeTable()
	changed := largeTable()
	changed[largeKey(17)].Dests[largeDest(17, 42)] = withWeight(masq, 0)
	for _, c := range []struct {
		name string
		want ipvs.Table
		ops  int
	}{
		{"equal", largeTable(), 0},
		{"one server of 10000", changed, 1},
		{"all from empty", have, largeServices * (largeServers + 1)},
	} {
		b.Run(c.name, func(b *testing.B) {
			from := have
			if c.ops > 1 {
				from = nil
			}
			for b.Loop() {
				if ops := ipvs.Diff(from, c.want); len(ops) != c.ops {
					b.Fatalf("%d ops", len(ops))
				}
			}
		})
	}
}
