//go:build lab

package ipvs_test

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/lbha/lbha/internal/ipvs"
)

// The name of this file makes it the last one: after the test this process
// cannot use moby/ipvs any more, which is what the test is about.

// Unloading ip_vs is for a kernel of our own only.
func TestLabUnloadedAndReloadedModuleIsSaid(t *testing.T) {
	if cpu, err := os.ReadFile("/proc/cpuinfo"); err != nil || !strings.Contains(string(cpu), "User Mode Linux") {
		t.Log("not tried: this kernel is not the lab's own")
		return
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	k := openKernel(t)
	modprobe := autoload(t, "/bin/false") // the kernel would load it when it is asked for the family
	unload(t)
	if _, err := ipvs.Open(); !errors.Is(err, ipvs.ErrNoIPVS) || !strings.Contains(err.Error(), "modprobe ip_vs") {
		t.Errorf("Open: %v", err)
	}
	if _, err := k.Get(web); !errors.Is(err, ipvs.ErrNoIPVS) {
		t.Errorf("Get: %v", err)
	}
	if err := k.Apply(addService(web, rr)); !errors.Is(err, ipvs.ErrNoIPVS) {
		t.Errorf("Apply: %v", err)
	}
	autoload(t, modprobe)
	if out, err := exec.Command("modprobe", "ip_vs").CombinedOutput(); err != nil {
		t.Fatalf("load ip_vs: %v\n%s", err, out)
	}
	if _, err := k.Get(web); !errors.Is(err, ipvs.ErrReloaded) {
		t.Errorf("Get after it came back: %v", err)
	}
	if err := k.Apply(addService(web, rr)); !errors.Is(err, ipvs.ErrReloaded) {
		t.Errorf("Apply after it came back: %v", err)
	}
}

// unload takes ip_vs and its schedulers out of the kernel. Namespaces of
// earlier tests end in the background, and with them their services.
func unload(t *testing.T) {
	t.Helper()
	const script = `rmmod $(lsmod | sed -n 's/^\(ip_vs_[^ ]*\).*/\1/p') 2>/dev/null; rmmod ip_vs`
	deadline := time.Now().Add(30 * time.Second)
	for {
		out, err := exec.Command("/bin/sh", "-c", script).CombinedOutput()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("unload ip_vs: %v\n%s", err, out)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// autoload sets the program by which the kernel loads modules, and gives the
// one before.
func autoload(t *testing.T, path string) string {
	t.Helper()
	const setting = "/proc/sys/kernel/modprobe"
	old, err := os.ReadFile(setting)
	if err == nil {
		err = os.WriteFile(setting, []byte(path), 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(old))
}
