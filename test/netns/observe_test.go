package netns

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseIPVSReadsServicesAndServers(t *testing.T) {
	const text = `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
TCP  192.168.24.52:80 wrr persistent 300
  -> 192.168.17.101:80            Masq    1      2          3
  -> 192.168.17.102:80            Route   0      0          0
UDP  192.168.24.52:53 rr
FWM  7 mh
  -> [2001:db8::1]:80             Tunnel  1      0          0
`
	got, err := ParseIPVS(text)
	if err != nil {
		t.Fatal(err)
	}
	want := []VirtualService{
		{Protocol: "TCP", Address: "192.168.24.52:80", Scheduler: "wrr", Flags: "persistent 300", Servers: []RealServer{
			{Address: "192.168.17.101:80", Forward: "Masq", Weight: 1, Active: 2, Inactive: 3},
			{Address: "192.168.17.102:80", Forward: "Route"},
		}},
		{Protocol: "UDP", Address: "192.168.24.52:53", Scheduler: "rr"},
		{Protocol: "FWM", Address: "7", Scheduler: "mh", Servers: []RealServer{
			{Address: "[2001:db8::1]:80", Forward: "Tunnel", Weight: 1},
		}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
}

func TestParseIPVSRefusesWhatItDoesNotKnow(t *testing.T) {
	for _, text := range []string{
		"  -> 192.168.17.101:80 Masq 1 2 3\n", // a server of no service
		"TCP 1.2.3.4:80 rr\n  -> 192.168.17.101:80 Masq one 2 3\n",
		"TCP 1.2.3.4:80 rr\n  -> 192.168.17.101:80 Masq 1 2\n",
	} {
		if got, err := ParseIPVS(text); err == nil {
			t.Errorf("ParseIPVS(%q) is %v, want an error", text, got)
		}
	}
}

// at is a moment n milliseconds after an arbitrary beginning.
func at(n int) time.Time { return time.UnixMilli(int64(n)) }

func TestTimelineTellsVoidAndOverlap(t *testing.T) {
	line := Timeline{Start: at(0), End: at(100), Changes: []OwnerChange{
		{At: at(-1), Host: "a", Has: true}, // found at the start
		{At: at(10), Host: "a", Has: true}, // renewed
		{At: at(20), Host: "a", Has: false},
		{At: at(50), Host: "b", Has: true},
		{At: at(70), Host: "a", Has: true},
		{At: at(75), Host: "b", Has: false},
	}}
	want := []Span{
		{From: at(0), To: at(20), Owners: []string{"a"}},
		{From: at(20), To: at(50)},
		{From: at(50), To: at(70), Owners: []string{"b"}},
		{From: at(70), To: at(75), Owners: []string{"a", "b"}},
		{From: at(75), To: at(100), Owners: []string{"a"}},
	}
	if diff := cmp.Diff(want, line.Spans()); diff != "" {
		t.Errorf("spans (-want +got):\n%s", diff)
	}
	if got, want := line.Void(), 30*time.Millisecond; got != want {
		t.Errorf("void is %s, want %s", got, want)
	}
	if got, want := line.Overlap(), 5*time.Millisecond; got != want {
		t.Errorf("overlap is %s, want %s", got, want)
	}
	if got, want := line.Since(at(40)).Void(), 10*time.Millisecond; got != want {
		t.Errorf("void since 40 ms is %s, want %s", got, want)
	}
}

func TestHTTPReportCountsAndMeasures(t *testing.T) {
	r := HTTPReport{Requests: []Request{
		{N: 0, Start: at(0), End: at(5), Server: "one"},
		{N: 1, Start: at(10), End: at(16), Server: "two"},
		{N: 2, Start: at(20), End: at(90), Err: "timeout"},
		{N: 3, Start: at(30), End: at(45), Server: "one"},
	}}
	if diff := cmp.Diff(map[string]int{"one": 2, "two": 1}, r.ByServer()); diff != "" {
		t.Errorf("answers by server (-want +got):\n%s", diff)
	}
	if gap, begin := r.LongestGap(); gap != 29*time.Millisecond || !begin.Equal(at(16)) {
		t.Errorf("longest gap is %s from %s, want 29 ms from 16 ms on", gap, begin)
	}
	if got := r.Since(at(20)); got.Failed() != 1 || got.Answered() != 1 {
		t.Errorf("since 20 ms %d failed and %d were answered, want 1 and 1", got.Failed(), got.Answered())
	}
}
