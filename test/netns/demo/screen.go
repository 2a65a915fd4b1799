package demo

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// Screen writes the demonstration for a person: numbered steps, aligned facts,
// and on a terminal a running indication while something is waited for.
type Screen struct {
	w     io.Writer
	color bool // a terminal: colours, and lines that are written over

	step int
	stop chan struct{} // of the running indication; nil: there is none
	done sync.WaitGroup
}

// NewScreen writes to w. Colour and running indication are for terminals.
func NewScreen(w io.Writer, terminal bool) *Screen {
	return &Screen{w: w, color: terminal}
}

const (
	bold   = "1"
	dim    = "2"
	red    = "31"
	green  = "32"
	label  = 40 // columns of a fact's name
	spinAt = 120 * time.Millisecond
)

func (s *Screen) paint(text, color string) string {
	if !s.color {
		return text
	}
	return "\x1b[" + color + "m" + text + "\x1b[0m"
}

// Title is the head of it all.
func (s *Screen) Title(title, under string) {
	fmt.Fprintf(s.w, "\n%s  %s\n\n", s.paint(title, bold), s.paint(under, dim))
}

// Step begins a numbered step.
func (s *Screen) Step(what string) {
	s.Settle()
	s.step++
	fmt.Fprintf(s.w, "\n%s  %s\n", s.paint(fmt.Sprintf("%2d", s.step), bold), s.paint(what, bold))
}

// Waiting says what is waited for, with a running indication, until the next
// line is written.
func (s *Screen) Waiting(what string) {
	s.Settle()
	if !s.color {
		return
	}
	from := time.Now()
	s.stop = make(chan struct{})
	s.done.Go(func() {
		tick := time.NewTicker(spinAt)
		defer tick.Stop()
		for i := 0; ; i++ {
			frame := []rune("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")[i%10]
			fmt.Fprintf(s.w, "\r\x1b[K    %s %s", s.paint(string(frame), green), s.paint(fmt.Sprintf("%s, %.0f s", what, time.Since(from).Seconds()), dim))
			select {
			case <-tick.C:
			case <-s.stop:
				fmt.Fprint(s.w, "\r\x1b[K")
				return
			}
		}
	})
}

// Settle ends the running indication.
func (s *Screen) Settle() {
	if s.stop != nil {
		close(s.stop)
		s.done.Wait()
		s.stop = nil
	}
}

// Fact is one line of a step: what was looked at, and what was seen.
func (s *Screen) Fact(what, format string, args ...any) {
	s.Settle()
	fmt.Fprintf(s.w, "    %s %s\n", s.paint(pad(what, label), dim), fmt.Sprintf(format, args...))
}

// Good is a fact that had to be so, and is.
func (s *Screen) Good(what, format string, args ...any) {
	s.Settle()
	fmt.Fprintf(s.w, "  %s %s %s\n", s.paint("✓", green), s.paint(pad(what, label), dim), fmt.Sprintf(format, args...))
}

// Bad is a fact that had to be so, and is not.
func (s *Screen) Bad(what, format string, args ...any) {
	s.Settle()
	fmt.Fprintf(s.w, "  %s %s %s\n", s.paint("✗", red), s.paint(pad(what, label), dim), s.paint(fmt.Sprintf(format, args...), red))
}

// Text shows the output of another program, indented.
func (s *Screen) Text(text string) {
	s.Settle()
	for line := range strings.Lines(text) {
		fmt.Fprintf(s.w, "      %s\n", s.paint(strings.TrimRight(line, "\n"), dim))
	}
}

func pad(text string, width int) string {
	if n := len([]rune(text)); n < width {
		return text + strings.Repeat(" ", width-n)
	}
	return text
}

// ms is a duration as a person compares it.
func ms(d time.Duration) string {
	switch {
	case d >= 5*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d >= 10*time.Millisecond:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
}
