//go:build lab

package sysctl

import (
	"errors"
	"os"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// inNamespace gives the test a network and mount namespace of its own. The
// thread stays locked, so the runtime ends it with the goroutine and the
// namespaces with it.
func inNamespace(t *testing.T) {
	t.Helper()
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_FS | unix.CLONE_NEWNET | unix.CLONE_NEWNS); err != nil {
		t.Fatalf("make namespaces: %v; run the lab tests as root", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		t.Fatalf("make mounts private: %v", err)
	}
}

func forwardIs(t *testing.T, want string) {
	t.Helper()
	b, err := os.ReadFile("/proc/sys/net/ipv4/ip_forward")
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.TrimSpace(string(b)); got != want {
		t.Errorf("ip_forward is %s, want %s", got, want)
	}
}

func TestLabForwardingIsSetAndPutBackAcrossAKill(t *testing.T) {
	inNamespace(t)
	// A new namespace takes its value from the initial one or from the
	// defaults (net.core.devconf_inherit_init_net): make it known.
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("0\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	var ledger memory
	noError(t, New(Options{Ledger: &ledger}).Apply(on))
	forwardIs(t, "1")
	m := New(Options{Ledger: &ledger}) // the first one was killed
	noError(t, m.Apply(on))
	noError(t, m.Restore())
	forwardIs(t, "0")
	if len(ledger.entries) != 0 {
		t.Errorf("ledger still holds %v", ledger.entries)
	}
}

func TestLabRefusedValueIsSaidAndNotClaimed(t *testing.T) {
	inNamespace(t)
	var ledger memory
	err := New(Options{Ledger: &ledger}).Apply([]Setting{{Key: forward, Value: "yes"}})
	if !errors.Is(err, unix.EINVAL) || !strings.Contains(err.Error(), `the kernel refuses the value "yes"`) {
		t.Errorf("error %v, want the kernel's refusal", err)
	}
	if len(ledger.entries) != 0 {
		t.Errorf("ledger holds %v", ledger.entries)
	}
}

// The value that the kernel made of ours is the one to recognise on restoring.
func TestLabValueThatTheKernelRewritesIsSaidAndPutBack(t *testing.T) {
	inNamespace(t)
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("0\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	var ledger memory
	m := New(Options{Ledger: &ledger})
	const want = `write net.ipv4.ip_forward: the kernel made "1" of "01"`
	if err := m.Apply([]Setting{{Key: forward, Value: "01"}}); err == nil || err.Error() != want {
		t.Errorf("error:\n%v\nwant:\n%s", err, want)
	}
	forwardIs(t, "1")
	noError(t, m.Restore())
	forwardIs(t, "0")
}

func TestLabReadOnlyProcSaysWhatToDo(t *testing.T) {
	inNamespace(t)
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("0\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("/proc/sys", "/proc/sys", "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("", "/proc/sys", "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	var ledger memory
	err := New(Options{Ledger: &ledger}).Apply(on)
	const want = "write net.ipv4.ip_forward: kernel settings are read-only here, as in a container: set net.ipv4.ip_forward=1 from outside it: read-only file system"
	if err == nil || err.Error() != want {
		t.Errorf("error:\n%v\nwant:\n%s", err, want)
	}
	if len(ledger.entries) != 0 {
		t.Errorf("ledger holds %v", ledger.entries)
	}
}

// On a kernel without ip_vs the module is named; on one with it the setting works.
func TestLabSettingOfIPVS(t *testing.T) {
	inNamespace(t)
	m := New(Options{Ledger: &memory{}})
	err := m.Apply([]Setting{{Key: "net.ipv4.vs.expire_nodest_conn", Value: "1"}})
	if _, missing := os.Stat("/proc/sys/net/ipv4/vs"); missing == nil {
		noError(t, err)
		noError(t, m.Restore())
	} else if err == nil || !strings.Contains(err.Error(), "modprobe ip_vs") {
		t.Errorf("error %v, want it to name ip_vs", err)
	}
}
