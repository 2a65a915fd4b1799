package arp

import (
	"testing"
	"time"
)

var usual = Schedule{Count: 5, Interval: 1100 * time.Millisecond, Refresh: time.Minute}

func TestNextBurst(t *testing.T) {
	now := time.Unix(1000, 0)
	for _, tt := range []struct {
		name     string
		schedule Schedule
		sent     int
		jitter   float64
		want     time.Duration // after now; 0: never
	}{
		{"the second is an interval after the first", usual, 1, 0.9, 1100 * time.Millisecond},
		{"so is the last of the count", usual, 4, 0.1, 1100 * time.Millisecond},
		{"then it refreshes", usual, 5, 0.5, time.Minute},
		{"a tenth early at most", usual, 5, 0, 54 * time.Second},
		{"a tenth late at most", usual, 1000, 1, 66 * time.Second},
		{"no refresh is never", Schedule{Count: 5, Interval: time.Second}, 5, 0.5, 0},
		{"but only after the count", Schedule{Count: 5, Interval: time.Second}, 4, 0.5, time.Second},
		{"count 1 refreshes after the first", Schedule{Count: 1, Interval: time.Second, Refresh: time.Minute}, 1, 0.5, time.Minute},
		{"the zero value sends once", Schedule{}, 1, 0.5, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			next, ok := tt.schedule.Next(tt.sent, now, tt.jitter)
			if ok != (tt.want != 0) || ok && next.Sub(now) != tt.want {
				t.Errorf("Next = %v after now, %v; want %v", next.Sub(now), ok, tt.want)
			}
		})
	}
}

func TestRetriesStartShortAndStaySoon(t *testing.T) {
	for failed, want := range map[int]time.Duration{
		1: 10 * time.Millisecond, 2: 20 * time.Millisecond, 3: 40 * time.Millisecond, 7: 640 * time.Millisecond,
		8: time.Second, 9: time.Second, 1 << 40: time.Second,
	} {
		if got := retryAfter(failed); got != want {
			t.Errorf("retryAfter(%d) = %v, want %v", failed, got, want)
		}
	}
}
