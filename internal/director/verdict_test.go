package director

import (
	"testing"

	"github.com/lbha/lbha/internal/health"
)

func TestReasonIsThatOfTheVerdict(t *testing.T) {
	good := health.Result{OK: true, Detail: "status 200"}
	bad := health.Result{Detail: "connection refused"}
	ours := health.Result{Local: true, Detail: "no descriptors"}
	for _, tc := range []struct {
		name    string
		verdict health.Verdict
		results []health.Result // newest first
		want    string
	}{
		{"up", health.Up, []health.Result{good, bad}, "status 200"},
		{"up, failing", health.Up, []health.Result{bad, good}, "status 200"},
		{"down, coming back", health.Down, []health.Result{good, bad}, "connection refused"},
		{"down, and a fault of this machine", health.Down, []health.Result{ours, bad}, "connection refused"},
		{"nothing but faults of this machine", health.Pending, []health.Result{ours, ours}, "no descriptors"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := health.CheckStatus{Verdict: tc.verdict, Last: tc.results[0], Results: tc.results}
			if got := explains(s).Detail; got != tc.want {
				t.Errorf("%q, want %q", got, tc.want)
			}
		})
	}
}
