package kernel

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"strconv"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// streams are the command's input and output: three pipes, or one terminal.
type streams struct {
	input chan []byte // from outside; nil ends it
	term  *os.File    // our side of the command's terminal, else nil
	inner []*os.File  // the command's side, closed here once it runs
	out   sync.WaitGroup
}

// inputQueue holds every frame that window allows, so that listen never waits
// and a signal is never stuck behind input.
const inputQueue = window + 2

func newStreams(w *world) (*streams, error) {
	s := &streams{input: make(chan []byte, inputQueue)}
	if w.spec.Term {
		return s, s.openTerminal(w)
	}
	inR, inW, err1 := os.Pipe()
	outR, outW, err2 := os.Pipe()
	errR, errW, err3 := os.Pipe()
	for _, err := range []error{err1, err2, err3} {
		if err != nil {
			return nil, fmt.Errorf("make pipe: %w", err)
		}
	}
	s.inner = []*os.File{inR, outW, errW}
	go s.feed(w, inW)
	s.copyOut(w, kindStdout, outR)
	s.copyOut(w, kindStderr, errR)
	return s, nil
}

func (s *streams) openTerminal(w *world) error {
	outer, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return fmt.Errorf("open terminal: %w", err)
	}
	fd := int(outer.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		return fmt.Errorf("unlock terminal: %w", err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		return fmt.Errorf("find terminal: %w", err)
	}
	inner, err := os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return fmt.Errorf("open terminal: %w", err)
	}
	s.term = outer
	s.setSize(w.spec.Rows, w.spec.Cols)
	s.inner = []*os.File{inner, inner, inner}
	go s.feed(w, outer)
	s.copyOut(w, kindStdout, outer)
	return nil
}

// feed passes input to the command and tells the outside what was taken.
func (s *streams) feed(w *world, to *os.File) {
	var broken bool
	for b := range s.input {
		if b == nil {
			if s.term == nil {
				to.Close()
				broken = true
			}
			continue
		}
		if !broken {
			_, err := to.Write(b)
			broken = err != nil // the command does not read any more
		}
		w.out.writeUint32(kindAck, uint32(len(b)))
	}
}

func (s *streams) copyOut(w *world, k kind, from *os.File) {
	s.out.Go(func() {
		// A terminal ends with EIO once nobody has it open. Nothing to tell.
		_, _ = io.CopyBuffer(w.out.stream(k), struct{ io.Reader }{from}, make([]byte, frameMax))
	})
}

func (s *streams) child() []uintptr {
	return []uintptr{s.inner[0].Fd(), s.inner[1].Fd(), s.inner[2].Fd()}
}

// attr makes the command a session leader: signals go to its group, and a
// terminal needs it for job control.
func (s *streams) attr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true, Setctty: s.term != nil}
}

func (s *streams) closeChild() {
	for _, f := range s.inner {
		f.Close()
	}
}

// drain returns when all output has been passed on.
func (s *streams) drain() { s.out.Wait() }

func (s *streams) resize(payload []byte) {
	if len(payload) == 4 {
		s.setSize(binary.BigEndian.Uint16(payload), binary.BigEndian.Uint16(payload[2:]))
	}
}

func (s *streams) setSize(rows, cols uint16) {
	if s.term != nil {
		unix.IoctlSetWinsize(int(s.term.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: rows, Col: cols})
	}
}
