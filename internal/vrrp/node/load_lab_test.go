//go:build lab

package node

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lbha/lbha/internal/vrrp"
)

// floodEnv tells this test binary, started again, to flood the namespace that it is in, at packets per second.
const floodEnv = "LBHA_TEST_FLOOD"

func TestMain(m *testing.M) {
	if rate, err := strconv.Atoi(os.Getenv(floodEnv)); err == nil {
		if err := flood(rate); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// flood sends adverts with a wrong checksum until it is killed.
func flood(rate int) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_RAW)
	if err != nil {
		return err
	}
	if err := unix.BindToDevice(fd, "eth0"); err != nil {
		return err
	}
	bad := []byte{0x31, 51, 250, 1, 0, 100, 0xde, 0xad, 10, 0, 0, 100}
	packet := ipv4Packet(addrB, group, vrrp.TTL, bad)
	start := time.Now()
	for sent := 0; ; sent++ {
		if err := unix.Sendto(fd, packet, 0, &unix.SockaddrInet4{Addr: group.As4()}); err != nil && err != unix.ENOBUFS {
			return err
		}
		if ahead := time.Duration(sent)*time.Second/time.Duration(rate) - time.Since(start); ahead > time.Millisecond {
			time.Sleep(ahead)
		}
	}
}

func TestLabFloodOfBogusPacketsMovesNothing(t *testing.T) {
	l := newLAN(t)
	// At 1 s adverts a late one moves nothing either, whatever else this machine has to do.
	a := l.run(t, l.a, router("web", 51, 150))
	b := l.run(t, l.b, router("web", 51, 100))
	a.until("A to become active", active)
	b.until("B to follow A", backup)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := l.b.command(t, self)
	cmd.Env = append(os.Environ(), floodEnv+"=100000")
	l.b.start(t, cmd)
	before := a.runner.Status()[0]
	start, cpu := time.Now(), cpuTime(t)
	s := a.until("200,000 bogus packets", func(s Status) bool { return s.Dropped[vrrp.DropChecksum] > 200_000 })
	if sb := b.runner.Status()[0]; len(s.Recent) != len(before.Recent) || !backup(sb) {
		t.Errorf("a flood moved the election: A %+v, B %s", s.Recent, sb.View.State)
	}
	read := s.Dropped[vrrp.DropChecksum]
	t.Logf("%d bogus packets a second, %d ns of CPU time each; adverts %s",
		int(float64(read)/time.Since(start).Seconds()), (cpuTime(t)-cpu).Nanoseconds()/int64(read), s.Lateness)
}

// BenchmarkLabLateness measures adverts at 10 ms on a quiet or, if you make it so, a busy machine.
func BenchmarkLabLateness(b *testing.B) {
	l := newLAN(b)
	c := router("web", 51, 255)
	c.Router.Interval = 10 * time.Millisecond
	d := l.run(b, l.a, c)
	d.patience = time.Hour
	late := d.until("the adverts", func(s Status) bool { return s.Lateness.Count >= uint64(b.N) }).Lateness
	b.ReportMetric(float64(late.Sum.Microseconds())/float64(late.Count), "µs-late/advert")
	b.ReportMetric(float64(late.Max.Microseconds()), "µs-late-worst")
	b.Log(late)
}

// BenchmarkLabRouters measures the CPU time of one advert among 255 routers on one interface, sending and receiving.
func BenchmarkLabRouters(b *testing.B) {
	l := newLAN(b)
	var mine, theirs []Config
	for vrid := 1; vrid <= 255; vrid++ {
		c := router(fmt.Sprintf("r%03d", vrid), uint8(vrid), 150)
		c.Router.Interval = 100 * time.Millisecond
		mine = append(mine, c)
		c.Router.Priority = 100
		theirs = append(theirs, c)
	}
	d := l.run(b, l.a, mine...)
	sent := func() (n uint64) {
		for _, s := range d.runner.Status() {
			n += s.Sent
		}
		return n
	}
	d.until("the last to become active", func(Status) bool {
		return !slices.ContainsFunc(d.runner.Status(), func(s Status) bool { return !active(s) })
	})
	other := l.run(b, l.b, theirs...)
	other.until("a follower", func(s Status) bool { return s.Received > 1 })
	cpu, first := cpuTime(b), sent()
	b.ResetTimer()
	for sent()-first < uint64(b.N) {
		time.Sleep(100 * time.Millisecond)
	}
	b.ReportMetric(float64((cpuTime(b)-cpu).Nanoseconds())/float64(sent()-first), "cpu-ns/advert")
	moved := 0
	for _, s := range append(d.runner.Status(), other.runner.Status()...) {
		if len(s.Recent) != 2-int(150-s.View.Priority)/50 || s.SendErrors > 0 {
			moved++
		}
	}
	if moved > 0 {
		b.Errorf("%d of 510 routers moved", moved)
	}
}

func cpuTime(t testing.TB) time.Duration {
	t.Helper()
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
