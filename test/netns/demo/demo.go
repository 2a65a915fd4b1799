// Package demo is `make demo`: the tutorial's NAT network with a pair of
// directors, five things that go wrong in it, and what was measured meanwhile.
//
// It runs inside a world of test/netns/kernel. Every step checks what it shows:
// Run returns an error as soon as one does not hold.
package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lbha/lbha/test/netns"
)

// errStep says that a step did not hold; the screen has said which and how.
var errStep = errors.New("a step did not hold")

const picture = `                        client 192.168.24.10
                                 │
   outer ───────┬────────────────┴───────────────┬───────  192.168.24.0/24
                │ eth0                      eth0 │
           ┌────┴─────┐     VIP .24.52      ┌────┴─────┐
           │ server04 │ ◄────── VRRP ───────► │ server05 │
           └────┬─────┘   gateway .17.100   └────┬─────┘
                │ eth1                      eth1 │
   inner ───────┴───────┬────────────────┬───────┴───────  192.168.17.0/24
                   server01 .102    server03 .101
                      nginx            nginx
`

// Demo is a demonstration under way.
type Demo struct {
	*netns.Pair
	screen  *Screen
	config  string
	lbha    [2]*netns.Process
	start   time.Time
	summary [][2]string
}

// Run shows it all on the screen, with the configuration of that absolute path.
// Files and logs are kept in dir.
func Run(ctx context.Context, screen *Screen, config, dir string) (err error) {
	if err := errors.Join(netns.RequireIPVS(), netns.Require("ipvsadm", "nginx")); err != nil {
		return err
	}
	d := &Demo{screen: screen, config: config, start: time.Now()}
	screen.Title("lbha, demonstrated", "two directors, two web servers, one client; Linux "+kernelRelease()+" with IPVS")
	screen.Text(picture)
	screen.Waiting("network and web servers")
	if d.Pair, err = netns.NewNATPair(dir); err != nil {
		return err
	}
	defer func() {
		screen.Settle()
		err = errors.Join(err, d.Close())
	}()
	if err := d.StartWebs(ctx); err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{d.elect, d.share, d.loseServer, d.powerCut, d.heal, d.crash} {
		if err := step(ctx); err != nil {
			d.screen.Settle()
			d.logs()
			return err
		}
	}
	screen.Step("What was measured")
	for _, line := range d.summary {
		screen.Fact(line[0], "%s", line[1])
	}
	fmt.Fprintf(screen.w, "\n    every step held, %.0f s\n\n", time.Since(d.start).Seconds())
	return nil
}

func (d *Demo) measured(what, format string, args ...any) {
	d.summary = append(d.summary, [2]string{what, fmt.Sprintf(format, args...)})
}

// hold shows a fact, and returns an error if it is not as it has to be.
func (d *Demo) hold(ok bool, what, format string, args ...any) error {
	if ok {
		d.screen.Good(what, format, args...)
		return nil
	}
	d.screen.Bad(what, format, args...)
	return errStep
}

func (d *Demo) logs() {
	for i, p := range d.lbha {
		if p == nil {
			continue
		}
		lines := strings.Split(strings.TrimSpace(p.Log()), "\n")
		d.screen.Fact("log of "+d.Directors[i].Name, "the last %d lines", min(len(lines), 15))
		d.screen.Text(strings.Join(lines[max(0, len(lines)-15):], "\n"))
	}
}

// elect starts both directors with the same file.
func (d *Demo) elect(ctx context.Context) (err error) {
	d.screen.Step("Two directors start with the same file, and elect one")
	d.screen.Waiting("the election, and the first checks")
	begin := time.Now()
	for i, h := range d.Directors {
		if d.lbha[i], err = h.StartDirector(d.config); err != nil {
			return err
		}
	}
	if err := errors.Join(d.Directors[0].WaitState(ctx, "active"), d.Directors[1].WaitState(ctx, "backup")); err != nil {
		return err
	}
	d.screen.Good("server04, priority 150", "Active, %s after the start", ms(time.Since(begin)))
	d.screen.Good("server05, priority 100", "Backup")
	for _, h := range d.Directors {
		if err := h.WaitUp(ctx, 2); err != nil {
			return err
		}
	}
	// Whoever came up first was Active first. Connections that began with it end with it, so the counting of requests
	// waits until the role has settled and traffic flows.
	if err := d.settled(ctx); err != nil {
		return err
	}
	for i, h := range d.Directors {
		owns, err := h.Owns(d.VIP.Addr())
		if err != nil {
			return err
		}
		if err := d.hold(owns == (i == 0), h.Name+" has the VIP", "%v", owns); err != nil {
			return err
		}
	}
	return nil
}

// settled waits until the last ten requests of a client were answered.
func (d *Demo) settled(ctx context.Context) error {
	p := d.prober()
	defer p.Stop()
	return netns.Eventually(ctx, "ten requests in a row are answered", func() error {
		r := p.Report()
		r.Requests = r.Requests[max(0, len(r.Requests)-10):]
		if r.Answered() < 10 {
			return fmt.Errorf("%s", r)
		}
		return nil
	})
}

// share sends requests and looks at the table.
func (d *Demo) share(ctx context.Context) error {
	const n = 100
	d.screen.Step("A client asks a hundred times")
	d.screen.Waiting("a hundred requests")
	report, err := d.requests(ctx, n)
	if err != nil {
		return err
	}
	by := report.ByServer()
	diff := by["server01"] - by["server03"]
	if err := d.hold(report.Failed() == 0 && diff >= -2 && diff <= 2, "answers under rr", "%d of server01, %d of server03, %s",
		by["server01"], by["server03"], lost(report)); err != nil {
		return err
	}
	d.measured("shared under rr", "%d : %d, %d lost", by["server01"], by["server03"], report.Failed())
	out, err := d.Directors[0].Run(ctx, "ipvsadm", "-Ln")
	if err != nil {
		return err
	}
	d.screen.Fact("server04, ipvsadm -Ln", "as another program sees it")
	d.screen.Text(out)
	return nil
}

// requests makes n requests and returns their report.
func (d *Demo) requests(ctx context.Context, n int) (netns.HTTPReport, error) {
	p := d.prober()
	err := netns.Eventually(ctx, fmt.Sprintf("%d requests are made", n), func() error {
		if done := len(p.Report().Requests); done < n {
			return fmt.Errorf("%d", done)
		}
		return nil
	})
	report := p.Stop()
	report.Requests = report.Requests[:min(n, len(report.Requests))]
	return report, err
}

// prober is the client: a request each 40 ms, whatever became of the others. One
// is lost if it is refused, broken off, or not answered in five seconds.
func (d *Demo) prober() *netns.HTTPProber {
	return d.Client.ProbeHTTP(netns.HTTPProbe{URL: "http://" + d.VIP.String() + "/", Interval: 40 * time.Millisecond, Timeout: 5 * time.Second})
}

// traffic starts the client and waits until it has been answered for a while.
func (d *Demo) traffic(ctx context.Context) (*netns.HTTPProber, error) {
	p := d.prober()
	if err := answered(ctx, p, time.Now(), 20); err != nil {
		p.Stop()
		return nil, err
	}
	return p, nil
}

// lost says how many requests were lost, and how.
func lost(r netns.HTTPReport) string {
	text := fmt.Sprintf("%d lost", r.Failed())
	if r.Failed() > 0 {
		text += " " + strings.TrimPrefix(fmt.Sprint(r.Errors()), "map")
	}
	return text
}

// answered waits until n requests that began after mark were answered.
func answered(ctx context.Context, p *netns.HTTPProber, mark time.Time, n int) error {
	return netns.Eventually(ctx, fmt.Sprintf("%d requests are answered", n), func() error {
		if r := p.Report().Since(mark); r.Answered() < n {
			return fmt.Errorf("%s", r)
		}
		return nil
	})
}

func kernelRelease() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return "?"
	}
	return unix.ByteSliceToString(u.Release[:])
}

// Terminal is how the outer process tells the inner one, whose output is no
// terminal of its own, that a person watches.
const Terminal = "LBHA_DEMO_TERMINAL"

// Watched reports whether a person watches.
func Watched() bool { return os.Getenv(Terminal) != "" }
