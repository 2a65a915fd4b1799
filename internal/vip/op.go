package vip

import (
	"fmt"
	"time"
)

// OpKind is what an Op does. The set is closed.
type OpKind uint8

const (
	// Add makes an address that is not there; it is ErrExists if it is.
	Add OpKind = iota + 1
	// Renew gives an address of ours its lifetime anew, and makes it if it went
	// in the meantime.
	Renew
	// Delete takes an address off its link; it is ErrNotThere if it is gone.
	Delete
)

// String is the kind as a metric label: "add", "renew", "delete".
func (k OpKind) String() string {
	switch k {
	case Add:
		return "add"
	case Renew:
		return "renew"
	case Delete:
		return "delete"
	default:
		return fmt.Sprintf("op(%d)", uint8(k))
	}
}

// Op is one change to the kernel.
type Op struct {
	Kind    OpKind
	Address Address
	Lease   time.Duration // for Add and Renew: whole seconds, 0 for ever
}

// String is the change in the words of ip-address(8).
func (op Op) String() string {
	text := op.Kind.String() + " " + op.Address.String()
	if op.Kind == Delete {
		return text
	}
	if op.Address.Prefix.Addr().Is6() {
		text += " nodad preferred_lft 0"
	}
	if op.Lease > 0 {
		text += fmt.Sprintf(" valid_lft %d", int64(op.Lease/time.Second))
	}
	return text
}
