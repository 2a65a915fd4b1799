package ipvs_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/lbha/lbha/internal/ipvs"
	"github.com/lbha/lbha/internal/ipvs/ipvstest"
)

// All states in random order, while operations fail, dumps lose servers and
// another program edits our services. Whatever happened: when it stops, the
// kernel has what is wanted, the ledger says so, and what is foreign was never
// touched.
func TestReconcilerConvergesWhateverHappened(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		// Drawn before the bubble: it has a clock of its own.
		script := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) chaosStep {
			return chaosStep{
				want:  genTable().Draw(t, "want"),
				edit:  genTable().Draw(t, "edit"),
				fault: rapid.SampledFrom(faults).Draw(t, "fault"),
				every: rapid.IntRange(1, 4).Draw(t, "every"),
				skip:  rapid.IntRange(0, 3).Draw(t, "skip"),
				pause: time.Duration(rapid.IntRange(0, 3000).Draw(t, "pause")) * time.Millisecond,
			}
		}), 1, 5).Draw(rt, "script")
		synctest.Test(t, func(t *testing.T) { playChaos(t, script) })
		if t.Failed() {
			rt.FailNow()
		}
	})
}

type chaosStep struct {
	want, edit ipvs.Table
	fault      error
	every      int // nth operation that fails
	skip       int
	pause      time.Duration
}

var faults = []error{nil, errors.New("no memory"), ipvs.ErrTimeout, ipvs.ErrNoIPVS, ipvs.ErrExists, ipvs.ErrNotFound}

func playChaos(t *testing.T, script []chaosStep) {
	r := start(t, kernelWith(foreign))
	for _, s := range script {
		n := 0
		r.kernel.FailOps(func(op ipvs.Op) error {
			if op.Key == other {
				t.Errorf("touched a foreign service: %s", op)
			}
			if n++; n%s.every == 0 {
				return s.fault
			}
			return nil
		})
		r.kernel.Skip(one, s.skip)
		r.Set(s.want)
		time.Sleep(s.pause)
		r.kernel.Edit(func(table ipvs.Table) {
			for key := range table {
				if svc, ok := s.edit[key]; ok {
					table[key] = svc
				} else if key != other && len(s.edit)%2 == 0 {
					delete(table, key)
				}
			}
		})
	}
	r.kernel.FailOps(nil)
	r.kernel.Skip(one, 0)
	// What the last edit did is found by the next resync, what failed is tried
	// again within the longest pause.
	time.Sleep(6 * time.Second)
	last := script[len(script)-1].want
	r.want(last)
	expect := ipvstest.Clone(last)
	expect[other] = foreign[other]
	r.expectKernel(ipvstest.Text(expect))
	if owned := r.ledger.Services(); len(owned) != len(last) {
		t.Errorf("ledger has %q, want %d services", owned, len(last))
	}
	if s := r.Status(); s.Err != nil || len(s.Failures) != 0 || len(s.Have) != len(last) {
		t.Errorf("status: %v, %v, %d services", s.Err, s.Failures, len(s.Have))
	}
	r.stop()
}
