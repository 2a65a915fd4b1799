package kernel

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
)

// kind says what a frame carries. The values are letters so that a stray frame
// can be read in a trace.
type kind byte

// Frames from the outside to the world.
const (
	kindSpec   kind = 's' // JSON of spec in parts, after hello; an empty one ends it
	kindStdin  kind = 'i' // bytes for the command
	kindEOF    kind = 'e' // no more input
	kindSignal kind = 'k' // one byte: the signal's number
	kindResize kind = 'w' // rows and columns, two bytes each
)

// Frames from the world to the outside.
const (
	kindHello   kind = 'h' // the world's console is raw: frames may come
	kindStarted kind = 'r' // the command runs
	kindStdout  kind = 'o'
	kindStderr  kind = 'x'
	kindAck     kind = 'a' // four bytes: how much of spec or input was taken
	kindExit    kind = 'q' // four bytes: exit status
	kindFailed  kind = 'f' // text: why the world could not run the command
)

const (
	frameMax = 32 << 10 // bytes in one frame
	// window is how many bytes may be on their way in unacknowledged. A UML
	// console that holds 4 KiB stops its sender and forgets to start it again.
	window = 3 << 10
	part   = 1 << 10 // bytes of a frame that counts against the window
)

var errFrameTooLong = errors.New("frame is too long")

// frameWriter writes whole frames, from any goroutine.
type frameWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (f *frameWriter) write(k kind, payload []byte) error {
	if len(payload) > frameMax {
		return fmt.Errorf("write frame %q: %w", k, errFrameTooLong)
	}
	frame := make([]byte, 0, 5+len(payload))
	frame = append(frame, byte(k))
	frame = binary.BigEndian.AppendUint32(frame, uint32(len(payload)))
	frame = append(frame, payload...)
	f.mu.Lock()
	defer f.mu.Unlock()
	_, err := f.w.Write(frame)
	return err
}

func (f *frameWriter) writeUint32(k kind, n uint32) error {
	return f.write(k, binary.BigEndian.AppendUint32(nil, n))
}

// stream returns a writer each of whose writes become frames of that kind.
func (f *frameWriter) stream(k kind) io.Writer { return &frameStream{to: f, kind: k} }

type frameStream struct {
	to   *frameWriter
	kind kind
}

func (s *frameStream) Write(b []byte) (int, error) {
	n := 0
	for n < len(b) {
		part := b[n:min(len(b), n+frameMax)]
		if err := s.to.write(s.kind, part); err != nil {
			return n, err
		}
		n += len(part)
	}
	return n, nil
}

// readFrame returns the next frame; io.EOF between frames, io.ErrUnexpectedEOF
// inside one.
func readFrame(r io.Reader) (kind, []byte, error) {
	var head [5]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	n := binary.BigEndian.Uint32(head[1:])
	if n > frameMax {
		return 0, nil, fmt.Errorf("read frame %q of %d bytes: %w", head[0], n, errFrameTooLong)
	}
	payload := make([]byte, n)
	if _, err := io.ReadFull(r, payload); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return 0, nil, err
	}
	return kind(head[0]), payload, nil
}

func uint32Of(payload []byte) uint32 {
	if len(payload) != 4 {
		return 0
	}
	return binary.BigEndian.Uint32(payload)
}
