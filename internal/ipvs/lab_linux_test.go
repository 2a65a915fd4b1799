//go:build lab

package ipvs_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"

	"github.com/lbha/lbha/internal/ipvs"
)

// The tests behind the tag lab need a kernel with IPVS, root and ipvsadm, and
// fail without them. Each runs in a network namespace of its own.

// namespace moves the test into a new network namespace. Its lo is down.
func namespace(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("this test needs root, for a network namespace and IPVS: run it in the lab's kernel")
	}
	runtime.LockOSThread()
	home, err := netns.Get()
	if err != nil {
		t.Fatal(err)
	}
	ns, err := netns.New()
	if err != nil {
		t.Fatalf("make a network namespace: %v", err)
	}
	t.Cleanup(func() {
		// A thread that cannot go back stays locked and ends with the test.
		if err := netns.Set(home); err == nil {
			runtime.UnlockOSThread()
		}
		_ = ns.Close()
		_ = home.Close()
	})
}

// realKernel gives the IPVS of a new namespace with lo up.
func realKernel(t *testing.T) ipvs.Kernel {
	t.Helper()
	namespace(t)
	loopbackUp(t)
	return openKernel(t)
}

func openKernel(t *testing.T) ipvs.Kernel {
	t.Helper()
	k, err := ipvs.Open()
	if errors.Is(err, ipvs.ErrNoIPVS) {
		t.Fatal("this kernel has no IPVS (no module ip_vs): run the test in the lab's kernel")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ipvs.CloseKernel(k) })
	return k
}

func loopbackUp(t *testing.T) {
	t.Helper()
	lo, err := netlink.LinkByName("lo")
	if err == nil {
		err = netlink.LinkSetUp(lo)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// ipvsadm runs it in the namespace of the test.
func ipvsadm(t *testing.T, args ...string) string {
	t.Helper()
	path, err := exec.LookPath("ipvsadm")
	if err != nil {
		path = filepath.Join("/usr/sbin", "ipvsadm")
	}
	out, err := exec.Command(path, args...).CombinedOutput()
	if errors.Is(err, os.ErrNotExist) {
		t.Fatal("this test needs ipvsadm: apt-get install ipvsadm")
	}
	if err != nil {
		t.Fatalf("ipvsadm %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func TestLabRealKernelAnswersAsTheFake(t *testing.T) {
	for _, c := range kernelCases {
		t.Run(c.name, func(t *testing.T) {
			k := realKernel(t)
			witness := func() string { return ipvsadm(t, "-Sn") }
			runKernelCase(t, k, c.steps, witness, c.text)
		})
	}
}
