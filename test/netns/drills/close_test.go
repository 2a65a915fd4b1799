//go:build lab

package drills

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/lbha/lbha/test/netns"
)

func TestCloseLeavesNoDirector(t *testing.T) {
	r := natRig(t)
	for i := range r.Directors {
		r.start(t, i)
	}
	r.becomes(t, 0, "active")
	must(t, r.daemons[1].Signal(unix.SIGSTOP)) // one that cannot obey
	if n := running(t); n != 2 {
		t.Errorf("%d directors run, want 2: else the count below says nothing", n)
	}
	must(t, r.Close())
	if n := running(t); n != 0 {
		t.Errorf("%d directors run after the lab was closed, want none", n)
	}
}

// running counts the processes of this world that run the drilled binary.
func running(t *testing.T) int {
	t.Helper()
	binary, err := netns.Binary()
	must(t, err)
	links, err := filepath.Glob("/proc/[0-9]*/exe")
	must(t, err)
	n := 0
	for _, link := range links {
		// A process that ended meanwhile has none.
		if exe, err := os.Readlink(link); err == nil && exe == binary {
			n++
		}
	}
	return n
}
