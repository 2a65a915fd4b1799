package health

import (
	"context"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestPanicIsALocalResultAndChecksGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newFake(func(_ context.Context, n int) Result {
			switch n {
			case 1:
				panic("out of cheese")
			case 2:
				runtime.Goexit()
			}
			return good("fine")
		})
		c, stop := run(Options{}, check(p))
		defer stop()
		var details []string
		for len(p.began()) < 4 {
			time.Sleep(2 * time.Second)
			synctest.Wait()
			s := c.Status()[webKey]
			details = append(details, s.Verdict.String()+": "+s.Last.Detail)
			if s.Last.Local != (len(p.began()) == 2 || len(p.began()) == 3) {
				t.Errorf("result %d has local=%v", len(p.began()), s.Last.Local)
			}
		}
		want := []string{"up: the prober panicked: out of cheese", "up: the prober panicked: <nil>", "up: fine"}
		if diff := cmp.Diff(want, details); diff != "" {
			t.Errorf("verdict and result after each (-want +got):\n%s", diff)
		}
	})
}

func TestHungProbeIsDeclaredFailedAndNotDoubled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		p := newFake(func(_ context.Context, n int) Result {
			if n == 1 {
				<-release
			}
			return good("fine")
		})
		c, stop := run(Options{}, check(p))
		defer stop()
		time.Sleep(2 * time.Second)
		synctest.Wait()
		hungSince := p.began()[1]
		time.Sleep(hungSince + time.Second + grace - 2*time.Second)
		synctest.Wait()
		s := c.Status()[webKey]
		wantResult(t, s.Last, ReasonTimeout, "timeout after 1s: the probe has not returned for 1.25s", false)
		if !s.Changing || !s.InFlight {
			t.Errorf("status is %+v, want changing, with the probe still under way", s)
		}

		time.Sleep(5 * time.Second)
		synctest.Wait()
		s = c.Status()[webKey]
		if s.Verdict != Down || len(p.began()) != 2 {
			t.Errorf("verdict is %v after %d probes, want down and no further probe beside the hung one", s.Verdict, len(p.began()))
		}

		close(release)
		synctest.Wait()
		if s = c.Status()[webKey]; s.Last.OK || s.InFlight {
			t.Errorf("the late result of the hung probe was taken: %+v", s)
		}
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if s = c.Status()[webKey]; s.Verdict != Up {
			t.Errorf("verdict is %v, want up again", s.Verdict)
		}
	})
}

func TestRunReturnsInSpiteOfAHungProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		_, stop := run(Options{}, check(newFake(func(context.Context, int) Result {
			<-release
			return good("fine")
		})))
		begin := time.Now()
		stop()
		if took := time.Since(begin); took != grace {
			t.Errorf("Run ended %v after its context, want %v", took, grace)
		}
		close(release) // its goroutine must end now, or the bubble does not
	})
}

func TestRunCallsOffWhatIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, stop := run(Options{}, check(patient()))
		begin := time.Now()
		stop()
		if took := time.Since(begin); took != 0 {
			t.Errorf("Run ended %v after its context, want at once", took)
		}
		if s := c.Status()[webKey]; s.InFlight || !s.Last.At.IsZero() {
			t.Errorf("status after the end is %+v, want no result of what was called off", s)
		}
	})
}

// A goroutine that had no turn yet has not used up any of its deadline.
func TestProbeThatHasNotBegunIsNotHung(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		l := newLoop(ctx, NewChecker(Options{}))
		waiting := newTask(ctx, check(passing()).withDefaults(), time.Now())
		waiting.began.Store(-1)
		l.watched.push(waiting, time.Second+grace)
		l.expire(time.Second + grace)
		if at, ok := l.watched.next(); waiting.hung || !ok || at != 2*(time.Second+grace) {
			t.Errorf("hung is %v and the next look at %v, want a second deadline", waiting.hung, at)
		}
	})
}

// A loop that was itself kept from running does not declare a probe hung at
// once: the result may be waiting in the channel.
func TestLateLoopLooksAgainBeforeItBlamesTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		l := newLoop(ctx, NewChecker(Options{}))
		out := newTask(ctx, check(passing()).withDefaults(), time.Now())
		l.watched.push(out, time.Second+grace)
		const late = 5 * time.Second
		l.expire(late)
		if at, ok := l.watched.next(); out.hung || !ok || at != late+grace {
			t.Errorf("hung is %v and the next look at %v, want a look %v later", out.hung, at, grace)
		}
		l.expire(late + grace)
		if !out.hung {
			t.Errorf("the probe is not declared hung at the second look, which was in time")
		}
	})
}

func TestFailureLongAfterTheDeadlineIsOurOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		late := proberFunc(func(ctx context.Context) Result {
			time.Sleep(5 * time.Second) // as if stopped by a signal
			return expired(ctx, "connected, no response")
		})
		wantResult(t, probeWithin(t, late, time.Second), ReasonStalled,
			"this process was not scheduled: a deadline of 1s was noticed after 5s (timeout after 1s: connected, no response)", true)
	})
}

func TestRunOnceAnswersInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var checks []Check
		for i, wait := range []time.Duration{3, 1, 2, 100} {
			check := check(proberFunc(func(ctx context.Context) Result {
				select {
				case <-ctx.Done():
					return expired(ctx, "silence")
				case <-time.After(wait * 100 * time.Millisecond):
					return good("fine")
				}
			}))
			check.Server = string(rune('a' + i))
			checks = append(checks, check)
		}
		begin := time.Now()
		var got []string
		for _, o := range RunOnce(context.Background(), checks, 2) {
			got = append(got, o.Key.Server+" "+o.Result.Reason.String()+" "+o.Result.Took.String())
		}
		if diff := cmp.Diff([]string{"a ok 300ms", "b ok 100ms", "c ok 200ms", "d timeout 1s"}, got); diff != "" {
			t.Errorf("outcomes (-want +got):\n%s", diff)
		}
		if took := time.Since(begin); took != 1300*time.Millisecond {
			t.Errorf("took %v, want 1.3s with two at a time", took)
		}
	})
}

func TestRunOnceStopsWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		deaf := check(proberFunc(func(context.Context) Result { <-release; return good("late") }))
		got := RunOnce(context.Background(), []Check{deaf}, 1)
		wantResult(t, got[0].Result, ReasonTimeout, "timeout after 1s: the probe has not returned for 1.25s", false)

		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		for _, o := range RunOnce(ctx, []Check{check(patient()), deaf}, 1) {
			if o.Result.Reason != ReasonCanceled || !strings.HasPrefix(o.Result.Detail, "called off") {
				t.Errorf("result is %v %q, want it called off", o.Result.Reason, o.Result.Detail)
			}
		}
	})
}
