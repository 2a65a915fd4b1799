package vip

import "errors"

// The errors a Kernel gives, for errors.Is. Each is a sentence for a person.
var (
	// ErrPermission: the process lacks CAP_NET_ADMIN (EPERM).
	ErrPermission = errors.New("not permitted: setting addresses needs CAP_NET_ADMIN")
	// ErrNoLink: there is no interface of that name (ENODEV).
	ErrNoLink = errors.New("the interface is missing")
	// ErrExists: the address is on that link already (EEXIST). The kernel holds
	// an IPv6 address once per link, whatever its prefix length.
	ErrExists = errors.New("the address is on the interface already")
	// ErrNotThere: the address is not on that link (EADDRNOTAVAIL).
	ErrNotThere = errors.New("the address is not on the interface")
	// ErrIPv6Disabled: the link takes no IPv6 addresses (disable_ipv6 is 1).
	ErrIPv6Disabled = errors.New("IPv6 is disabled on the interface")
)
