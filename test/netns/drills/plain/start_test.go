//go:build lab

package plain

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lbha/lbha/test/netns"
)

func TestPlainStartThatCannotBeSaysWhyAndTouchesNothing(t *testing.T) {
	must(t, netns.Require("setpriv"))
	l := newLAN(t)
	good := minimal(t)
	const folder = "/run/lbha"
	for _, tc := range []struct {
		name     string
		host     *netns.Host
		prefix   []string
		file     string
		noFolder bool
		status   int
		want     string
	}{
		{name: "no CAP_NET_ADMIN", host: l.first, prefix: without("net_admin"), file: good, status: 1, want: "lbha: no CAP_NET_ADMIN: run it as root"},
		{name: "no CAP_NET_RAW", host: l.first, prefix: without("net_raw"), file: good, status: 1, want: "lbha: no CAP_NET_RAW: run it as root"},
		{name: "no control folder", host: l.first, file: good, noFolder: true, status: 1, want: "lbha: open ledger: stat /run/lbha: no such file or directory; create the folder (install"},
		{name: "no director block", host: l.third, file: good, status: 2, want: `"client"`},
		{name: "a file that does not parse", host: l.first, file: write(t, "vrrp \"frontend\" {\n"), status: 2, want: "lbha.hcl line 1"},
		{name: "no file", host: l.first, file: "/nowhere/lbha.hcl", status: 2, want: "/nowhere/lbha.hcl"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.noFolder {
				run(t, tc.host, "rm", "-rf", folder)
			} else {
				run(t, tc.host, "mkdir", "-p", folder)
			}
			before := snapshot(t, tc.host)
			status, text := tryRun(t, tc.host, tc.prefix, tc.file)
			t.Logf("exit status %d:\n%s", status, text)
			if status != tc.status || !strings.Contains(text, tc.want) {
				t.Errorf("exit status %d, want %d and %q", status, tc.status, tc.want)
			}
			oneReason(t, text)
			if diff := cmp.Diff(before, snapshot(t, tc.host)); diff != "" {
				t.Errorf("what it left (-before +after):\n%s", diff)
			}
		})
	}
}

func TestPlainSecondDirectorOnOneMachineLeavesTheFirstAlone(t *testing.T) {
	l := newLAN(t)
	file := minimal(t)
	d := start(t, l.first, file)
	was := becomes(t, d, "active")
	owns(t, l.first, true)
	before := snapshot(t, l.first)
	status, text := tryRun(t, l.first, nil, file)
	t.Logf("exit status %d:\n%s", status, text)
	if status != 1 || !strings.Contains(text, "another lbha is running") {
		t.Errorf("exit status %d, want 1 and that another lbha is running", status)
	}
	oneReason(t, text)
	if diff := cmp.Diff(before, snapshot(t, l.first)); diff != "" {
		t.Errorf("what it left (-before +after):\n%s", diff)
	}
	if now := becomes(t, d, "active"); !now.Since.Equal(was.Since) {
		t.Errorf("the first is active since %s, want since %s as before", now.Since, was.Since)
	}
}

// without runs a program that lacks a capability, and cannot get it.
func without(capability string) []string {
	return []string{"setpriv", "--bounding-set=-" + capability, "--inh-caps=-" + capability}
}

// tryRun runs `lbha run`, which ends by itself, and returns its status and what
// it wrote.
func tryRun(t *testing.T, h *netns.Host, prefix []string, file string) (int, string) {
	t.Helper()
	binary, err := netns.Binary()
	must(t, err)
	name := strings.NewReplacer("/", "-", " ", "-").Replace(t.Name())
	p, err := h.Start(name, append(prefix, binary, "run", "--config", file)...)
	must(t, err)
	status, err := p.Wait(t.Context())
	must(t, err)
	return status, p.Log()
}

// oneReason expects one sentence, or one diagnostic, beside log lines.
func oneReason(t *testing.T, text string) {
	t.Helper()
	reasons := 0
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "lbha: ") || strings.HasPrefix(line, "Error: ") {
			reasons++
		}
	}
	if reasons != 1 || strings.Contains(text, "panic") || strings.Contains(text, "goroutine ") {
		t.Errorf("%d reasons were given, want one:\n%s", reasons, text)
	}
}

// snapshot is what a director changes on a machine. The lock of the control
// socket is left out: it stays for ever, so that there is never more than one.
func snapshot(t *testing.T, h *netns.Host) []string {
	t.Helper()
	return strings.Split(run(t, h, "sh", "-c", `
		ip -o -4 address | sed 's/ *valid_lft.*//'
		ls -A /run/lbha | grep -v '[.]lock$'
		cat /run/lbha/owned.json
		grep . /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/conf/*/promote_secondaries
	`), "\n")
}
