package sysctl

import (
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var on = []Setting{{Key: forward, Value: "1", Why: "virtual_server web forwards by nat"}}

func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestApplyClaimsTheOriginalBeforeTheFirstWrite(t *testing.T) {
	h := newHost(t, map[string]string{forward: "0"})
	claims := 0
	h.ledger.onClaim = func() { claims++; h.want(forward, "0") }
	noError(t, h.start().Apply(on))
	h.want(forward, "1")
	if diff := cmp.Diff(map[string]Saved{forward: {forward, "0", "1"}}, h.ledger.entries); diff != "" || claims != 1 {
		t.Errorf("%d claims, ledger (-want +got):\n%s", claims, diff)
	}
}

func TestApplyLeavesAloneWhatIsRight(t *testing.T) {
	h := newHost(t, map[string]string{forward: "1"})
	m := h.start()
	noError(t, m.Apply(on))
	noError(t, m.Restore())
	h.want(forward, "1")
	if len(h.ledger.entries) != 0 || h.log.Len() != 0 {
		t.Errorf("ledger %v, log %q; want neither", h.ledger.entries, h.log.String())
	}
}

func TestFirstOriginalSurvivesKill(t *testing.T) {
	h := newHost(t, map[string]string{forward: "0"})
	noError(t, h.start().Apply(on)) // and the process is killed here
	h.put(forward, "2")             // a person tries something meanwhile
	m := h.start()
	noError(t, m.Apply(on))
	h.want(forward, "1")
	noError(t, m.Restore())
	h.want(forward, "0")
	if len(h.ledger.entries) != 0 {
		t.Errorf("ledger still holds %v", h.ledger.entries)
	}
}

func TestRestoreLeavesWhatSomebodyElseSetAndSaysSo(t *testing.T) {
	h := newHost(t, map[string]string{forward: "0"})
	m := h.start()
	noError(t, m.Apply(on))
	h.put(forward, "2")
	h.log.Reset()
	noError(t, m.Restore())
	h.want(forward, "2")
	const wantLog = `level=WARN msg="kernel setting left as it is: it is no longer what was set" key=net.ipv4.ip_forward have=2 set=1 original=0` + "\n"
	if diff := cmp.Diff(wantLog, h.log.String()); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
	if len(h.ledger.entries) != 0 {
		t.Errorf("ledger still holds %v", h.ledger.entries)
	}
}

func TestReloadGivesBackWhatIsNoLongerWanted(t *testing.T) {
	h := newHost(t, map[string]string{forward: "0", "net.ipv4.vs.conntrack": "0"})
	m := h.start()
	noError(t, m.Apply(append(on, Setting{Key: "net.ipv4.vs.conntrack", Value: "1"})))
	noError(t, m.Apply(on))
	h.want(forward, "1")
	h.want("net.ipv4.vs.conntrack", "0")
}

func TestOneFailingKeyStopsNoOther(t *testing.T) {
	h := newHost(t, map[string]string{forward: "0", "net.ipv4.conf.eth0/7.rp_filter": "1"})
	m := h.start()
	err := m.Apply([]Setting{
		{Key: "net.ipv4.vs.expire_nodest_conn", Value: "1", Why: "connection_reset"},
		{Key: "net.ipv4.conf.eth9.rp_filter", Value: "0"},
		on[0],
		{Key: "net/ipv4/conf/eth0.7/rp_filter", Value: "0"},
	})
	h.want(forward, "1")
	h.want("net.ipv4.conf.eth0/7.rp_filter", "0")
	const want = `read net.ipv4.conf.eth9.rp_filter: there is no such setting, or no interface eth9: no such file or directory
read net.ipv4.vs.expire_nodest_conn: there is no such setting; the module ip_vs brings it: modprobe ip_vs: no such file or directory`
	if err == nil || err.Error() != want || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error:\n%v\nwant:\n%s", err, want)
	}
	wantStatus := []Status{
		{Key: "net.ipv4.conf.eth0/7.rp_filter", Want: "0", Have: "0", Held: true, Original: "1"},
		{Key: "net.ipv4.conf.eth9.rp_filter", Want: "0", Err: strings.Split(want, "\n")[0]},
		{Key: forward, Want: "1", Have: "1", Held: true, Original: "0", Why: on[0].Why},
		{Key: "net.ipv4.vs.expire_nodest_conn", Want: "1", Why: "connection_reset", Err: strings.Split(want, "\n")[1]},
	}
	if diff := cmp.Diff(wantStatus, m.Status()); diff != "" {
		t.Errorf("status (-want +got):\n%s", diff)
	}
	if h.ledger.entries["net.ipv4.vs.expire_nodest_conn"] != (Saved{}) {
		t.Error("a setting that does not exist was claimed")
	}
}

func TestNothingIsWrittenThatTheLedgerCannotRemember(t *testing.T) {
	h := newHost(t, map[string]string{forward: "0"})
	h.ledger.refuse = errDisk
	if err := h.start().Apply(on); !errors.Is(err, errDisk) {
		t.Errorf("error %v, want %v", err, errDisk)
	}
	h.want(forward, "0")
}

func TestFailedWriteLeavesTheLedgerAsItWas(t *testing.T) {
	for _, before := range []map[string]Saved{{}, {forward: {forward, "7", "0"}}} {
		h := newHost(t, map[string]string{forward: "0"})
		h.ledger.entries = before
		want := map[string]Saved{}
		for k, v := range before {
			want[k] = v
		}
		// A folder in place of the file from the claim on: the write fails as root too.
		h.ledger.onClaim = func() {
			_ = os.Remove(h.file(forward))
			_ = os.Mkdir(h.file(forward), 0o755)
		}
		if err := h.start().Apply(on); err == nil || !strings.HasPrefix(err.Error(), "write net.ipv4.ip_forward: ") {
			t.Errorf("error %v, want one of writing %s", err, forward)
		}
		if diff := cmp.Diff(want, h.ledger.entries); diff != "" {
			t.Errorf("ledger (-want +got):\n%s", diff)
		}
	}
}

func TestReportWritesNothing(t *testing.T) {
	h := newHost(t, map[string]string{forward: "0", "kernel.x": "5"})
	h.ledger.entries = map[string]Saved{"kernel.x": {"kernel.x", "4", "5"}}
	m := h.start()
	noError(t, m.Report(on))
	h.want(forward, "0")
	h.want("kernel.x", "5")
	const wantLog = `level=WARN msg="kernel setting differs" key=net.ipv4.ip_forward have=0 want=1 why="virtual_server web forwards by nat"` + "\n"
	if diff := cmp.Diff(wantLog, h.log.String()); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
	want := []Status{
		{Key: "kernel.x", Have: "5", Held: true, Original: "4"},
		{Key: forward, Want: "1", Have: "0", Why: on[0].Why},
	}
	if diff := cmp.Diff(want, m.Status()); diff != "" {
		t.Errorf("status (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]Saved{"kernel.x": {"kernel.x", "4", "5"}}, h.ledger.entries); diff != "" {
		t.Errorf("ledger (-want +got):\n%s", diff)
	}
	if m.Status()[1].OK() {
		t.Error("a setting that differs is OK")
	}
}

func TestUnreadableSettingStaysInTheLedger(t *testing.T) {
	h := newHost(t, map[string]string{"kernel.x": strings.Repeat("x", maxValue)})
	bad := map[string]Saved{"kernel.x": {"kernel.x", "0", "1"}, "../passwd": {"../passwd", "0", "1"}}
	h.ledger.entries = map[string]Saved{"kernel.x": bad["kernel.x"], "../passwd": bad["../passwd"]}
	const want = `invalid key "../passwd": it must be names separated by dots, as in net.ipv4.ip_forward
read kernel.x: the value is longer than 4096 bytes`
	if err := h.start().Restore(); err == nil || err.Error() != want {
		t.Errorf("error:\n%v\nwant:\n%s", err, want)
	}
	if diff := cmp.Diff(bad, h.ledger.entries); diff != "" {
		t.Errorf("ledger (-want +got):\n%s", diff)
	}
}

// Whatever lives, kills and reloads come, and as long as nobody else writes, a
// stop leaves the value as it was before the first life.
func TestAnySequenceOfLivesEndsWithTheOriginal(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		h := newHost(t, map[string]string{forward: "0"})
		original := rapid.IntRange(0, 300).Draw(rt, "original")
		h.put(forward, strconv.Itoa(original))
		m := h.start()
		for _, step := range rapid.SliceOf(rapid.SampledFrom([]string{"1", "2", "none", "kill", "stop"})).Draw(rt, "steps") {
			var err error
			switch step {
			case "kill":
				m = h.start()
			case "stop":
				err = m.Restore()
				h.want(forward, strconv.Itoa(original))
			case "none":
				err = m.Apply(nil)
			default:
				err = m.Apply([]Setting{{Key: forward, Value: step}})
				h.want(forward, step)
			}
			noError(t, err)
		}
		noError(t, m.Restore())
		h.want(forward, strconv.Itoa(original))
		if len(h.ledger.entries) != 0 {
			rt.Fatalf("ledger still holds %v", h.ledger.entries)
		}
	})
}
