//go:build lab

package plain

import (
	"strings"
	"testing"
)

func TestPlainDirectorWaitsInFaultForItsInterface(t *testing.T) {
	l := emptyLAN(t)
	h := l.host(t, "server04", "")
	d := start(t, h, minimal(t))
	if r := becomes(t, d, "fault"); !strings.Contains(r.Fault, "interface eth0 is missing") {
		t.Errorf("fault is %q, want that interface eth0 is missing", r.Fault)
	}
	must(t, h.Connect("eth0", l.sw, "192.168.17.103/24"))
	if r := becomes(t, d, "active"); r.Fault != "" {
		t.Errorf("fault is %q in active, want none", r.Fault)
	}
	owns(t, h, true)
}
