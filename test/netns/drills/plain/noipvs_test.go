//go:build lab

package plain

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/lbha/lbha/test/netns"
	"github.com/lbha/lbha/test/netns/kernel"
)

// It is drilled on every machine: on a kernel without IPVS as it is; in the other
// kernel, which is ours alone, after its module was taken out; and where the
// machine's own kernel has IPVS, in the other kernel as well.
func TestPlainServicesOnAKernelWithoutIPVSAreRefused(t *testing.T) {
	has := netns.RequireIPVS() == nil
	if has && os.Getenv(kernel.EnvWorld) != kernel.UML.String() {
		elsewhere(t)
		return
	}
	l := emptyLAN(t)
	h := l.host(t, "server04", "192.168.17.103/24")
	if has {
		hideIPVS(t)
	}
	run(t, h, "mkdir", "-p", "/run/lbha")
	before := snapshot(t, h)
	status, text := tryRun(t, h, nil, write(t, sample(t, "nat-pair.hcl")))
	t.Logf("exit status %d:\n%s", status, text)
	if status != 1 || !strings.Contains(text, "IPVS") || !strings.Contains(text, "modprobe ip_vs") {
		t.Errorf("exit status %d, want 1 and what to do about IPVS", status)
	}
	oneReason(t, text)
	if diff := cmp.Diff(before, snapshot(t, h)); diff != "" {
		t.Errorf("what it left (-before +after):\n%s", diff)
	}
}

// elsewhere runs this drill in the other kernel. The world's first process is
// the lab's program.
func elsewhere(t *testing.T) {
	t.Helper()
	self, err := os.Executable()
	must(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "/proc/1/exe", "exec", "--uml", "--", self, "-test.v", "-test.run=^"+t.Name()+"$")
	cmd.Args[0] = "lab"
	out, err := cmd.CombinedOutput()
	t.Logf("in the other kernel:\n%s", out)
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("the drill in the other kernel: %v", err)
	}
}

// hideIPVS takes the module out of the kernel until the test ends.
func hideIPVS(t *testing.T) {
	t.Helper()
	const helper = "/proc/sys/kernel/modprobe" // what the kernel runs when somebody asks for a family
	was, err := os.ReadFile(helper)
	must(t, err)
	modules := ipvsModules(t)
	t.Cleanup(func() {
		must(t, os.WriteFile(helper, was, 0o644))
		if out, err := exec.Command("modprobe", append([]string{"-a"}, modules...)...).CombinedOutput(); err != nil {
			t.Errorf("load modules again: %v: %s", err, out)
		}
	})
	must(t, os.WriteFile(helper, []byte("\n"), 0o644))
	// Schedulers hold ip_vs itself, so it goes last; a namespace that has just
	// ended may hold it a moment longer.
	eventually(t, "IPVS is out of the kernel", func() error {
		for _, name := range ipvsModules(t) {
			if err := unix.DeleteModule(name, unix.O_NONBLOCK); err != nil && name == "ip_vs" {
				return fmt.Errorf("take out %s: %w", name, err)
			}
		}
		if netns.RequireIPVS() == nil {
			return fmt.Errorf("it is still there; modules are %v", ipvsModules(t))
		}
		return nil
	})
}

// ipvsModules are IPVS and what belongs to it, itself last.
func ipvsModules(t *testing.T) []string {
	t.Helper()
	f, err := os.Open("/proc/modules")
	must(t, err)
	defer f.Close()
	var parts []string
	found := false
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		name, _, _ := strings.Cut(lines.Text(), " ")
		found = found || name == "ip_vs"
		if strings.HasPrefix(name, "ip_vs_") {
			parts = append(parts, name)
		}
	}
	must(t, lines.Err())
	if found {
		parts = append(parts, "ip_vs")
	}
	return parts
}
