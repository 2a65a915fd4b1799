//go:build lab

package ipvs_test

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"

	moby "github.com/moby/ipvs"
	"golang.org/x/sys/unix"

	"github.com/lbha/lbha/internal/ipvs"
)

// What is tested here are facts about the kernel and about moby/ipvs that the
// package is built on. When one of these tests fails because a later kernel or
// library does better, something in the package can go.

func TestLabLoopbackThatWasNeverUpIsSaid(t *testing.T) {
	namespace(t)
	k := openKernel(t)
	apply(t, k, addService(web, rr), addService(web6, rr))
	err := k.Apply(addDest(web, "198.51.100.1:80", masq))
	if !errors.Is(err, ipvs.ErrLoopback) || !strings.Contains(err.Error(), "ip link set lo up") {
		t.Errorf("with lo down: %v", err)
	}
	apply(t, k, addDest(web6, "[2001:db8::9]:80", masq)) // IPv6 needs no table
	loopbackUp(t)
	apply(t, k, addDest(web, "198.51.100.1:80", masq))
}

func apply(t *testing.T, k ipvs.Kernel, ops ...ipvs.Op) {
	t.Helper()
	for _, op := range ops {
		if err := k.Apply(op); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLabWithoutCapabilityIsSaid(t *testing.T) {
	k := realKernel(t)
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		t.Fatal(err)
	}
	less := data
	less[0].Effective &^= 1 << unix.CAP_NET_ADMIN
	if err := unix.Capset(&header, &less[0]); err != nil {
		t.Fatal(err)
	}
	_, errOpen := ipvs.Open()
	_, errGet := k.Get(web)
	errDest := k.Apply(addDest(web, "198.51.100.1:80", masq))
	errService := k.Apply(addService(web, rr))
	if err := unix.Capset(&header, &data[0]); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{errOpen, errGet, errDest, errService} {
		if !errors.Is(err, ipvs.ErrPermission) || !strings.Contains(err.Error(), "CAP_NET_ADMIN") {
			t.Errorf("without CAP_NET_ADMIN: %v", err)
		}
	}
}

// The absence of a service is certain, that of a server is not.
func TestLabReadingWhatIsNotThere(t *testing.T) {
	k := realKernel(t)
	none := func([]byte) { t.Error("got a message") }
	if _, err := k.Get(web); !errors.Is(err, ipvs.ErrNotFound) {
		t.Errorf("get of no service: %v", err)
	}
	if err := ipvs.RawRequest(k, ipvs.CmdGetDest, unix.NLM_F_DUMP, web, none); err != nil {
		t.Errorf("servers of no service are an empty success no more: %v", err)
	}
	apply(t, k, addService(web, rr), addDest(web, "198.51.100.1:80", masq))
	if err := ipvs.RawRequest(k, ipvs.CmdGetDest, 0, web, none); !errors.Is(err, unix.EOPNOTSUPP) {
		t.Errorf("the kernel answers GET_DEST for one server: %v", err)
	}
}

func TestLabKernelSetsTheHashedFlagItself(t *testing.T) {
	k := realKernel(t)
	spec := ipvs.ServiceSpec{Scheduler: "sh", Flags: ipvs.FlagSHPort}
	apply(t, k, addService(web, spec))
	var raw uint32
	err := ipvs.RawRequest(k, ipvs.CmdGetService, 0, web, func(msg []byte) { raw = ipvs.RawServiceFlags(msg) })
	if err != nil || raw != uint32(ipvs.FlagSHPort)|2 {
		t.Errorf("flags %#x, %v", raw, err)
	}
	if svc, err := k.Get(web); err != nil || svc.Spec.Flags != ipvs.FlagSHPort {
		t.Errorf("flags %#x, %v", svc.Spec.Flags, err)
	}
}

// Why moby/ipvs must not touch servers, and why a netmask is always sent.
func TestLabMobyFacts(t *testing.T) {
	k := realKernel(t)
	handle, err := moby.New("")
	if err != nil {
		t.Fatal(err)
	}
	defer handle.Close()
	apply(t, k, addService(web, rr), addDest(web, "198.51.100.1:80", gue))
	svc := &moby.Service{Address: net.ParseIP("192.0.2.1"), Port: 80, Protocol: unix.IPPROTO_TCP, AddressFamily: unix.AF_INET, SchedName: "rr"}

	stranger := &moby.Destination{Address: net.ParseIP("2001:db8::9"), Port: 80, Weight: 1, AddressFamily: unix.AF_INET6}
	if err := handle.NewDestination(svc, stranger); err != nil {
		t.Errorf("moby/ipvs refuses an IPv6 server in an IPv4 service now: %v", err)
	}
	dests, err := handle.GetDestinations(svc)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range dests {
		if d.Address.String() == "198.51.100.1" {
			if err := handle.UpdateDestination(svc, d); err != nil {
				t.Error(err)
			}
		}
	}
	got, err := k.Get(web)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := got.Dests[netip.MustParseAddrPort("32.1.13.184:80")]; !ok {
		t.Errorf("no stranger was installed: %v", got.Dests)
	}
	if spec := got.Dests[one]; spec.Encap.Type != ipvs.IPIP {
		t.Errorf("moby/ipvs writes back the tunnel that it read now: %s", spec)
	}

	six := &moby.Service{Address: net.ParseIP("2001:db8::1"), Port: 80, Protocol: unix.IPPROTO_TCP, AddressFamily: unix.AF_INET6, SchedName: "rr"}
	if err := handle.NewService(six); !errors.Is(err, unix.EINVAL) {
		t.Errorf("an IPv6 service without a netmask: %v", err)
	}
}

// A server of another family that another program put into our service is read
// as what it is, and can be removed.
func TestLabServerOfAnotherFamilyIsRemoved(t *testing.T) {
	k := realKernel(t)
	apply(t, k, addService(web, rr), addDest(web, "198.51.100.1:80", masq))
	ipvsadm(t, "-a", "-t", web.Addr.String(), "-r", "[2001:db8::9]:80", "-i")
	have, err := k.Get(web)
	if err != nil {
		t.Fatal(err)
	}
	ops := ipvs.Diff(ipvs.Table{web: have}, ipvs.Table{web: pool(rr, map[string]uint32{"198.51.100.1:80": 1})})
	if len(ops) != 1 || ops[0] != deleteDest(web, "[2001:db8::9]:80") {
		t.Fatalf("ops %v", ops)
	}
	apply(t, k, ops...)
	if got := ipvsadm(t, "-Sn"); strings.Contains(got, "2001:db8") {
		t.Errorf("still there:\n%s", got)
	}
}

// Thresholds are not in ipvsadm's rules, only in its list.
func TestLabThresholds(t *testing.T) {
	k := realKernel(t)
	apply(t, k, addService(web, rr), addDest(web, "198.51.100.1:80", ipvs.DestSpec{Weight: 1, Upper: 4000000000, Lower: 50}))
	if got := ipvsadm(t, "-Ln", "--thresholds"); !strings.Contains(got, " 4000000000 50 ") {
		t.Errorf("thresholds:\n%s", got)
	}
	if svc, err := k.Get(web); err != nil || svc.Dests[one].Upper != 4000000000 || svc.Dests[one].Lower != 50 {
		t.Errorf("got %v, %v", svc.Dests, err)
	}
}

// helper makes the test binary open the kernel and nothing else.
const helper = "LBHA_IPVS_TEST_OPEN"

func TestMain(m *testing.M) {
	if os.Getenv(helper) != "" {
		if _, err := ipvs.Open(); err != nil {
			os.Stderr.WriteString(err.Error())
		}
		return
	}
	os.Exit(m.Run())
}

// Without modprobe in the path moby/ipvs would complain on standard error.
func TestLabOpenIsSilent(t *testing.T) {
	openKernel(t)
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = []string{helper + "=1", "PATH=/nowhere"}
	if out, err := cmd.CombinedOutput(); err != nil || len(out) != 0 {
		t.Errorf("%v, output:\n%s", err, out)
	}
}
