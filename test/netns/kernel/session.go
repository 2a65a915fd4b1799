package kernel

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// session is one command's conversation with its world.
type session struct {
	opt     Options
	spec    spec
	machine *machine
	out     frameWriter
	signals <-chan os.Signal
	flight  flight
}

func (s *session) run() (int, error) {
	frames := make(chan frame)
	stop := make(chan struct{})
	defer close(stop)
	go readFrames(s.machine.from, frames, stop)

	end := time.NewTimer(helloWait) // first for the boot, then for the end
	defer end.Stop()
	signalled := false
	for {
		select {
		case f := <-frames:
			if f.kind == kindHello {
				end.Stop()
			}
			if done, status, err := s.take(f); done {
				return status, err
			}
		case sig := <-s.signals:
			if sig == unix.SIGWINCH {
				s.resize()
				continue
			}
			if signalled {
				return 128 + int(signalNumber(sig)), nil
			}
			signalled = true
			end.Reset(endWait)
			// Not in line: a kernel that hangs reads nothing.
			go s.out.write(kindSignal, []byte{signalNumber(sig)})
		case <-end.C:
			if signalled {
				return 128 + int(unix.SIGKILL), nil
			}
			return StatusNoWorld, fmt.Errorf("the lab's kernel did not boot in %s\n%s", helloWait, s.machine.console.lines(12))
		}
	}
}

// take acts on one frame; done means that the conversation is over.
func (s *session) take(f frame) (done bool, status int, err error) {
	if f.err != nil {
		return true, StatusNoWorld, s.lost(f.err)
	}
	switch f.kind {
	case kindHello:
		b, err := s.spec.marshal()
		if err != nil {
			return true, StatusNoWorld, err
		}
		go s.sendSpec(b) // acknowledged through this very loop
	case kindStarted:
		s.startInput()
	case kindStdout:
		_, err = s.opt.Stdout.Write(f.payload)
	case kindStderr:
		_, err = s.opt.Stderr.Write(f.payload)
	case kindAck:
		s.flight.add(-int(uint32Of(f.payload)))
	case kindExit:
		return true, int(uint32Of(f.payload)), nil
	case kindFailed:
		return true, StatusNoWorld, errors.New(string(f.payload))
	case kindSpec, kindStdin, kindEOF, kindSignal, kindResize:
		return true, StatusNoWorld, fmt.Errorf("frame %q from the world: wrong way", f.kind)
	}
	// Nobody reads any more: as with a pipe, the command is told.
	if err != nil {
		s.out.write(kindSignal, []byte{byte(unix.SIGPIPE)})
	}
	return false, 0, nil
}

// sendSpec sends a specification, ended by an empty frame. If the world goes
// away meanwhile, its frames end and say so.
func (s *session) sendSpec(b []byte) {
	for len(b) > 0 {
		n := min(len(b), part)
		if s.send(kindSpec, b[:n]) != nil {
			return
		}
		b = b[n:]
	}
	s.out.write(kindSpec, nil)
}

// send sends a frame that counts, and returns when there is room for another.
func (s *session) send(k kind, payload []byte) error {
	s.flight.add(len(payload))
	if err := s.out.write(k, payload); err != nil {
		return err
	}
	s.flight.wait(window - part)
	return nil
}

func (s *session) lost(err error) error {
	s.machine.kill()
	<-s.machine.ended
	what := s.machine.lost
	if !errors.Is(err, io.EOF) && !errors.Is(err, os.ErrClosed) {
		what += fmt.Sprintf(" (%s)", err)
	}
	if text := s.machine.console.lines(12); text != "" {
		what += "; its console ended with\n" + strings.TrimSuffix(text, "\n")
	}
	return errors.New(what)
}

func (s *session) startInput() {
	if s.opt.Stdin == nil {
		s.out.write(kindEOF, nil)
		return
	}
	// This goroutine may sit in a read of a terminal when the command ends; it
	// goes with the process.
	go s.pumpInput()
}

func (s *session) pumpInput() {
	buf := make([]byte, part)
	for {
		n, err := s.opt.Stdin.Read(buf)
		if n > 0 && s.send(kindStdin, buf[:n]) != nil {
			return
		}
		if err != nil {
			s.out.write(kindEOF, nil)
			return
		}
	}
}

// flight counts the bytes that are on their way in.
type flight struct {
	mu    sync.Mutex
	n     int
	moved chan struct{}
}

func (f *flight) add(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.n += n
	if f.moved != nil {
		close(f.moved)
		f.moved = nil
	}
}

// wait returns when at most limit bytes are on their way.
func (f *flight) wait(limit int) {
	for {
		f.mu.Lock()
		if f.n <= limit {
			f.mu.Unlock()
			return
		}
		if f.moved == nil {
			f.moved = make(chan struct{})
		}
		moved := f.moved
		f.mu.Unlock()
		<-moved
	}
}

func (s *session) resize() {
	if !s.spec.Term {
		return
	}
	cols, rows := windowSize(s.opt.Stdin)
	b := binary.BigEndian.AppendUint16(nil, rows)
	s.out.write(kindResize, binary.BigEndian.AppendUint16(b, cols))
}
