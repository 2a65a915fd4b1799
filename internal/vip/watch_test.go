package vip_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lbha/lbha/internal/vip"
	"github.com/lbha/lbha/internal/vip/viptest"
)

// watchRig runs a Watch over a pretended kernel and notes each change it tells.
type watchRig struct {
	*testing.T
	kernel  *viptest.Kernel
	monitor *countingMonitor
	watch   *vip.Watch
	begin   time.Time

	mu   sync.Mutex
	told []string
	log  strings.Builder
}

// Write takes the log.
func (r *watchRig) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.Write(b)
}

func (r *watchRig) logged(text string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Count(r.log.String(), text)
}

// taken returns what was told since the last call.
func (r *watchRig) taken() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	told := r.told
	r.told = nil
	return told
}

// countingMonitor counts how often the links are read, and can refuse to
// subscribe.
type countingMonitor struct {
	*viptest.Kernel
	reads  atomic.Int64
	refuse atomic.Pointer[error]
}

func (m *countingMonitor) refuseWith(err error) { m.refuse.Store(&err) }

func (m *countingMonitor) Links() (vip.Links, error) {
	m.reads.Add(1)
	return m.Kernel.Links()
}

func (m *countingMonitor) Subscribe(ctx context.Context) (<-chan struct{}, error) {
	if err := m.refuse.Load(); err != nil && *err != nil {
		return nil, *err
	}
	return m.Kernel.Subscribe(ctx)
}

func watching(t *testing.T, prepare func(*watchRig), f func(*watchRig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		k := viptest.New("eth0")
		r := &watchRig{T: t, kernel: k, monitor: &countingMonitor{Kernel: k}, begin: time.Now()}
		var err error
		r.watch, err = vip.NewWatch(vip.WatchOptions{Log: slog.New(slog.NewTextHandler(r, nil)), Monitor: r.monitor})
		if err != nil {
			t.Fatal(err)
		}
		if r.watch.Links() != nil {
			t.Error("links before the first look")
		}
		r.watch.OnChange(func() {
			links := r.watch.Links()
			var words []string
			for _, name := range slices.Sorted(maps.Keys(links)) {
				l := links[name]
				words = append(words, fmt.Sprintf("%s@%d up=%v oper=%v %d", name, l.Index, l.Up, l.OperUp, len(l.Addrs)))
			}
			r.mu.Lock()
			defer r.mu.Unlock()
			r.told = append(r.told, fmt.Sprintf("%d %s", time.Since(r.begin).Milliseconds(), strings.Join(words, ", ")))
		})
		if prepare != nil {
			prepare(r)
		}
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- r.watch.Run(ctx) }()
		synctest.Wait()
		f(r)
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run returned %v", err)
		}
	})
}

func (r *watchRig) heard(want ...string) {
	r.Helper()
	if diff := cmp.Diff(want, r.taken()); diff != "" {
		r.Errorf("changes (-want +got):\n%s", diff)
	}
}

func TestWatchTellsEachChangeOfLinksAtOnce(t *testing.T) {
	watching(t, nil, func(r *watchRig) {
		r.heard("0 eth0@2 up=true oper=true 0")
		for _, act := range []func(){
			func() { r.kernel.SetLink("eth0", true, false) },
			func() { r.kernel.SetLink("eth0", false, false) },
			func() { r.kernel.RemoveLink("eth0") },
			func() { r.kernel.AddLink("eth0") },
			func() { _ = r.kernel.AdminAdd("192.0.2.1/24", "eth0", 0) },
			func() { _ = r.kernel.AdminDelete("192.0.2.1/24", "eth0") },
		} {
			time.Sleep(100 * time.Millisecond)
			act()
			synctest.Wait()
		}
		r.heard(
			"100 eth0@2 up=true oper=false 0",
			"200 eth0@2 up=false oper=false 0",
			"300 ",
			"400 eth0@3 up=true oper=true 0",
			"500 eth0@3 up=true oper=true 1",
			"600 eth0@3 up=true oper=true 0",
		)
	})
}

func TestWatchDoesNotTellARenewal(t *testing.T) {
	watching(t, func(r *watchRig) { _ = r.kernel.AdminAdd("192.0.2.1/24", "eth0", 4*second) }, func(r *watchRig) {
		r.taken()
		time.Sleep(second)
		_ = r.kernel.AdminAdd("192.0.2.1/24", "eth0", 4*second)
		synctest.Wait()
		r.heard()
	})
}

// Added and taken away between two looks: nothing is new, but who wants it
// there has to know.
func TestWatchTellsAnEventThatLeftNoTrace(t *testing.T) {
	watching(t, nil, func(r *watchRig) {
		r.heard("0 eth0@2 up=true oper=true 0")
		time.Sleep(100 * time.Millisecond)
		_ = r.kernel.AdminAdd("192.0.2.1/24", "eth0", 0)
		_ = r.kernel.AdminDelete("192.0.2.1/24", "eth0")
		synctest.Wait()
		if got := r.taken(); len(got) == 0 || got[len(got)-1] != "100 eth0@2 up=true oper=true 0" {
			r.Errorf("told %q", got)
		}
	})
}

func TestWatchReadsSeldomInAStorm(t *testing.T) {
	watching(t, nil, func(r *watchRig) {
		r.monitor.reads.Store(0)
		time.Sleep(100 * time.Millisecond)
		for i := range 1000 {
			r.kernel.SetLink("eth0", true, i%2 == 0)
			time.Sleep(50 * time.Microsecond)
			synctest.Wait()
		}
		if got := r.monitor.reads.Load(); got > 11 { // 50 ms at one in 5 ms
			r.Errorf("read %d times in 50 ms", got)
		}
		time.Sleep(10 * time.Millisecond)
		if r.watch.Links()["eth0"].OperUp {
			r.Error("the last event of the storm was missed")
		}
	})
}

func TestWatchFindsWhatNoEventTold(t *testing.T) {
	watching(t, func(r *watchRig) { _ = r.kernel.AdminAdd("192.0.2.1/24", "eth0", 4*second) }, func(r *watchRig) {
		r.taken()
		time.Sleep(10100 * time.Millisecond) // its lifetime ran out without a word
		// The pretended kernel finds the end of a lifetime only when it is asked,
		// and its word about it comes after the slow timer's look.
		r.heard("10005 eth0@2 up=true oper=true 0", "10010 eth0@2 up=true oper=true 0")
	})
}

func TestWatchStartsOverWhenItsSubscriptionBreaks(t *testing.T) {
	watching(t, nil, func(r *watchRig) {
		r.taken()
		time.Sleep(100 * time.Millisecond)
		r.kernel.BreakSubscriptions()
		time.Sleep(time.Millisecond)
		r.kernel.AddLink("eth1") // while nobody listens
		time.Sleep(100 * time.Millisecond)
		r.kernel.AddLink("eth2")
		synctest.Wait()
		r.heard(
			"105 eth0@2 up=true oper=true 0, eth1@3 up=true oper=true 0",
			"201 eth0@2 up=true oper=true 0, eth1@3 up=true oper=true 0, eth2@4 up=true oper=true 0",
		)
	})
}

func TestWatchReadsOnWhileItMayNotSubscribe(t *testing.T) {
	watching(t, func(r *watchRig) { r.monitor.refuseWith(errors.New("no buffer space")) }, func(r *watchRig) {
		r.heard("0 eth0@2 up=true oper=true 0")
		time.Sleep(1500 * time.Millisecond)
		r.kernel.AddLink("eth1")
		time.Sleep(second)
		r.heard("2000 eth0@2 up=true oper=true 0, eth1@3 up=true oper=true 0")
		if got := r.logged("no buffer space"); got != 1 {
			r.Errorf("said %d times, want once", got)
		}
		r.monitor.refuseWith(nil)
		time.Sleep(second)
		r.monitor.refuseWith(errors.New("no buffer space"))
		r.kernel.BreakSubscriptions()
		time.Sleep(second)
		if got := r.logged("no buffer space"); got != 2 {
			r.Errorf("said %d times, want once more after it had worked", got)
		}
	})
}

func TestWatchKeepsTheLastViewWhenNothingCanBeRead(t *testing.T) {
	watching(t, nil, func(r *watchRig) {
		r.taken()
		r.kernel.Change(func() { r.kernel.ListError = errTest })
		r.kernel.AddLink("eth1")
		time.Sleep(3 * second)
		if got := len(r.watch.Links()); got != 1 {
			r.Errorf("%d links, want the one of the last view", got)
		}
		if got := r.logged("cannot watch links"); got != 1 {
			r.Errorf("said %d times, want once", got)
		}
		r.kernel.Change(func() { r.kernel.ListError = nil })
		time.Sleep(second)
		if got := r.taken(); len(got) != 1 {
			r.Errorf("told %q", got)
		}
	})
}
