package kernel

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// Mode says which kernel a world gets.
type Mode uint8

// The modes.
const (
	Auto   Mode = iota // Native if HasIPVS and root, else UML
	Native             // namespaces of the running kernel; needs root, not IPVS
	UML                // a User Mode Linux kernel
)

// String returns the mode's name, which is also the value of EnvWorld inside.
func (m Mode) String() string {
	switch m {
	case Auto:
		return "auto"
	case Native:
		return "native"
	case UML:
		return "uml"
	}
	return "mode(" + strconv.Itoa(int(m)) + ")"
}

// EnvWorld is set inside a world to "native" or "uml". Code that changes network
// settings looks for it, so that it never does so on the machine itself.
const EnvWorld = "LBHA_LAB"

// StatusNoWorld is the exit status when the world could not be made, or ended
// before the command did.
const StatusNoWorld = 125

// DefaultMemory is the memory of a UML kernel in bytes. It is taken as it is used.
const DefaultMemory = 1 << 30

// Options are what Run runs, and where.
type Options struct {
	Mode   Mode
	Memory int64    // of a UML kernel, in bytes; 0 is DefaultMemory
	Write  []string // folders whose changes are kept; only UML needs to be told
	Cache  string   // folder of what was unpacked for a user who cannot install; "" is DefaultCache()

	Args []string // the command and its arguments
	Dir  string   // its working folder; "" is the current one
	Env  []string // its environment; nil is this process's

	Stdin          *os.File // nil is no input
	Stdout, Stderr io.Writer
	Progress       io.Writer // one line at a time about what takes long; nil is nowhere
}

// spec is what the world's first process is told.
type spec struct {
	World string   `json:"world"` // a Mode's name
	Args  []string `json:"args"`
	Dir   string   `json:"dir"`
	Env   []string `json:"env"`
	Write []string `json:"write,omitempty"` // absolute
	Lower string   `json:"lower,omitempty"` // absolute; laid over the root, under the writable layer
	Seed  []byte   `json:"seed,omitempty"`  // for the kernel's random numbers
	Term  bool     `json:"term"`            // the command gets a terminal
	Rows  uint16   `json:"rows,omitempty"`
	Cols  uint16   `json:"cols,omitempty"`
}

// ParseMemory reads a size such as "768M" or "2G" into bytes.
func ParseMemory(s string) (int64, error) {
	number, shift := s, 0
	switch {
	case strings.HasSuffix(s, "M"):
		number, shift = strings.TrimSuffix(s, "M"), 20
	case strings.HasSuffix(s, "G"):
		number, shift = strings.TrimSuffix(s, "G"), 30
	}
	n, err := strconv.ParseInt(number, 10, 32)
	if err != nil || shift == 0 || n<<shift < 128<<20 || n<<shift > 64<<30 {
		return 0, fmt.Errorf("memory %q: want 128M to 64G, as in 768M or 2G", s)
	}
	return n << shift, nil
}
