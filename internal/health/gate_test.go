package health

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// observeAll feeds results, one letter each: g good, b bad, l local. It returns
// the verdict after each as one letter: . pending, U up, D down.
func observeAll(g *Gate, results string) string {
	letters := map[byte]Result{'g': good("ok"), 'b': bad(ReasonRefused, "refused"), 'l': local(ReasonLocal, "local")}
	verdicts := map[Verdict]byte{Pending: '.', Up: 'U', Down: 'D'}
	var got []byte
	for i := range len(results) {
		v, _ := g.Observe(letters[results[i]], time.Unix(int64(i), 0))
		got = append(got, verdicts[v])
	}
	return string(got)
}

func TestGateFollowsRiseAndFall(t *testing.T) {
	for _, tt := range []struct {
		name          string
		cfg           GateConfig
		results, want string
	}{
		{"cold, first good is up at once", GateConfig{Rise: 3, Fall: 3}, "g", "U"},
		{"cold, first bad is down at once", GateConfig{Rise: 3, Fall: 3}, "b", "D"},
		{"fall bad ones in a row take out", GateConfig{Rise: 2, Fall: 3}, "gbbb", "UUUD"},
		{"a good one starts the count again", GateConfig{Rise: 2, Fall: 3}, "gbbgbbb", "UUUUUUD"},
		{"rise good ones in a row bring back", GateConfig{Rise: 2, Fall: 3}, "bgg", "DDU"},
		{"a bad one starts the rise again", GateConfig{Rise: 2, Fall: 3}, "bgbgg", "DDDDU"},
		{"warm, one good is up", GateConfig{Rise: 3, Fall: 2, Warm: true}, "g", "U"},
		{"warm, stands until fall bad ones", GateConfig{Rise: 3, Fall: 3, Warm: true}, "bbb", "..D"},
		{"warm, good after bad is up", GateConfig{Rise: 3, Fall: 3, Warm: true}, "bbg", "..U"},
		{"local counts for nothing", GateConfig{Rise: 1, Fall: 2}, "lgblblll", ".UUUDDDD"},
		{"local does not break a row", GateConfig{Rise: 2, Fall: 2}, "bglg", "DDDU"},
		{"zero counts as one", GateConfig{}, "gbg", "UDU"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, observeAll(NewGate(tt.cfg), tt.results)); diff != "" {
				t.Errorf("verdicts after %q (-want +got):\n%s", tt.results, diff)
			}
		})
	}
}

func TestGateShowsChangeUnderWay(t *testing.T) {
	g := NewGate(GateConfig{Rise: 2, Fall: 3})
	for i, want := range []bool{false, true, true, false, true, false} {
		observeAll(g, "gbbbgg"[i:i+1])
		if got := g.Changing(); got != want {
			t.Errorf("Changing after result %d is %v, want %v", i, got, want)
		}
	}
}

func TestGateTellsSinceWhenAndHowOften(t *testing.T) {
	g := NewGate(GateConfig{Rise: 2, Fall: 2})
	if !g.Since().IsZero() {
		t.Errorf("a pending gate has Since %v, want zero", g.Since())
	}
	observeAll(g, "gbbgglg") // up at 0, down at 2, up at 4
	if got, want := g.Since(), time.Unix(4, 0); !got.Equal(want) {
		t.Errorf("Since is %v, want %v", got, want)
	}
	if got := g.Flaps(); got != 2 {
		t.Errorf("Flaps is %d, want 2: the first verdict is none", got)
	}
}

// model judges from the whole list of results since the last verdict.
type model struct {
	cfg     GateConfig
	verdict Verdict
	since   []bool
}

func (m *model) observe(r Result) Verdict {
	if r.Local {
		return m.verdict
	}
	m.since = append(m.since, r.OK)
	allLast := func(n int, ok bool) bool {
		return len(m.since) >= n && !slices.Contains(m.since[len(m.since)-n:], !ok)
	}
	to := m.verdict
	switch m.verdict {
	case Pending:
		if r.OK {
			to = Up
		} else if !m.cfg.Warm || allLast(m.cfg.Fall, false) {
			to = Down
		}
	case Up:
		if allLast(m.cfg.Fall, false) {
			to = Down
		}
	case Down:
		if allLast(m.cfg.Rise, true) {
			to = Up
		}
	}
	if to != m.verdict {
		m.verdict, m.since = to, nil
	}
	return to
}

func TestGateEqualsModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := GateConfig{
			Rise: rapid.IntRange(1, 5).Draw(t, "rise"),
			Fall: rapid.IntRange(1, 5).Draw(t, "fall"),
			Warm: rapid.Bool().Draw(t, "warm"),
		}
		g, m := NewGate(cfg), &model{cfg: cfg}
		for i, r := range rapid.SliceOf(rapid.SampledFrom([]Result{
			good("ok"), good("ok"), bad(ReasonReset, "reset"), bad(ReasonReset, "reset"), local(ReasonLocal, "local"),
		})).Draw(t, "results") {
			before := g.Verdict()
			got, changed := g.Observe(r, time.Unix(int64(i), 0))
			if want := m.observe(r); got != want {
				t.Fatalf("verdict after result %d is %v, want %v", i, got, want)
			}
			if changed != (got != before) || got != g.Verdict() {
				t.Fatalf("result %d: changed is %v from %v to %v", i, changed, before, got)
			}
			if g.Changing() && changed {
				t.Fatalf("result %d: still changing just after a change", i)
			}
		}
	})
}

func TestCombine(t *testing.T) {
	for _, tt := range []struct {
		require  Require
		verdicts []Verdict
		want     Verdict
	}{
		{All, nil, Up},
		{Any, nil, Up},
		{All, []Verdict{Up, Up}, Up},
		{All, []Verdict{Up, Down}, Down},
		{All, []Verdict{Up, Pending}, Pending},
		{All, []Verdict{Pending, Down}, Down},
		{Any, []Verdict{Down, Up}, Up},
		{Any, []Verdict{Down, Down}, Down},
		{Any, []Verdict{Down, Pending}, Pending},
		{Any, []Verdict{Pending, Up}, Up},
		{Any, []Verdict{Pending}, Pending},
	} {
		if got := Combine(tt.require, tt.verdicts); got != tt.want {
			t.Errorf("Combine(%v, %v) is %v, want %v", tt.require, tt.verdicts, got, tt.want)
		}
	}
}

func TestEveryReasonHasItsOwnName(t *testing.T) {
	seen := map[string]bool{"": true, "invalid": true}
	for r := range reasonCount {
		if name := r.String(); seen[name] {
			t.Errorf("reason %d has the name %q, empty or taken", r, name)
		} else {
			seen[name] = true
		}
	}
}
