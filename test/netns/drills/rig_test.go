//go:build lab

package drills

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lbha/lbha/test/netns"
)

// must fails the drill on an error.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually waits for something that can be seen.
func eventually(t *testing.T, what string, look func() error) {
	t.Helper()
	must(t, netns.Eventually(t.Context(), what, look))
}

// rig is a pair of directors with their file, and what runs on them.
type rig struct {
	*netns.Pair
	file    string
	daemons [2]*netns.Process // of Directors
}

// natRig is the network of configs/nat-pair.hcl with both web servers up and no
// director yet.
func natRig(t *testing.T) *rig {
	t.Helper()
	return newRig(t, netns.NewNATPair, "nat-pair.hcl")
}

// drRig is that of configs/dr-pair.hcl.
func drRig(t *testing.T) *rig {
	t.Helper()
	return newRig(t, netns.NewDRPair, "dr-pair.hcl")
}

func newRig(t *testing.T, build func(string) (*netns.Pair, error), file string) *rig {
	t.Helper()
	must(t, netns.RequireIPVS())
	path, err := filepath.Abs(filepath.Join("../../../configs", file))
	must(t, err)
	pair, err := build(t.TempDir())
	must(t, err)
	r := &rig{Pair: pair, file: path}
	t.Cleanup(func() {
		if t.Failed() {
			r.tell(t)
		}
		must(t, pair.Close())
	})
	must(t, pair.StartWebs(t.Context()))
	return r
}

// tell shows what the directors say of themselves.
func (r *rig) tell(t *testing.T) {
	for i, d := range r.daemons {
		if d != nil {
			t.Logf("log of %s:\n%s", r.Directors[i].Name, d.Log())
		}
	}
}

// calm gives the pair a file that bears a busy machine: no role moves because
// nothing ran for a third of a second, and no server goes because it answered
// late. Where a drill counts lost requests, only what it does may cost any.
func (r *rig) calm(t *testing.T) {
	t.Helper()
	r.edit(t, "advertisement_interval", "1s")
	r.edit(t, "interval", "2s")
	r.edit(t, "timeout", "2s")
}

// edit changes one value of the pair's file.
func (r *rig) edit(t *testing.T, key, to string) {
	t.Helper()
	text, err := os.ReadFile(r.file)
	must(t, err)
	line := regexp.MustCompile(`(?m)^( *` + key + ` *= *)".*"$`)
	if n := len(line.FindAll(text, -1)); n != 1 {
		t.Fatalf("%s is %d times in %s, want once", key, n, r.file)
	}
	r.file = filepath.Join(t.TempDir(), filepath.Base(r.file))
	must(t, os.WriteFile(r.file, line.ReplaceAll(text, []byte(`${1}"`+to+`"`)), 0o644))
}

// start starts the daemon of director i, again if it ran before.
func (r *rig) start(t *testing.T, i int) {
	t.Helper()
	var err error
	r.daemons[i], err = r.Directors[i].StartDirector(r.file)
	must(t, err)
}

// up starts both and waits until they are as a pair is most of its life: server04
// Active, server05 Backup, both tables full, preempting allowed.
func (r *rig) up(t *testing.T) {
	t.Helper()
	for i := range r.Directors {
		r.start(t, i)
	}
	r.settled(t)
}

// settled waits for that state.
func (r *rig) settled(t *testing.T) {
	t.Helper()
	eventually(t, "the pair is settled", func() error {
		var errs []error
		for i, state := range []string{"active", "backup"} {
			errs = append(errs, r.is(t, i, state), r.full(t, i))
		}
		return errors.Join(errs...)
	})
}

// full says what keeps director i from having both servers in its table, and
// from preempting.
func (r *rig) full(t *testing.T, i int) error {
	s, err := r.status(t, i)
	if err != nil {
		return err
	}
	if s.Routers[0].Preempt != "on" {
		return fmt.Errorf("preempt of %s is %s", r.Directors[i].Name, s.Routers[0].Preempt)
	}
	for _, server := range s.Services[0].Servers {
		if server.Verdict != "up" || !server.InKernel {
			return fmt.Errorf("%s has %s %s, in the kernel: %t", r.Directors[i].Name, server.Name, server.Verdict, server.InKernel)
		}
	}
	return nil
}

// kill ends the daemon of director i as kill -9 does, and says when.
func (r *rig) kill(i int) time.Time {
	at := time.Now()
	r.daemons[i].Kill()
	return at
}

// ask starts a client that asks the web service. It is patient: a slow kernel
// is no lost request.
func (r *rig) ask() *netns.HTTPProber { return r.askEvery(50 * time.Millisecond) }

func (r *rig) askEvery(interval time.Duration) *netns.HTTPProber {
	return r.Client.ProbeHTTP(netns.HTTPProbe{URL: "http://" + r.VIP.String() + "/", Interval: interval, Timeout: 10 * time.Second})
}

// answered waits until n requests that were started after mark are answered, and
// returns those.
func answered(t *testing.T, p *netns.HTTPProber, mark time.Time, n int) netns.HTTPReport {
	t.Helper()
	eventually(t, fmt.Sprintf("%d requests are answered", n), func() error {
		if r := p.Report().Since(mark); r.Answered() < n {
			return fmt.Errorf("%s", r)
		}
		return nil
	})
	return p.Report().Since(mark)
}

// shared expects that requests are answered by both servers in turn. What was
// asked while a role or a verdict moved says nothing of that, and is asked again.
func (r *rig) shared(t *testing.T) {
	t.Helper()
	for {
		before := r.moves(t)
		report := r.series(t)
		if after := r.moves(t); !cmp.Equal(before, after) {
			t.Logf("disturbed, again: %s\n%s", report, cmp.Diff(before, after))
			r.settled(t)
			continue
		}
		t.Logf("shared: %s", report)
		by := report.ByServer()
		if d := by["server01"] - by["server03"]; d < -1 || d > 1 || len(by) != 2 {
			t.Errorf("answers by server are %v, want as many of server01 as of server03", by)
		}
		noneLost(t, report)
		return
	}
}

// moves is when roles and verdicts of the directors that run moved last.
func (r *rig) moves(t *testing.T) []time.Time {
	t.Helper()
	var out []time.Time
	for i := range r.daemons {
		s, err := r.status(t, i)
		if err != nil {
			continue // it was killed
		}
		out = append(out, s.Routers[0].Since)
		for _, server := range s.Services[0].Servers {
			out = append(out, server.Since)
		}
	}
	return out
}

// series is thirty answered requests, and those that failed between.
func (r *rig) series(t *testing.T) netns.HTTPReport {
	t.Helper()
	p := r.ask()
	answered(t, p, time.Time{}, 30)
	return p.Stop()
}

// noneLost expects that every request of the report was answered.
func noneLost(t *testing.T, report netns.HTTPReport) {
	t.Helper()
	for _, q := range report.Requests {
		if q.Err != "" {
			t.Errorf("request %d, started %s, failed after %s: %s", q.N, q.Start.Format(clock), q.End.Sub(q.Start), q.Err)
		}
	}
}

// since is the time from mark to now, for a person.
func since(mark time.Time) time.Duration { return time.Since(mark).Round(time.Millisecond) }
