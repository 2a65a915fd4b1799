package kernel

import (
	"bufio"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

const (
	helloWait = 3 * time.Minute // for a kernel to boot; 2 s is usual where nothing else runs
	endWait   = 5 * time.Second // between a signal for the command and the end of its world
)

// machine is a started world, seen from outside.
type machine struct {
	to        io.WriteCloser
	from      io.ReadCloser
	console   *tail           // what its kernel or its first process said
	kill      func()          // ends every process of it; may be called twice
	terminate func()          // SIGTERM to the process that this one started
	ended     <-chan struct{} // closed when all of them are gone
	lost      string          // what the end means if the command had not ended
}

// Run runs the command and returns its exit status; 128 + N if signal N ended
// it. A non-nil error means that there was no world for it or that the world
// ended first, and goes with StatusNoWorld.
//
// SIGINT, SIGTERM, SIGHUP and SIGQUIT sent to this process are passed on to the
// command; five seconds later, or at the second one, its world ends.
func Run(opt Options) (int, error) {
	s, term, err := newSpec(opt)
	if err != nil {
		return StatusNoWorld, err
	}
	mode, err := Choose(opt.Mode)
	if err != nil {
		return StatusNoWorld, err
	}
	// Before the world starts, so that no signal can end this process and skip
	// the clean-up.
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT, unix.SIGWINCH)
	defer signal.Stop(signals)

	s.World = mode.String()
	var m *machine
	if mode == Native {
		m, err = startNative()
	} else {
		m, err = startUML(opt, &s)
	}
	if err != nil {
		return StatusNoWorld, err
	}
	defer func() {
		m.kill()
		<-m.ended
		m.to.Close()
		m.from.Close()
	}()
	if term {
		restore, err := rawTerminal(opt.Stdin)
		if err != nil {
			return StatusNoWorld, err
		}
		defer restore()
	}
	conversation := &session{opt: opt, spec: s, machine: m, out: frameWriter{w: m.to}, signals: signals}
	return conversation.run()
}

func newSpec(opt Options) (s spec, useTerm bool, err error) {
	if len(opt.Args) == 0 {
		return s, false, errors.New("no command given")
	}
	s = spec{Args: opt.Args, Dir: opt.Dir, Env: opt.Env}
	if s.Dir == "" {
		if s.Dir, err = os.Getwd(); err != nil {
			return s, false, fmt.Errorf("find working folder: %w", err)
		}
	}
	if s.Env == nil {
		s.Env = os.Environ()
	}
	for _, dir := range append(opt.Write, testFolder(opt.Args)...) {
		abs, err := filepath.Abs(dir)
		if err != nil {
			return s, false, fmt.Errorf("find folder %s: %w", dir, err)
		}
		if info, err := os.Stat(abs); err != nil || !info.IsDir() {
			return s, false, fmt.Errorf("--write %s: not a folder", dir)
		}
		s.Write = append(s.Write, abs)
	}
	s.Seed = make([]byte, 64)
	rand.Read(s.Seed)
	if out, ok := opt.Stdout.(*os.File); ok && opt.Stdin != nil {
		s.Term = term.IsTerminal(int(opt.Stdin.Fd())) && term.IsTerminal(int(out.Fd()))
	}
	if s.Term {
		s.Cols, s.Rows = windowSize(opt.Stdin)
	}
	return s, s.Term, nil
}

// testFolder is the build folder of a test binary that the go command started:
// it reads coverage and the test log from there afterwards.
func testFolder(args []string) []string {
	dir := filepath.Dir(args[0])
	if len(args) > 1 && strings.HasPrefix(args[1], "-test.") && strings.Contains(dir, "go-build") {
		return []string{dir}
	}
	return nil
}

func rawTerminal(f *os.File) (restore func(), err error) {
	state, err := term.MakeRaw(int(f.Fd()))
	if err != nil {
		return nil, fmt.Errorf("set terminal to raw: %w", err)
	}
	return func() { term.Restore(int(f.Fd()), state) }, nil
}

func windowSize(f *os.File) (cols, rows uint16) {
	c, r, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 80, 24
	}
	return uint16(c), uint16(r)
}

// frame is one frame from the world, or the end of them.
type frame struct {
	kind    kind
	payload []byte
	err     error
}

func readFrames(r io.Reader, to chan<- frame, stop <-chan struct{}) {
	buffered := bufio.NewReaderSize(r, frameMax)
	for {
		k, payload, err := readFrame(buffered)
		select {
		case to <- frame{k, payload, err}:
		case <-stop:
			return
		}
		if err != nil {
			return
		}
	}
}

func (s spec) marshal() ([]byte, error) {
	b, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("encode command: %w", err)
	}
	return b, nil
}

func signalNumber(sig os.Signal) byte {
	n, _ := sig.(syscall.Signal)
	return byte(n)
}
