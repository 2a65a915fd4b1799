package vrrp_test

import (
	"regexp"
	"testing"

	"github.com/lbha/lbha/internal/vrrp"
)

// Names are metric labels and words of the configuration: they are an interface.
func TestNamesAreDistinctLabels(t *testing.T) {
	label := regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	seen := map[string]bool{}
	check := func(kind, name string) {
		if !label.MatchString(name) || name == "unknown" || seen[kind+name] {
			t.Errorf("%s has a bad or repeated name %q", kind, name)
		}
		seen[kind+name] = true
	}
	for i := range vrrp.NumStates {
		check("state ", vrrp.State(i).String())
	}
	for i := range vrrp.NumReasons {
		check("reason ", vrrp.Reason(i).String())
	}
	for i := range vrrp.NumDropReasons {
		check("drop ", vrrp.DropReason(i).String())
	}
	check("checksum ", vrrp.ChecksumRFC9568.String())
	check("checksum ", vrrp.ChecksumPseudoHeader.String())
	for _, s := range []string{
		vrrp.State(vrrp.NumStates).String(), vrrp.Reason(vrrp.NumReasons).String(),
		vrrp.DropReason(vrrp.NumDropReasons).String(), vrrp.Checksum(2).String(),
	} {
		if s != "unknown" {
			t.Errorf("a value beyond the last is %q", s)
		}
	}
	last := []string{vrrp.Fault.String(), vrrp.ReasonLinkUp.String(), vrrp.DropOwner.String()}
	if got := last[0] + " " + last[1] + " " + last[2]; got != "fault link_up owner" {
		t.Errorf("the names are out of step with the constants: %s", got)
	}
}

func TestDropErrorSaysWhatWasExpected(t *testing.T) {
	for _, tc := range []struct {
		err  vrrp.DropError
		want string
	}{
		{vrrp.DropError{Reason: vrrp.DropTTL, Got: 64, Want: 255}, "drop advert: ttl 64, want 255"},
		{vrrp.DropError{Reason: vrrp.DropChecksum}, "drop advert: checksum"},
	} {
		if got := tc.err.Error(); got != tc.want {
			t.Errorf("got %q, want %q", got, tc.want)
		}
	}
}
