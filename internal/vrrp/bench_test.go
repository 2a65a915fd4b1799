package vrrp_test

import (
	"testing"

	"github.com/lbha/lbha/internal/vrrp"
)

func BenchmarkAppend(b *testing.B) {
	a := heard(self, 100, sec).Advert
	buf := make([]byte, 0, 64)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := a.Append(buf, link4[0], link4[1], vrrp.ChecksumPseudoHeader); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	msg := unhex(b, "314dc801 006410bf 0a4d0064")
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := vrrp.Parse(msg, link4[0], link4[1]); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkStep(b *testing.B) {
	bench := func(name string, m *vrrp.Machine, ev vrrp.Event) {
		b.Run(name, func(b *testing.B) {
			now := epoch.Add(down100)
			b.ReportAllocs()
			for b.Loop() {
				m.Step(now, ev)
				now = now.Add(sec)
			}
		})
	}
	active := vrrp.New(config())
	active.Step(epoch, vrrp.Startup{Source: self})
	active.Step(epoch.Add(down100), vrrp.Timer{})
	bench("advertise", active, vrrp.Timer{})
	backup := vrrp.New(config())
	backup.Step(epoch, vrrp.Startup{Source: self})
	bench("hear", backup, heard(high, 200, sec))
}

// An advert costs at most one allocation each way, so that many routers at
// short intervals do not keep the collector busy.
func TestAllocationsPerAdvert(t *testing.T) {
	msg := unhex(t, "314dc801 006410bf 0a4d0064")
	buf := make([]byte, 0, 64)
	a := heard(self, 100, sec).Advert
	m := vrrp.New(config())
	m.Step(epoch, vrrp.Startup{Source: self})
	m.Step(epoch.Add(down100), vrrp.Timer{})
	now := epoch.Add(down100)
	var hear vrrp.Event = heard(low, 50, sec)
	for _, tc := range []struct {
		name string
		f    func()
		max  float64
	}{
		{"append", func() { _, _ = a.Append(buf, link4[0], link4[1], vrrp.ChecksumRFC9568) }, 0},
		{"parse", func() { _, _, _ = vrrp.Parse(msg, link4[0], link4[1]) }, 1},
		{"advertise", func() { now = now.Add(sec); m.Step(now, vrrp.Timer{}) }, 1},
		{"answer", func() { m.Step(now, hear) }, 1},
	} {
		if got := testing.AllocsPerRun(100, tc.f); got > tc.max {
			t.Errorf("%s: %v allocations, want at most %v", tc.name, got, tc.max)
		}
	}
}
