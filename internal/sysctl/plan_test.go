package sysctl

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const forward = "net.ipv4.ip_forward"

func TestPlan(t *testing.T) {
	on := []Setting{{Key: forward, Value: "1", Why: "nat"}}
	for _, tt := range []struct {
		name   string
		have   map[string]string
		want   []Setting
		ledger []Saved
		ops    []Op
	}{
		{
			name: "a value that is right already is not claimed",
			have: map[string]string{forward: "1"}, want: on,
		}, {
			name: "a different value is claimed and set",
			have: map[string]string{forward: "0"}, want: on,
			ops: []Op{{Action: Set, Key: forward, Have: "0", Value: "1", Original: "0", Why: "nat"}},
		}, {
			name: "our own value from an earlier life stays",
			have: map[string]string{forward: "1"}, want: on, ledger: []Saved{{forward, "0", "1"}},
		}, {
			name: "the first original survives a change behind our back",
			have: map[string]string{forward: "2"}, want: on, ledger: []Saved{{forward, "0", "1"}},
			ops: []Op{{Action: Set, Key: forward, Have: "2", Value: "1", Original: "0", Why: "nat"}},
		}, {
			name: "another wanted value than in the earlier life keeps the original",
			have: map[string]string{forward: "3"}, want: on, ledger: []Saved{{forward, "7", "3"}},
			ops: []Op{{Action: Set, Key: forward, Have: "3", Value: "1", Original: "7", Why: "nat"}},
		}, {
			name: "what nobody wants any more is put back",
			have: map[string]string{forward: "1"}, ledger: []Saved{{forward, "0", "1"}},
			ops: []Op{{Action: PutBack, Key: forward, Have: "1", Value: "0", Original: "0"}},
		}, {
			name: "what somebody else changed is left",
			have: map[string]string{forward: "2"}, ledger: []Saved{{forward, "0", "1"}},
			ops: []Op{{Action: Leave, Key: forward, Have: "2", Value: "1", Original: "0"}},
		}, {
			name:   "what is gone is forgotten",
			ledger: []Saved{{forward, "0", "1"}},
			ops:    []Op{{Action: Leave, Key: forward, Value: "1", Original: "0"}},
		}, {
			name: "what cannot be read is not touched",
			want: on, ledger: []Saved{{forward, "0", "1"}},
		}, {
			name: "operations come sorted",
			have: map[string]string{"b": "0", "a": "1", "c": "0"},
			want: []Setting{{Key: "b", Value: "1"}, {Key: "c", Value: "1"}}, ledger: []Saved{{"a", "0", "1"}},
			ops: []Op{
				{Action: PutBack, Key: "a", Have: "1", Value: "0", Original: "0"},
				{Action: Set, Key: "b", Have: "0", Value: "1", Original: "0"},
				{Action: Set, Key: "c", Have: "0", Value: "1", Original: "0"},
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.ops, Plan(tt.have, tt.want, tt.ledger)); diff != "" {
				t.Errorf("Plan (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTidyMergesFormsOfAKeyAndReportsConflicts(t *testing.T) {
	got, err := tidy([]Setting{
		{Key: "net/ipv4/ip_forward", Value: "1\n", Why: "web"},
		{Key: "net.ipv4.ip_forward", Value: "1", Why: "mail"},
		{Key: "kernel.x", Value: "1", Why: "first"},
		{Key: "kernel.x", Value: "2", Why: "second"},
		{Key: "a/../b", Value: "1"},
	})
	want := []Setting{{Key: "kernel.x", Value: "1", Why: "first"}, {Key: forward, Value: "1", Why: "web; mail"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
	const wantErr = `set kernel.x: wanted as "1" (first) and as "2" (second)
set kernel setting: invalid key "a/../b": it must be names separated by dots, as in net.ipv4.ip_forward`
	if err == nil || err.Error() != wantErr {
		t.Errorf("error:\n%v\nwant:\n%s", err, wantErr)
	}
}
