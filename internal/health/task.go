package health

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"
)

// task is one check on a loop's schedule. The loop owns it, but for the fields
// of package atomic. Durations count from the loop's epoch.
type task struct {
	check   Check
	phase   time.Duration
	gate    *Gate
	ctx     context.Context // ends with the check
	cancel  context.CancelFunc
	hung    bool // a probe was declared hung and has not returned since
	removed bool // no longer one of the checks

	heap  *taskHeap // where it is, nil if nowhere
	at    time.Duration
	index int

	began    atomic.Int64 // when the last probe began, -1 while its goroutine waits for its turn
	inFlight atomic.Bool
	history  atomic.Pointer[history]
}

func newTask(ctx context.Context, check Check, now time.Time) *task {
	t := &task{
		check: check,
		phase: check.phase(),
		gate:  NewGate(GateConfig{Rise: check.Rise, Fall: check.Fall, Warm: check.Warm}),
	}
	t.ctx, t.cancel = context.WithCancel(ctx)
	t.history.Store(&history{CheckStatus: CheckStatus{Verdict: Pending, Since: now}})
	return t
}

// start runs one probe in a goroutine of its own. Its deadline counts from when
// that has its turn, not from now.
func (t *task) start(l *loop) {
	t.began.Store(-1)
	t.inFlight.Store(true)
	go func() {
		t.began.Store(int64(l.now()))
		probe(t.ctx, t.check.Prober, t.check.Timeout, func(res Result, stack []byte) {
			select {
			case l.results <- outcome{t, res, stack}:
			case <-l.gone:
			}
		})
	}()
}

// nextStart returns when the next probe should begin after one that began at the given time.
func (t *task) nextStart(began time.Duration) time.Duration {
	if t.gate.Changing() {
		return began + t.check.FastInterval
	}
	return nextPlace(began, t.phase, t.check.Interval)
}

// publish shows the gate's state and the newest result.
func (t *task) publish(old *history, r Result) {
	next := old.with(r)
	if since := t.gate.Since(); !since.IsZero() {
		next.Since = since
	}
	next.Verdict, next.Flaps, next.Changing = t.gate.Verdict(), t.gate.Flaps(), t.gate.Changing()
	t.history.Store(next)
}

func (t *task) log() slog.Attr {
	return slog.GroupAttrs("", slog.String("service", t.check.Service),
		slog.String("server", t.check.Server), slog.String("check", t.check.Check))
}
