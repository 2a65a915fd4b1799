package node

import (
	"errors"
	"net/netip"
	"time"
)

// Link is the interface that a virtual router sends its adverts on, as the caller last saw it.
type Link struct {
	Name   string     // of the interface, e.g. "eth0"
	Index  int        // the kernel's index; another index is another interface, even under the same name
	MTU    int        // bytes; for status only
	Source netip.Addr // the interface's primary address, from which adverts are sent and by which ties are broken
	Fault  string     // why it cannot be used, as a sentence without a full stop; "" = usable
}

// Datagram is one IP datagram as a Conn received it.
type Datagram struct {
	From, To netip.Addr
	TTL      uint8
	Payload  []byte // without the IP header; valid until the next Receive
}

// Conn is a socket on one interface. Receive is called by one goroutine; Send, Interrupt and Close by any.
type Conn interface {
	// Receive fills batch and returns how many datagrams it holds. With wait it returns at least one, or 0 and a nil
	// error when it was interrupted; without wait, 0 and nil say that nothing is queued.
	Receive(batch []Datagram, wait bool) (int, error)
	// Interrupt makes the waiting Receive, or else the next one that would wait, return. It does not wait.
	Interrupt()
	// Send sends one VRRP message with a TTL of 255. It never waits: a full queue is an error.
	Send(to netip.Addr, message []byte) error
	// Close ends a waiting Receive with an error.
	Close() error
}

// Pauses between attempts to open a socket.
const (
	redialMin = 50 * time.Millisecond
	redialMax = 5 * time.Second
)

var errNoSocket = errors.New("the VRRP socket is not open")
