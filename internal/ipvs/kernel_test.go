package ipvs_test

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lbha/lbha/internal/ipvs"
	"github.com/lbha/lbha/internal/ipvs/ipvstest"
)

// A step is one operation and what the kernel answers. The same steps run
// against the fake and, in a kernel with IPVS, against the real one.
type step struct {
	op   ipvs.Op
	want error // nil: it is done
}

func tcp(addr string) ipvs.ServiceKey {
	return ipvs.ServiceKey{Protocol: ipvs.TCP, Addr: netip.MustParseAddrPort(addr)}
}

func udp(addr string) ipvs.ServiceKey {
	return ipvs.ServiceKey{Protocol: ipvs.UDP, Addr: netip.MustParseAddrPort(addr)}
}

func mark(n uint32, f ipvs.Family) ipvs.ServiceKey { return ipvs.ServiceKey{FWMark: n, Family: f} }

func addService(k ipvs.ServiceKey, s ipvs.ServiceSpec) ipvs.Op {
	return ipvs.Op{Kind: ipvs.AddService, Key: k, Spec: s}
}

func editService(k ipvs.ServiceKey, s ipvs.ServiceSpec) ipvs.Op {
	return ipvs.Op{Kind: ipvs.UpdateService, Key: k, Spec: s}
}

func deleteService(k ipvs.ServiceKey) ipvs.Op { return ipvs.Op{Kind: ipvs.DeleteService, Key: k} }

func addDest(k ipvs.ServiceKey, dest string, s ipvs.DestSpec) ipvs.Op {
	return ipvs.Op{Kind: ipvs.AddDest, Key: k, Dest: netip.MustParseAddrPort(dest), DestSpec: s}
}

func editDest(k ipvs.ServiceKey, dest string, s ipvs.DestSpec) ipvs.Op {
	return ipvs.Op{Kind: ipvs.UpdateDest, Key: k, Dest: netip.MustParseAddrPort(dest), DestSpec: s}
}

func deleteDest(k ipvs.ServiceKey, dest string) ipvs.Op {
	return ipvs.Op{Kind: ipvs.DeleteDest, Key: k, Dest: netip.MustParseAddrPort(dest)}
}

var (
	rr   = ipvs.ServiceSpec{Scheduler: "rr"}
	wlc  = ipvs.ServiceSpec{Scheduler: "wlc"}
	masq = ipvs.DestSpec{Weight: 1}
	web  = tcp("192.0.2.1:80")
	web6 = tcp("[2001:db8::1]:80")
	gue  = ipvs.DestSpec{Weight: 1, Forwarding: ipvs.Tunnel,
		Encap: ipvs.Encap{Type: ipvs.GUE, Port: 5555, Flags: ipvs.EncapChecksum}}
	gre = ipvs.DestSpec{Weight: 1, Forwarding: ipvs.Tunnel, Encap: ipvs.Encap{Type: ipvs.GRE}}
)

func withWeight(d ipvs.DestSpec, w uint32) ipvs.DestSpec { d.Weight = w; return d }

// kernelCases is the table of operations and errors; text is what ipvsadm has
// to say at the end.
var kernelCases = []struct {
	name  string
	steps []step
	text  string
}{
	{"service twice", []step{
		{addService(web, rr), nil},
		{addService(web, wlc), ipvs.ErrExists},
	}, "-A -t 192.0.2.1:80 -s rr"},
	{"service that is not there", []step{
		{editService(web, rr), ipvs.ErrNotFound},
		{deleteService(web), ipvs.ErrNotFound},
		{addDest(web, "198.51.100.1:80", masq), ipvs.ErrNotFound},
		{editDest(web, "198.51.100.1:80", masq), ipvs.ErrNotFound},
		{deleteDest(web, "198.51.100.1:80"), ipvs.ErrNotFound},
	}, ""},
	{"server twice, and one that is not there", []step{
		{addService(web, rr), nil},
		{addDest(web, "198.51.100.1:80", masq), nil},
		{addDest(web, "198.51.100.1:80", withWeight(masq, 2)), ipvs.ErrExists},
		{editDest(web, "198.51.100.2:80", masq), ipvs.ErrNotFound},
		{deleteDest(web, "198.51.100.2:80"), ipvs.ErrNotFound},
	}, "-A -t 192.0.2.1:80 -s rr\n-a -t 192.0.2.1:80 -r 198.51.100.1:80 -m -w 1"},
	{"service deleted with its servers, and added empty", []step{
		{addService(web, rr), nil},
		{addDest(web, "198.51.100.1:80", masq), nil},
		{deleteService(web), nil},
		{addService(web, rr), nil},
	}, "-A -t 192.0.2.1:80 -s rr"},
	{"scheduler that the kernel lacks", []step{
		{addService(web, ipvs.ServiceSpec{Scheduler: "twos"}), ipvs.ErrScheduler{Name: "twos"}},
		{addService(web, ipvs.ServiceSpec{Scheduler: "rr", Engine: "nope"}), ipvs.ErrScheduler{Name: "rr", Engine: "nope"}},
		{addService(web, rr), nil},
		{editService(web, ipvs.ServiceSpec{Scheduler: "twos"}), ipvs.ErrScheduler{Name: "twos"}},
	}, "-A -t 192.0.2.1:80 -s rr"},
	{"scheduler changed in place keeps the servers", []step{
		{addService(web, rr), nil},
		{addDest(web, "198.51.100.1:80", masq), nil},
		{editService(web, ipvs.ServiceSpec{Scheduler: "sh", Flags: ipvs.FlagSHPort | ipvs.FlagSHFallback}), nil},
	}, "-A -t 192.0.2.1:80 -s sh -b sh-fallback,sh-port\n-a -t 192.0.2.1:80 -r 198.51.100.1:80 -m -w 1"},
	{"flags that are taken away again", []step{
		{addService(web, ipvs.ServiceSpec{Scheduler: "mh", Flags: ipvs.FlagMHPort}), nil},
		{editService(web, ipvs.ServiceSpec{Scheduler: "mh"}), nil},
	}, "-A -t 192.0.2.1:80 -s mh"},
	{"persistence", []step{
		{addService(web, ipvs.ServiceSpec{Scheduler: "rr", Flags: ipvs.FlagPersistent, Timeout: 300 * time.Second, Netmask: 24}), nil},
		{addService(web6, ipvs.ServiceSpec{Scheduler: "rr", Flags: ipvs.FlagPersistent, Timeout: time.Minute, Netmask: 64}), nil},
		{addService(tcp("192.0.2.1:0"), ipvs.ServiceSpec{Scheduler: "rr", Flags: ipvs.FlagPersistent, Timeout: time.Second}), nil},
	}, "-A -t 192.0.2.1:0 -s rr -p 1\n-A -t 192.0.2.1:80 -s rr -p 300 -M 255.255.255.0\n-A -t [2001:db8::1]:80 -s rr -p 60 -M 64"},
	{"persistence engine, set and taken away", []step{
		{addService(udp("192.0.2.1:5060"), ipvs.ServiceSpec{Scheduler: "rr", Flags: ipvs.FlagPersistent | ipvs.FlagOnePacket, Timeout: time.Minute, Engine: "sip"}), nil},
		{addService(udp("192.0.2.2:5060"), ipvs.ServiceSpec{Scheduler: "rr", Flags: ipvs.FlagPersistent, Timeout: time.Minute, Engine: "sip"}), nil},
		{editService(udp("192.0.2.2:5060"), ipvs.ServiceSpec{Scheduler: "rr"}), nil},
	}, "-A -u 192.0.2.1:5060 -s rr -p 60 --pe sip -o\n-A -u 192.0.2.2:5060 -s rr"},
	{"weight of a gue and a gre tunnel changed keeps the tunnel", []step{
		{addService(web, rr), nil},
		{addDest(web, "198.51.100.1:80", gue), nil},
		{addDest(web, "198.51.100.2:80", gre), nil},
		{editDest(web, "198.51.100.1:80", withWeight(gue, 0)), nil},
		{editDest(web, "198.51.100.2:80", withWeight(gre, 65535)), nil},
	}, "-A -t 192.0.2.1:80 -s rr\n" +
		"-a -t 192.0.2.1:80 -r 198.51.100.1:80 -i -w 0 --tun-type gue --tun-port 5555 --tun-csum\n" +
		"-a -t 192.0.2.1:80 -r 198.51.100.2:80 -i -w 65535 --tun-type gre --tun-nocsum"},
	{"forwarding changed in place", []step{
		{addService(web, rr), nil},
		{addDest(web, "198.51.100.1:80", gue), nil},
		{editDest(web, "198.51.100.1:80", ipvs.DestSpec{Weight: 1, Forwarding: ipvs.Direct}), nil},
	}, "-A -t 192.0.2.1:80 -s rr\n-a -t 192.0.2.1:80 -r 198.51.100.1:80 -g -w 1"},
	{"mixed families are never sent", []step{
		{addService(web, rr), nil},
		{addService(web6, rr), nil},
		{addDest(web, "[2001:db8::9]:80", masq), ipvs.ErrInvalid},
		{addDest(web, "[2001:db8::9]:80", gue), ipvs.ErrInvalid},
		{addDest(web6, "198.51.100.1:80", masq), ipvs.ErrInvalid},
		{addDest(web6, "[::ffff:198.51.100.1]:80", masq), ipvs.ErrInvalid},
		{addService(tcp("[::ffff:192.0.2.3]:80"), rr), ipvs.ErrInvalid},
	}, "-A -t 192.0.2.1:80 -s rr\n-A -t [2001:db8::1]:80 -s rr"},
	{"addresses that no server has", []step{
		{addService(web, rr), nil},
		{addService(web6, rr), nil},
		{addDest(web, "224.0.0.1:80", masq), ipvs.ErrInvalid},
		{addDest(web, "255.255.255.255:80", masq), ipvs.ErrInvalid},
		{addDest(web, "0.0.0.0:80", masq), ipvs.ErrInvalid},
		{addDest(web, "127.0.0.1:80", masq), nil},
		{addDest(web6, "[ff02::1]:80", masq), ipvs.ErrInvalid},
		{addDest(web6, "[fe80::1]:80", masq), ipvs.ErrInvalid},
		{addDest(web6, "[::]:80", masq), ipvs.ErrInvalid},
		{addDest(web6, "[2001:db8::9]:80", masq), nil},
	}, "-A -t 192.0.2.1:80 -s rr\n-a -t 192.0.2.1:80 -r 127.0.0.1:80 -m -w 1\n" +
		"-A -t [2001:db8::1]:80 -s rr\n-a -t [2001:db8::1]:80 -r [2001:db8::9]:80 -m -w 1"},
	{"thresholds and weights out of range", []step{
		{addService(web, rr), nil},
		{addDest(web, "198.51.100.1:80", ipvs.DestSpec{Weight: 70000}), ipvs.ErrInvalid},
		{addDest(web, "198.51.100.1:80", ipvs.DestSpec{Weight: 1, Upper: 5, Lower: 6}), ipvs.ErrInvalid},
		{addDest(web, "198.51.100.1:80", ipvs.DestSpec{Forwarding: ipvs.Tunnel, Encap: ipvs.Encap{Type: ipvs.GUE}}), ipvs.ErrInvalid},
		{addDest(web, "198.51.100.1:80", ipvs.DestSpec{Weight: 65535, Upper: 6, Lower: 5}), nil},
	}, "-A -t 192.0.2.1:80 -s rr\n-a -t 192.0.2.1:80 -r 198.51.100.1:80 -m -w 65535"},
	{"keys that differ in one thing are different services", []step{
		{addService(web, rr), nil},
		{addService(udp("192.0.2.1:80"), rr), nil},
		{addService(ipvs.ServiceKey{Protocol: ipvs.SCTP, Addr: web.Addr}, rr), nil},
		{addService(mark(7, ipvs.IPv4), rr), nil},
		{addService(mark(7, ipvs.IPv6), wlc), nil},
		{addDest(mark(7, ipvs.IPv6), "[2001:db8::9]:0", ipvs.DestSpec{Weight: 1, Forwarding: ipvs.Direct}), nil},
		{deleteService(mark(7, ipvs.IPv4)), nil},
		{deleteService(udp("192.0.2.1:80")), nil},
	}, "-A -t 192.0.2.1:80 -s rr\n-A --sctp-service 192.0.2.1:80 -s rr\n-A -f 7 -6 -s wlc\n-a -f 7 -6 -r [2001:db8::9]:0 -g -w 1"},
}

// runKernelCase applies the steps and compares what the kernel then says of
// itself, what the witness sees, and what is expected.
func runKernelCase(t *testing.T, k ipvs.Kernel, steps []step, witness func() string, text string) {
	t.Helper()
	for i, s := range steps {
		err := k.Apply(s.op)
		if !errors.Is(err, s.want) {
			t.Fatalf("step %d, %s: got %v, want %v", i, s.op, err, s.want)
		}
		if err != nil && !strings.HasPrefix(err.Error(), s.op.String()+": ") {
			t.Errorf("step %d: error does not begin with the operation: %v", i, err)
		}
	}
	if diff := cmp.Diff(sortedLines(text), sortedLines(witness())); diff != "" {
		t.Errorf("table as seen from outside (-want +got):\n%s", diff)
	}
	list, err := k.List()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sortedLines(text), sortedLines(ipvstest.Text(list))); diff != "" {
		t.Errorf("List (-want +got):\n%s", diff)
	}
	for key, svc := range list {
		got, err := k.Get(key)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(svc, got, netipOptions); diff != "" {
			t.Errorf("Get differs from List (-list +get):\n%s", diff)
		}
	}
}

var netipOptions = cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })

func sortedLines(s string) []string {
	lines := strings.FieldsFunc(s, func(r rune) bool { return r == '\n' })
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	slices.Sort(lines)
	return lines
}

func TestFakeKernelAnswersAsTheRealOne(t *testing.T) {
	for _, c := range kernelCases {
		t.Run(c.name, func(t *testing.T) {
			k := ipvstest.NewKernel()
			k.LackSchedulers("twos", "nope")
			runKernelCase(t, k, c.steps, k.String, c.text)
		})
	}
}
