package config

import (
	"fmt"
	"net/netip"
	"strings"
)

// The functions here turn texts into addresses. why is what is wrong with a text, as
// a sentence that says how to mend it, and "" if nothing is.

// parseHost takes the address of one machine.
func parseHost(text string) (addr netip.Addr, why string) {
	addr, err := netip.ParseAddr(text)
	if err != nil {
		if prefix, err := netip.ParsePrefix(text); err == nil {
			return netip.Addr{}, fmt.Sprintf("%q has a prefix length; write %q.", text, prefix.Addr())
		}
		if endpoint, err := netip.ParseAddrPort(text); err == nil {
			return netip.Addr{}, fmt.Sprintf("%q has a port; write %q.", text, endpoint.Addr())
		}
		return netip.Addr{}, notAnAddress(text, "192.168.17.103")
	}
	if why := notOneHost(addr); why != "" {
		return netip.Addr{}, why
	}
	return addr, ""
}

// parseEndpoint takes an address with a port.
func parseEndpoint(text string) (endpoint netip.AddrPort, why string) {
	endpoint, err := netip.ParseAddrPort(text)
	if err != nil {
		// "[::1]" is an IPv6 address whose port was forgotten.
		bare := strings.TrimSuffix(strings.TrimPrefix(text, "["), "]")
		if addr, err := netip.ParseAddr(bare); err == nil {
			return netip.AddrPort{}, fmt.Sprintf("%q has no port; write it as in %q.", text, netip.AddrPortFrom(addr, 80))
		}
		return netip.AddrPort{}, notAnAddress(text, "192.168.17.102:80", "[2001:db8::1]:80")
	}
	if why := notOneHost(endpoint.Addr()); why != "" {
		return netip.AddrPort{}, why
	}
	if endpoint.Port() == 0 {
		return netip.AddrPort{}, "Port 0 is out of range; it must be 1 to 65535."
	}
	return endpoint, ""
}

// parseVirtual takes an address with its prefix length. Without one it is refused:
// /32 would be a guess, and on an ordinary subnet the wrong one.
func parseVirtual(text string) (prefix netip.Prefix, why string) {
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		if addr, err := netip.ParseAddr(text); err == nil && addr.Zone() == "" {
			usual, alone := 24, 32
			if addr.Is6() {
				usual, alone = 64, 128
			}
			return netip.Prefix{}, fmt.Sprintf("%q has no prefix length; write \"%s/%d\" with that of its subnet, or \"%s/%d\" if it has none.",
				text, text, usual, text, alone)
		}
		return netip.Prefix{}, notAnAddress(text, "192.168.24.52/24")
	}
	addr := prefix.Addr()
	if why := notOneHost(addr); why != "" {
		return netip.Prefix{}, why
	}
	if addr.Is6() {
		return netip.Prefix{}, fmt.Sprintf("%s is IPv6; this version of lbha runs virtual routers over IPv4 only.", addr)
	}
	if prefix.Bits() == 0 {
		return netip.Prefix{}, "Prefix length 0 is out of range; it must be 1 to 32."
	}
	if prefix.Bits() < 31 {
		if addr == prefix.Masked().Addr() {
			return netip.Prefix{}, fmt.Sprintf("%s is the network itself; write the address of a host in it.", prefix)
		}
		if addr == lastOf(prefix) {
			return netip.Prefix{}, fmt.Sprintf("%s is the broadcast address of its network; write the address of a host in it.", addr)
		}
	}
	return prefix, ""
}

// notOneHost says why an address does not belong to one machine.
func notOneHost(addr netip.Addr) string {
	switch {
	case addr.Zone() != "":
		return fmt.Sprintf("%s has a zone; write %q.", addr, addr.WithZone(""))
	case addr.Is4In6():
		return fmt.Sprintf("%s is IPv4 written as IPv6; write %q.", addr, addr.Unmap())
	case addr.IsUnspecified():
		return fmt.Sprintf("%s is no machine's address.", addr)
	case addr.IsMulticast():
		return fmt.Sprintf("%s is a multicast address.", addr)
	case addr == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return fmt.Sprintf("%s is the broadcast address.", addr)
	}
	return ""
}

func notAnAddress(text string, examples ...string) string {
	return fmt.Sprintf("%q is not an address such as %s. Names of hosts are not looked up.", text, quotedList(examples, "or"))
}

// lastOf is the last address of an IPv4 network.
func lastOf(prefix netip.Prefix) netip.Addr {
	raw := prefix.Addr().As4()
	for bit := prefix.Bits(); bit < 32; bit++ {
		raw[bit/8] |= 0x80 >> (bit % 8)
	}
	return netip.AddrFrom4(raw)
}

// familyOf is "IPv4" or "IPv6".
func familyOf(addr netip.Addr) string {
	if addr.Is4() {
		return "IPv4"
	}
	return "IPv6"
}

// host is an argument that is an address; the zero Addr if it is absent or wrong.
func (b *block) host(name string) netip.Addr {
	if !b.has(name) {
		return netip.Addr{}
	}
	text, ok := b.text(name, "")
	if !ok {
		return netip.Addr{}
	}
	addr, why := parseHost(text)
	if why != "" {
		b.mistake(name, "%s", why)
	}
	return addr
}

// endpoint is a required argument that is an address with a port; the zero AddrPort
// if it is absent or wrong.
func (b *block) endpoint(name, example string) netip.AddrPort {
	if !b.need(name, example) {
		return netip.AddrPort{}
	}
	text, ok := b.text(name, "")
	if !ok {
		return netip.AddrPort{}
	}
	endpoint, why := parseEndpoint(text)
	if why != "" {
		b.mistake(name, "%s", why)
	}
	return endpoint
}

// link is the name of a network interface; def if it is absent, "" if it is wrong.
func (b *block) link(name, def string) string {
	text, ok := b.text(name, def)
	if !ok || !b.has(name) {
		return text
	}
	// The kernel's rule, dev_valid_name: at most IFNAMSIZ-1 bytes.
	if text == "" || len(text) > 15 || text == "." || text == ".." || strings.ContainsAny(text, "/: \t\n\v\f\r\x00") {
		b.mistake(name, `%q is not the name of an interface, such as "eth0": 1 to 15 bytes, without spaces, "/" and ":".`, text)
		return ""
	}
	return text
}
