package vip_test

import (
	"context"
	"fmt"
	"log/slog"
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

// rig is a Reconciler over a pretended kernel, in a bubble of virtual time.
type rig struct {
	t       *testing.T
	kernel  *viptest.Kernel
	ledger  *viptest.Ledger
	rec     *vip.Reconciler
	begin   time.Time
	changes atomic.Int64
	stop    context.CancelFunc
	ended   chan error

	mu      sync.Mutex // a bubble orders events in time, but not for the race detector
	trace   []string   // each operation tried, with its time in milliseconds
	present []string   // each call of Present
	log     strings.Builder
}

// Write takes the log.
func (r *rig) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.Write(b)
}

// inBubble runs f with a rig whose Reconciler runs already.
func inBubble(t *testing.T, f func(*rig), links ...string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, links...)
		r.run()
		f(r)
		r.end()
	})
}

func newRig(t *testing.T, links ...string) *rig {
	if len(links) == 0 {
		links = []string{"eth0", "eth1"}
	}
	r := &rig{t: t, kernel: viptest.New(links...), ledger: &viptest.Ledger{}, begin: time.Now(), ended: make(chan error, 1)}
	r.kernel.Fail = func(op vip.Op) error { r.note(op); return nil }
	r.rec = vip.NewReconciler(r.kernel, r.ledger, vip.Options{
		Log: slog.New(slog.NewTextHandler(r, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}})),
		Present: func(list []vip.Placed) {
			var words []string
			for _, p := range list {
				words = append(words, fmt.Sprintf("%s@%d", p.Prefix, p.LinkIndex))
			}
			r.mu.Lock()
			defer r.mu.Unlock()
			r.present = append(r.present, fmt.Sprintf("%d %s", r.now(), strings.Join(words, " ")))
		},
		Changed: func() { r.changes.Add(1) },
	})
	return r
}

func (r *rig) run() {
	ctx, cancel := context.WithCancel(context.Background())
	r.stop = cancel
	go func() { r.ended <- r.rec.Run(ctx) }()
	synctest.Wait()
}

func (r *rig) end() {
	r.stop()
	if err := <-r.ended; err != nil {
		r.t.Errorf("Run returned %v", err)
	}
}

func (r *rig) now() int64 { return time.Since(r.begin).Milliseconds() }

func (r *rig) note(op vip.Op) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.trace = append(r.trace, fmt.Sprintf("%d %s", r.now(), op))
}

// take returns what was noted in list, and empties it.
func (r *rig) take(list *[]string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	taken := *list
	*list = nil
	return taken
}

// forget starts the notes anew.
func (r *rig) forget() {
	r.take(&r.trace)
	r.take(&r.present)
	r.changes.Store(0)
}

// failWith makes the operations fail for which fail says so; they are noted
// all the same.
func (r *rig) failWith(fail func(vip.Op) error) {
	r.kernel.Change(func() {
		r.kernel.Fail = func(op vip.Op) error { r.note(op); return fail(op) }
	})
}

func (r *rig) listFails(err error) { r.kernel.Change(func() { r.kernel.ListError = err }) }

// want sets present addresses with one lease and lets the Reconciler act.
func (r *rig) want(lease time.Duration, list ...string) {
	r.set(vip.Want{Present: specs(lease, list...)})
}

func (r *rig) set(w vip.Want) {
	r.rec.Set(w)
	synctest.Wait()
}

// pass lets time go by, not quite to the end of d so that what is due then is
// still to come.
func (r *rig) pass(d time.Duration) {
	time.Sleep(d - time.Microsecond)
	synctest.Wait()
}

func (r *rig) admin(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// tried compares and forgets what was tried since the last call.
func (r *rig) tried(want ...string) {
	r.t.Helper()
	if diff := cmp.Diff(want, r.take(&r.trace)); diff != "" {
		r.t.Errorf("operations (-want +got):\n%s", diff)
	}
}

// told compares and forgets the calls of Present.
func (r *rig) told(want ...string) {
	r.t.Helper()
	if diff := cmp.Diff(want, r.take(&r.present)); diff != "" {
		r.t.Errorf("calls of Present (-want +got):\n%s", diff)
	}
}

func (r *rig) claimed(want ...string) {
	r.t.Helper()
	var got []string
	for _, c := range r.ledger.Addresses() {
		got = append(got, c[0]+" dev "+c[1])
	}
	if diff := cmp.Diff(want, got); diff != "" {
		r.t.Errorf("claims (-want +got):\n%s", diff)
	}
}

func (r *rig) machine(want string) {
	r.t.Helper()
	if diff := cmp.Diff(want, r.kernel.String()); diff != "" {
		r.t.Errorf("kernel (-want +got):\n%s", diff)
	}
}

// problems compares the problems as "kind address: reason".
func (r *rig) problems(want ...string) {
	r.t.Helper()
	var got []string
	for _, p := range r.rec.Status().Problems {
		got = append(got, fmt.Sprintf("%s %s: %s", p.Kind, p.Address, p.Reason))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		r.t.Errorf("problems (-want +got):\n%s", diff)
	}
}

func (r *rig) drift(want vip.Drift) {
	r.t.Helper()
	if diff := cmp.Diff(want, r.rec.Status().Drift); diff != "" {
		r.t.Errorf("drift (-want +got):\n%s", diff)
	}
}

// logged counts lines of the log that contain text.
func (r *rig) logged(text string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	lines := strings.Split(r.log.String(), "\n")
	return len(slices.DeleteFunc(lines, func(l string) bool { return !strings.Contains(l, text) }))
}

func specs(lease time.Duration, list ...string) map[vip.Address]vip.Spec {
	m := map[vip.Address]vip.Spec{}
	for _, a := range set(list...) {
		m[a] = vip.Spec{Lease: lease}
	}
	return m
}

func hold(list ...string) map[vip.Address]bool {
	m := map[vip.Address]bool{}
	for _, a := range set(list...) {
		m[a] = true
	}
	return m
}

// set reads "192.0.2.1/24 dev eth0"; eth0 may be left out.
func set(list ...string) []vip.Address {
	var out []vip.Address
	for _, text := range list {
		prefix, link, ok := strings.Cut(text, " dev ")
		if !ok {
			link = "eth0"
		}
		out = append(out, viptest.At(prefix, link))
	}
	return out
}
