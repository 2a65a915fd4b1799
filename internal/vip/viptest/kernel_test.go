package viptest

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lbha/lbha/internal/vip"
)

func TestPretendedKernelConforms(t *testing.T) {
	Conform(t, func(*testing.T) Machine {
		k := New("lab0")
		return Machine{Kernel: k, Promote: func(on bool) { k.PromoteSecondaries = on }}
	})
}

func TestLifetimesRunOutInOrderAndTakeSecondariesAlong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := New("eth0")
		for _, a := range []struct {
			prefix string
			lease  time.Duration
		}{
			{"192.0.2.1/24", 2 * time.Second},
			{"192.0.2.2/24", 0},
			{"198.51.100.1/24", 3 * time.Second},
			{"2001:db8::1/64", 4 * time.Second},
		} {
			if err := k.AdminAdd(a.prefix, "eth0", a.lease); err != nil {
				t.Fatal(err)
			}
		}
		want := "2 eth0 up\n" +
			"    192.0.2.1/24 valid_lft 2\n" +
			"    198.51.100.1/24 valid_lft 3\n" +
			"    2001:db8::1/64 valid_lft 4\n" +
			"    192.0.2.2/24 secondary\n"
		if diff := cmp.Diff(want, k.String()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		time.Sleep(1500 * time.Millisecond)
		have, err := k.List()
		if err != nil {
			t.Fatal(err)
		}
		if got := have[At("192.0.2.1/24", "eth0")].Remaining; got != time.Second {
			t.Errorf("half a second before its end %v remain, want 1s", got)
		}
		time.Sleep(500 * time.Millisecond)
		want = "2 eth0 up\n" +
			"    198.51.100.1/24 valid_lft 3\n" +
			"    2001:db8::1/64 valid_lft 4\n"
		if diff := cmp.Diff(want, k.String()); diff != "" {
			t.Errorf("at the end of the first (-want +got):\n%s", diff)
		}
	})
}

func TestALinkThatReturnsHasAnotherIndex(t *testing.T) {
	k := New("eth0", "eth1")
	if err := k.AdminAdd("192.0.2.1/24", "eth0", 0); err != nil {
		t.Fatal(err)
	}
	k.RemoveLink("eth0")
	k.SetLink("eth1", true, false)
	if got := k.AddLink("eth0"); got != 4 {
		t.Errorf("index is %d, want 4", got)
	}
	if diff := cmp.Diff("4 eth0 up\n3 eth1 up without carrier\n", k.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWithoutPrivilegeNothingChanges(t *testing.T) {
	k := New("eth0")
	k.Denied = true
	if err := k.Apply(vip.Op{Kind: vip.Add, Address: At("192.0.2.1/24", "eth0")}); err != vip.ErrPermission {
		t.Errorf("error is %v, want ErrPermission", err)
	}
	if diff := cmp.Diff([]string{"add 192.0.2.1/24 dev eth0: " + vip.ErrPermission.Error()}, k.Ops()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff("2 eth0 up\n", k.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
