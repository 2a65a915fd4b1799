package node

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestLatenessCountsEachAdvertInTheBucketOfItsBound(t *testing.T) {
	var l lateness
	for _, d := range []time.Duration{-time.Millisecond, 0, 100 * time.Microsecond, 101 * time.Microsecond, time.Second, time.Second + 1} {
		l.observe(d)
	}
	want := Lateness{Count: 6, Sum: 2*time.Second + 201*time.Microsecond + 1, Max: time.Second + 1}
	want.Buckets[0], want.Buckets[1], want.Buckets[8], want.Buckets[9] = 3, 1, 1, 1
	if diff := cmp.Diff(want, l.read()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
