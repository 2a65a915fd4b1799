// Package logq keeps a log that cannot be written from holding up who logs.
//
// A director whose standard error is a stopped terminal or a full pipe must
// still move addresses: write(2) there waits for as long as the reader does. A
// Writer takes each line into a bounded queue and writes from a goroutine of
// its own; when the queue is full, lines are dropped, and their number is
// written when there is room again.
//
// cmd/lbha puts it under its log handler.
package logq

import (
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

// Writer is an io.Writer that never waits. Make it with New.
type Writer struct {
	queue   chan []byte
	dropped atomic.Uint64
	done    chan struct{}
}

// New returns a Writer over w that keeps up to lines writes in memory, and
// starts its goroutine, which ends with Close.
func New(w io.Writer, lines int) *Writer {
	q := &Writer{queue: make(chan []byte, lines), done: make(chan struct{})}
	go q.run(w)
	return q
}

// Write takes a copy of p, or drops it when the queue is full. It never fails:
// a log that is gone is no reason to stop.
func (q *Writer) Write(p []byte) (int, error) {
	select {
	case q.queue <- append([]byte{}, p...): // never nil, which is the end
	default:
		q.dropped.Add(1)
	}
	return len(p), nil
}

// Close waits until everything is written, but no longer than limit. What is
// written after it is lost.
func (q *Writer) Close(limit time.Duration) {
	late := time.After(limit)
	select {
	case q.queue <- nil:
	case <-late:
		return
	}
	select {
	case <-q.done:
	case <-late:
	}
}

func (q *Writer) run(w io.Writer) {
	defer close(q.done)
	for line := <-q.queue; line != nil; line = <-q.queue {
		if n := q.dropped.Swap(0); n > 0 {
			// Errors have nowhere to go: this is the log.
			_, _ = fmt.Fprintf(w, "lbha: %d log lines were dropped, as nobody read them\n", n)
		}
		_, _ = w.Write(line)
	}
}
