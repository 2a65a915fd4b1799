package health

import (
	"context"
	"log/slog"
	"time"
)

// What keeps the first start of ten thousand checks from eating up the deadlines
// of its own probes: the loop starts a batch, then looks at results and lets
// others run; and with rush probes under way it starts a batch a breather. Where
// servers answer, the answers so set the pace. Where none does, that is 16,000
// probes a second, so that nobody's check is late because others hang.
const (
	launchBatch = 64
	rush        = 512
	breather    = 4 * time.Millisecond
)

// loop is the scheduler: everything in it belongs to the goroutine of Run.
type loop struct {
	*Checker
	ctx     context.Context
	epoch   time.Time     // the durations below count from here
	due     taskHeap      // tasks that wait for their next probe
	watched taskHeap      // tasks whose probe is under way, by when it has to be back
	flying  int           // probes under way, also those of removed checks and hung ones
	full    bool          // MaxInFlight was reached and said
	pause   time.Duration // no probe starts before this with rush of them under way
	results chan outcome
	gone    chan struct{} // closed when nobody reads results any more
}

// outcome is what a probe's goroutine sends.
type outcome struct {
	task   *task
	result Result
	stack  []byte // of a panic
}

func newLoop(ctx context.Context, c *Checker) *loop {
	return &loop{
		Checker: c,
		ctx:     ctx,
		epoch:   time.Now(),
		results: make(chan outcome, launchBatch),
		gone:    make(chan struct{}),
	}
}

func (l *loop) now() time.Duration { return time.Since(l.epoch) }

func (l *loop) run() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	armed := time.Duration(-1) // what timer is set to, below 0: it has fired
	for {
		now := l.now()
		l.expire(now)
		l.launch(now)
		if at, ok := l.next(); ok && at != armed {
			timer.Reset(at - l.now())
			armed = at
		}
		select {
		case <-l.ctx.Done():
			l.stop()
			return
		case <-l.wake:
			if want, ok := l.take(); ok {
				l.apply(want)
			}
		case o := <-l.results:
			l.finish(o)
			for range len(l.results) {
				l.finish(<-l.results)
			}
		case <-timer.C:
			armed = -1
		}
	}
}

// next returns when the loop has something to do by itself.
func (l *loop) next() (time.Duration, bool) {
	at, ok := l.watched.next()
	due, waiting := l.due.next()
	if l.flying >= rush {
		due = max(due, l.pause)
	}
	if waiting && l.flying < l.opt.MaxInFlight && (!ok || due < at) {
		return due, true
	}
	return at, ok
}

// apply makes the tasks those of want.
func (l *loop) apply(want []Check) {
	have := *l.tasks.Load()
	tasks := make(map[Key]*task, len(want))
	for _, check := range want {
		check = check.withDefaults()
		if t := tasks[check.Key]; t != nil && t != have[check.Key] {
			l.remove(t)
		}
		if t := have[check.Key]; t != nil && t.check.same(check) {
			tasks[check.Key] = t
			continue
		}
		t := newTask(l.ctx, check, time.Now())
		tasks[check.Key] = t
		l.due.push(t, l.now())
	}
	for key, t := range have {
		if tasks[key] != t {
			l.remove(t)
		}
	}
	l.tasks.Store(&tasks)
}

// remove takes a task off all schedules. A probe under way still reports, and
// finish will ignore it.
func (l *loop) remove(t *task) {
	t.removed = true
	t.cancel()
	t.leave()
}

// launch starts probes that are due, at most a batch of them.
func (l *loop) launch(now time.Duration) {
	if l.flying >= rush && now < l.pause {
		return
	}
	for range launchBatch {
		if l.flying >= l.opt.MaxInFlight {
			l.sayFull()
			return
		}
		t := l.due.popDue(now)
		if t == nil {
			return
		}
		if t.hung {
			// Its goroutine is still out; a second one would make the leak worse.
			l.declareHung(t, now)
			continue
		}
		l.flying++
		t.start(l)
		l.watched.push(t, now+t.check.Timeout+grace)
	}
	l.pause = now + breather
}

func (l *loop) sayFull() {
	if _, waiting := l.due.next(); waiting && !l.full {
		l.full = true
		l.opt.Log.Warn("probes wait for others to end", "limit", l.opt.MaxInFlight)
	}
}

// expire declares the probes hung that should long have been back.
func (l *loop) expire(now time.Duration) {
	for {
		at, _ := l.watched.next()
		t := l.watched.popDue(now)
		if t == nil {
			return
		}
		began := time.Duration(t.began.Load())
		limit := began + t.check.Timeout + grace
		switch {
		case began < 0:
			l.watched.push(t, now+t.check.Timeout+grace) // its goroutine had no turn yet
		case now < limit:
			l.watched.push(t, limit)
		case now-at > grace:
			l.watched.push(t, now+grace) // this loop is late itself; the result may be waiting
		default:
			t.hung = true
			l.declareHung(t, now)
		}
	}
}

func (l *loop) declareHung(t *task, now time.Duration) {
	res := hung(t.check.Timeout, now-time.Duration(t.began.Load()), time.Now())
	l.observe(t, res)
	l.due.push(t, max(t.nextStart(now), now))
}

// finish takes in the result of a probe.
func (l *loop) finish(o outcome) {
	l.flying--
	t := o.task
	t.inFlight.Store(false)
	if o.stack != nil {
		l.opt.Log.Error("prober panicked", t.log(), "detail", o.result.Detail, "stack", string(o.stack))
	}
	if t.hung {
		t.hung = false // judged already, and in the due heap
		return
	}
	if t.removed {
		return
	}
	t.leave()
	l.observe(t, o.result)
	l.due.push(t, max(t.nextStart(time.Duration(t.began.Load())), l.now()))
}

// observe judges, publishes and tells.
func (l *loop) observe(t *task, r Result) {
	old := t.history.Load()
	_, changed := t.gate.Observe(r, r.At)
	t.publish(old, r)
	l.logResult(t, old, r, changed)
	if changed || old.Last.At.IsZero() {
		l.opt.Changed()
	}
}

func (l *loop) logResult(t *task, old *history, r Result, changed bool) {
	switch log := l.opt.Log; {
	case changed: // at Debug, as the director tells what it means for the server
		log.Debug("check's verdict changed", t.log(), "from", old.Verdict.String(), "to", t.gate.Verdict().String(),
			"reason", r.Reason.String(), "detail", r.Detail, "took", r.Took)
	case r.Local && !old.Last.Local:
		log.Warn("probe failed on this machine", t.log(), "reason", r.Reason.String(), "detail", r.Detail)
	case log.Enabled(l.ctx, slog.LevelDebug):
		log.Debug("probe ended", t.log(), "ok", r.OK, "reason", r.Reason.String(), "detail", r.Detail, "took", r.Took)
	}
}

// stop waits for the probes under way, but not for hung ones.
func (l *loop) stop() {
	defer close(l.gone)
	limit := time.NewTimer(grace)
	defer limit.Stop()
	for l.flying > 0 {
		select {
		case o := <-l.results:
			l.flying--
			o.task.inFlight.Store(false)
		case <-limit.C:
			l.opt.Log.Warn("probes have not returned", "count", l.flying)
			return
		}
	}
}
