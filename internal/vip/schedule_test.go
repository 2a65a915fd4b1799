package vip

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestLeaseIsDueAtEachThird(t *testing.T) {
	begin := time.Unix(1000, 0)
	a, b := addr("192.0.2.1/24 dev eth0"), addr("192.0.2.2/24 dev eth0")
	const ms = time.Millisecond
	for name, tt := range map[string]struct {
		at     time.Duration
		ours   map[Address]Spec
		grants map[Address]grant
		due    map[Address]bool
	}{
		"one moment before": {999 * ms, map[Address]Spec{a: {3 * second}}, map[Address]grant{a: {begin, 3 * second}}, map[Address]bool{}},
		"at its third":      {1000 * ms, map[Address]Spec{a: {3 * second}}, map[Address]grant{a: {begin, 3 * second}}, map[Address]bool{a: true}},
		"adopted":           {0, map[Address]Spec{a: {3 * second}}, nil, map[Address]bool{a: true}},
		"another lease":     {1 * ms, map[Address]Spec{a: {4 * second}}, map[Address]grant{a: {begin, 3 * second}}, map[Address]bool{a: true}},
		"was for ever":      {1 * ms, map[Address]Spec{a: {4 * second}}, map[Address]grant{a: {begin, 0}}, map[Address]bool{a: true}},
		"for ever":          {time.Hour, map[Address]Spec{a: {0}}, map[Address]grant{a: {begin, 0}}, map[Address]bool{}},
		"adopted for ever":  {0, map[Address]Spec{a: {0}}, nil, map[Address]bool{}},
		"half way comes along": {1000 * ms,
			map[Address]Spec{a: {3 * second}, b: {3 * second}},
			map[Address]grant{a: {begin, 3 * second}, b: {begin.Add(500 * ms), 3 * second}},
			map[Address]bool{a: true, b: true}},
		"fresh does not come along": {1000 * ms,
			map[Address]Spec{a: {3 * second}, b: {3 * second}},
			map[Address]grant{a: {begin, 3 * second}, b: {begin.Add(501 * ms), 3 * second}},
			map[Address]bool{a: true}},
		"half way alone waits": {900 * ms, map[Address]Spec{a: {3 * second}}, map[Address]grant{a: {begin, 3 * second}}, map[Address]bool{}},
	} {
		t.Run(name, func(t *testing.T) {
			got := leaseDue(begin.Add(tt.at), tt.ours, tt.grants)
			if diff := cmp.Diff(tt.due, got, compareAddress); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestRetriesFitIntoALease(t *testing.T) {
	for _, tt := range []struct {
		lease time.Duration
		want  []time.Duration // milliseconds
	}{
		{0, []time.Duration{50, 100, 200, 400, 800, 1000, 1000}},
		{4 * second, []time.Duration{50, 100, 200, 400, 500, 500}},
		{2 * second, []time.Duration{50, 100, 200, 250, 250}},
		{100 * time.Millisecond, []time.Duration{50, 50, 50}},
	} {
		var got []time.Duration
		for n := range tt.want {
			got = append(got, retryAfter(n+1, tt.lease)/time.Millisecond)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("lease %v (-want +got):\n%s", tt.lease, diff)
		}
	}
}

func TestOverslept(t *testing.T) {
	a, b := addr("192.0.2.1/24 dev eth0"), addr("192.0.2.2/24 dev eth0")
	grants := map[Address]grant{a: {lease: 0}, b: {lease: 2500 * time.Millisecond}}
	for pause, want := range map[time.Duration]bool{second: false, 3 * second: false, 3*second + 1: true} {
		if got := overslept(pause, grants); got != want {
			t.Errorf("%v: got %v, want %v", pause, got, want)
		}
	}
	if overslept(time.Hour, map[Address]grant{a: {lease: 0}}) {
		t.Error("what is for ever cannot be overslept")
	}
}
