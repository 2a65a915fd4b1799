package logq

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// stuck is a terminal that was stopped: it takes nothing until it is let go.
type stuck struct {
	free chan struct{}
	bytes.Buffer
}

func (s *stuck) Write(p []byte) (int, error) {
	<-s.free
	return s.Buffer.Write(p)
}

func TestLinesArriveInOrder(t *testing.T) {
	var out bytes.Buffer
	q := New(&out, 10)
	for i := range 5 {
		fmt.Fprintf(q, "line %d\n", i)
	}
	q.Close(time.Minute)
	if got, want := out.String(), "line 0\nline 1\nline 2\nline 3\nline 4\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestStoppedReaderHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &stuck{free: make(chan struct{})}
		q := New(s, 3)
		fmt.Fprintln(q, "first")
		synctest.Wait() // it is being written
		for range 10 {
			fmt.Fprintln(q, "more")
		}
		close(s.free)
		synctest.Wait()
		fmt.Fprintln(q, "last")
		q.Close(time.Second)
		got := s.String()
		if n := strings.Count(got, "more\n"); n != 3 {
			t.Errorf("%d lines of the queue were written, want 3:\n%s", n, got)
		}
		if !strings.Contains(got, "7 log lines were dropped") || !strings.HasSuffix(got, "last\n") {
			t.Errorf("got:\n%s", got)
		}
	})
}

func TestCloseDoesNotWaitForAStoppedReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &stuck{free: make(chan struct{})}
		q := New(s, 3)
		fmt.Fprintln(q, "line")
		start := time.Now()
		q.Close(time.Second)
		if took := time.Since(start); took != time.Second {
			t.Errorf("Close took %s, want its limit", took)
		}
		close(s.free)
	})
}
