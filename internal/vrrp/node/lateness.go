package node

import (
	"fmt"
	"sync/atomic"
	"time"
)

// LatenessBounds are the upper bounds, inclusive, of the buckets of Lateness; the last bucket has none.
var LatenessBounds = [...]time.Duration{
	100 * time.Microsecond, 500 * time.Microsecond,
	time.Millisecond, 5 * time.Millisecond,
	10 * time.Millisecond, 50 * time.Millisecond,
	100 * time.Millisecond, 500 * time.Millisecond,
	time.Second,
}

// Lateness says how long after their deadlines the adverts that a timer asked for were handed to the kernel.
type Lateness struct {
	Buckets [len(LatenessBounds) + 1]uint64 // how many in each, not cumulative
	Count   uint64
	Sum     time.Duration
	Max     time.Duration
}

// String returns the number of adverts, their mean and worst lateness.
func (l Lateness) String() string {
	if l.Count == 0 {
		return "0 adverts"
	}
	return fmt.Sprintf("%d adverts, %s late on average, %s at worst", l.Count, l.Sum/time.Duration(l.Count), l.Max)
}

// lateness is written by one node and read by anyone.
type lateness struct {
	buckets  [len(LatenessBounds) + 1]atomic.Uint64
	sum, max atomic.Int64
}

func (l *lateness) observe(d time.Duration) {
	d = max(d, 0)
	i := 0
	for i < len(LatenessBounds) && d > LatenessBounds[i] {
		i++
	}
	l.buckets[i].Add(1)
	l.sum.Add(int64(d))
	if int64(d) > l.max.Load() { // one writer
		l.max.Store(int64(d))
	}
}

func (l *lateness) read() Lateness {
	var out Lateness
	for i := range l.buckets {
		out.Buckets[i] = l.buckets[i].Load()
		out.Count += out.Buckets[i]
	}
	out.Sum, out.Max = time.Duration(l.sum.Load()), time.Duration(l.max.Load())
	return out
}
